//! A machine that rmachine makes by itself: its whole life, and that nothing is left of it.

use crate::{
    host,
    support::{Kind, Run, User, run},
};

fn outside(user: &User, script: &str) -> String {
    run(user.command("sh").args(["-c", script])).ok()
}

/// What a machine of the nspawn driver could leave on this computer.
pub fn traces(user: &User) -> String {
    let mounts = format!("grep -c {} /proc/mounts || true", user.store().display());
    let processes = format!("pgrep -fc 'systemd-nspawn[ ].*{}' || true", user.store().display());
    format!("{} mounts, {} processes", outside(user, &mounts), outside(user, &processes))
}

#[test]
fn a_machine_without_a_driver_given_lives_its_whole_life_and_leaves_nothing() {
    let user = User::new();
    let created: Run = user.rmachine(&["create", "dev"]);
    if created.status != 0 && rustix_is_root().is_none() {
        crate::support::skip("a_machine_without_a_driver_given", "not root");
        return;
    }
    assert!(created.stderr.contains("using nspawn, "), "it says which driver and why: {}", created.stderr);
    created.ok();
    assert!(!user.docker("dev", "version --format '{{.Server.Version}}'").ok().is_empty());
    let ip = user.rmachine(&["ip", "dev"]).ok();
    // From here on its SSH server allows a connection one session.
    let one_session = "echo MaxSessions 1 >/etc/ssh/sshd_config.d/one.conf; systemctl reload ssh";
    user.rmachine(&["ssh", "dev", "--", one_session]).ok();

    user.rmachine(&["stop", "dev"]).ok();
    assert_eq!(user.rmachine(&["status", "dev"]).ok(), "Stopped");
    user.rmachine(&["env", "--check", "dev"]).fails(1, "dev");
    user.rmachine(&["provision", "dev"]).fails(1, "rmachine start dev");
    user.rmachine(&["start", "dev"]).ok();
    assert_eq!(user.rmachine(&["ip", "dev"]).ok(), ip, "the address stays");
    assert!(!user.docker("dev", "version --format '{{.Server.Version}}'").ok().is_empty());
    user.rmachine(&["restart", "dev"]).ok();
    assert_eq!(user.rmachine(&["status", "dev"]).ok(), "Running");
    user.rmachine(&["kill", "dev"]).ok();
    assert_eq!(user.rmachine(&["status", "dev"]).ok(), "Stopped");
    user.rmachine(&["start", "dev"]).ok();
    let again = user.rmachine(&["provision", "dev"]);
    assert!(again.stderr.contains("already as it should be"), "{again:?}");

    let key = user.machine_file("dev", "id_ed25519").display().to_string();
    let twice = user.rmachine(&["create", "-d", "generic", "--ip", &ip, "--generic-ssh-key", &key, "twin"]);
    let twice = twice.fails(3, "the host belongs to the machine dev of this store, which made it");
    assert!(twice.stderr.contains("hint: use that machine: eval \"$(rmachine env dev)\""), "{twice:?}");

    user.rmachine(&["rm", "-y", "dev"]).ok();
    assert!(user.rmachine(&["ls", "-q"]).ok().is_empty());
    assert_eq!(traces(&user), "0 mounts, 0 processes");
}

#[test]
fn a_host_gets_no_address_that_another_machine_of_the_store_names() {
    if let Err(why) = crate::support::can_make_hosts() {
        crate::support::skip("a_host_gets_no_address_that_another_machine", &why);
        return;
    }
    let user = User::new();
    user.rmachine(&["create", "-d", "none", "--url", "tcp://10.47.30.2:2376", "old"]).ok();
    let packages = "--nspawn-packages=fish,csh,rsync";
    let create = [
        "create",
        "-d",
        "nspawn",
        "--nspawn-suite=bookworm",
        packages,
        "--nspawn-subnet=10.47.30.0/29",
        "new",
    ];
    user.rmachine(&create).ok();
    assert_eq!(user.rmachine(&["ip", "new"]).ok(), "10.47.30.3");
}

/// The computer is a host of the lab here. Its store is where the host's own disk is a real one.
#[test]
fn where_systemd_runs_the_computer_a_machine_is_a_transient_unit() {
    let computer = host!(Kind::Debian13Engine);
    computer.sh(
        "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
         mmdebstrap systemd-container iptables iproute2 >/dev/null 2>&1",
    );
    let program = std::fs::read(env!("CARGO_BIN_EXE_rmachine")).expect("the program");
    computer.put("/usr/local/bin/rmachine", &program);
    let rmachine = |words: &str| {
        computer.sh(&format!(
            "chmod 755 /usr/local/bin/rmachine; MACHINE_STORAGE_PATH=/var/lib/docker/store rmachine {words} 2>&1"
        ))
    };
    let unit = |words: &str| computer.sh(&format!("systemctl {words} 'rmachine-dev-*.service'"));

    rmachine("create --driver nspawn --nspawn-memory 700 dev");
    assert_eq!(unit("show -p ActiveState -p MemoryMax --value"), "734003200\nactive");
    assert!(!rmachine("ssh dev -- docker version --format '{{.Server.Version}}'").is_empty());
    unit("kill -s KILL");
    computer.wait_until("[ -z \"$(systemctl list-units --no-legend 'rmachine-dev-*.service')\" ]");
    assert_eq!(rmachine("status dev"), "Stopped");
    rmachine("start dev");
    rmachine("restart dev");
    assert_eq!(rmachine("status dev"), "Running");
    rmachine("stop dev");
    assert_eq!(rmachine("status dev"), "Stopped");
    rmachine("start dev");
    rmachine("rm -y dev");
    let left = "systemctl list-units --all --no-legend 'rmachine-dev-*'; grep /docker/store /proc/mounts; ip -br link | grep rm-; \
                iptables -S -t nat | grep 10.47";
    assert_eq!(computer.sh(&format!("{left}; true")), "", "units, mounts, links and rules");
}

#[test]
fn a_suite_that_no_mirror_has_is_told_before_there_is_a_record() {
    if let Err(why) = crate::support::can_make_hosts() {
        crate::support::skip("a_suite_that_no_mirror_has", &why);
        return;
    }
    let user = User::new();
    let create = |more: &[&str]| user.rmachine(&[&["create", "-d", "nspawn"], more, &["dev"]].concat());
    let absent = create(&["--nspawn-suite", "nosuch"]).fails(3, "error: the mirror http");
    assert!(
        absent.stderr.contains(" has no suite nosuch\nhint: a suite that it has: --nspawn-suite "),
        "{absent:?}"
    );
    assert_eq!(
        absent.stderr.lines().filter(|line| !line.contains("certificate") && !line.contains(" CA")).count(),
        3,
        "{absent:?}"
    );
    let silent = create(&["--nspawn-suite", "nosuch", "--nspawn-mirror", "http://127.0.0.1:9/debian"]);
    let silent = silent
        .fails(3, "the suite nosuch cannot be fetched from http://127.0.0.1:9/debian: Could not connect");
    assert!(silent.stderr.contains("hint: another mirror: --nspawn-mirror ADDRESS"), "{silent:?}");
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "", "no record stays");
}

/// The image has not been chosen when its making fails, so what was wrong may be typed otherwise.
#[test]
fn an_image_that_cannot_be_made_shows_its_stages_and_the_cause_and_the_next_create_may_be_another() {
    if let Err(why) = crate::support::can_make_hosts() {
        crate::support::skip("an_image_that_cannot_be_made", &why);
        return;
    }
    let user = User::new();
    // Ends where mmdebstrap would, long before packages are fetched.
    let fake = "#!/bin/sh\nprintf 'I: running apt-get update...\\nE: Unable to locate package nosuch\\nE: mmdebstrap failed to run\\n' >&2; exit 25\n";
    let program = user.home().join("bin/mmdebstrap");
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    std::fs::write(&program, fake).unwrap();
    run(user.command("chmod").arg("755").arg(&program)).ok();
    let create = |packages: &str| {
        let packages = format!("--nspawn-packages={packages}");
        user.rmachine(&["create", "-d", "nspawn", "--nspawn-suite=bookworm", &packages, "dev"])
    };
    let failed = create("nosuch")
        .fails(1, "because could not build the bookworm image\n  because Unable to locate package nosuch\n");
    assert!(
        failed.stderr.contains("dev: building the bookworm image: running apt-get update\n"),
        "{failed:?}"
    );
    assert!(!failed.stderr.contains("dev | "), "nothing but the cause: {failed:?}");
    std::fs::remove_file(&program).unwrap();
    create("fish,csh,rsync").ok();
    assert_eq!(
        user.rmachine(&["inspect", "dev", "--format", "{{.Driver.Packages}}"]).ok(),
        "[fish csh rsync]"
    );
}

fn rustix_is_root() -> Option<()> {
    rustix::process::geteuid().is_root().then_some(())
}
