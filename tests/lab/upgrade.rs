//! Upgrades and the way back, on real hosts.

use crate::{
    host,
    support::{Host, Kind, User, bundle_20, bundle_26, run, skip},
};

/// A bundle, or the end of the test.
macro_rules! bundle {
    ($bundle:expr) => {
        match $bundle {
            Ok(path) => path.display().to_string(),
            Err(why) => {
                skip(std::thread::current().name().unwrap_or("a test"), &why);
                return;
            }
        }
    };
}

fn current(host: &Host) -> String {
    host.sh("readlink /opt/rmachine/engine/current; readlink /proc/$(systemctl show -p MainPID --value docker)/exe")
}

fn runs(version: &str) -> String {
    format!("{version}\n/opt/rmachine/engine/{version}/dockerd")
}

#[test]
fn an_upgrade_and_the_way_back_between_two_static_versions_leave_containers_running() {
    let (first, second) = (bundle!(bundle_26("26.1.5-a")), bundle!(bundle_26("26.1.5-b")));
    let host = host!(Kind::Debian13);
    let user = User::new();
    user.adopt(&host, "n1", &["--engine-bundle", &first]).ok();
    let container = host.keep_running();
    let etc = host.hash_of_etc();

    let dry = user.rmachine(&["upgrade", "--dry-run", "--engine-bundle", &second, "n1"]).ok();
    assert!(
        dry.starts_with("engine 26.1.5-a will become 26.1.5-b\nsend and unpack engine 26.1.5-b ("),
        "{dry}"
    );
    assert!(dry.contains("the container keep will go on, with live-restore switched on meanwhile"), "{dry}");
    assert_eq!(current(&host), runs("26.1.5-a"), "a dry run changes nothing");

    let done = user.rmachine(&["upgrade", "--engine-bundle", &second, "n1"]);
    assert!(done.stderr.contains("upgraded from 26.1.5-a to 26.1.5-b"), "{}", done.stderr);
    assert_eq!((current(&host), host.container()), (runs("26.1.5-b"), container.clone()));
    let again = user.rmachine(&["upgrade", "--engine-bundle", &second, "n1"]);
    assert!(again.stderr.contains("already 26.1.5-b"), "{}", again.stderr);

    let back = user.rmachine(&["upgrade", "--rollback", "n1"]);
    assert!(back.stderr.contains("upgraded from 26.1.5-b to 26.1.5-a"), "{}", back.stderr);
    assert_eq!((current(&host), host.container()), (runs("26.1.5-a"), container.clone()));
    // Forward again needs nothing sent: it is still there.
    let dry = user.rmachine(&["upgrade", "--dry-run", "--engine-bundle", &second, "n1"]).ok();
    assert!(dry.contains("use engine 26.1.5-b, which is still there"), "{dry}");
    assert_eq!(host.hash_of_etc(), etc, "nothing of /etc changed");
    let provision = user.rmachine(&["provision", "n1"]);
    assert!(provision.stderr.contains("already as it should be"), "{}", provision.stderr);
    assert_eq!(host.container(), container);
}

/// Writes down what a manager says of its nodes, line by line, until the file `watching` is gone.
const WATCH: &str = "eval \"$(rmachine env n1)\"; while [ -e watching ]; do \
    docker node ls --format '{{.Hostname}}={{.Availability}}={{.Status}}' 2>/dev/null | paste -sd' '; done";

#[test]
fn nodes_of_a_swarm_are_upgraded_one_at_a_time_drained_first_and_put_back() {
    let (first, second) = (bundle!(bundle_26("26.1.5-a")), bundle!(bundle_26("26.1.5-b")));
    let (one, two) = (host!(Kind::Debian13), host!(Kind::Debian13));
    let user = User::new();
    for (host, name) in [(&one, "n1"), (&two, "n2")] {
        host.sh(&format!("hostnamectl set-hostname {name} 2>/dev/null || hostname {name}"));
        user.adopt(host, name, &["--engine-bundle", &first]).ok();
        host.import_busybox();
    }
    user.rmachine(&["swarm", "create", "--managers", "n1", "--workers", "n2", "web"]).ok();
    let serve =
        "service create -q --name work --replicas 2 --no-resolve-image busybox sh -c 'busybox sleep 600'";
    user.docker("n1", serve).ok();

    user.rmachine(&["upgrade", "--engine-bundle", &second, "n1"])
        .fails(3, "n1 is the only manager of its swarm, which nobody can manage while its engine restarts");
    assert_eq!(current(&one), runs("26.1.5-a"));

    let watching = user.home().join("watching");
    std::fs::write(&watching, "").unwrap();
    let watch =
        user.command("bash").args(["-c", WATCH]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let upgraded = user.rmachine(&["upgrade", "--yes", "--engine-bundle", &second, "n1", "n2"]);
    std::fs::remove_file(&watching).unwrap();
    let seen = String::from_utf8(watch.wait_with_output().unwrap().stdout).unwrap();
    upgraded.ok();
    assert_eq!([current(&one), current(&two)], [runs("26.1.5-b"), runs("26.1.5-b")]);

    let drained = |name: &str| seen.lines().position(|line| line.contains(&format!("{name}=Drain")));
    assert!(drained("n2").expect("n2 was drained") < drained("n1").expect("n1 was drained"), "{seen}");
    assert!(seen.lines().all(|line| line.matches("=Drain").count() < 2), "never two at once: {seen}");
    let down = seen.lines().filter(|line| line.contains("n2=") && line.contains("=Down"));
    assert!(down.clone().all(|line| line.contains("n2=Drain=Down")), "drained before it went: {seen}");
    // A manager that has just started knows of the others when they have come back to it.
    let list = "docker node ls --format '{{.Hostname}}={{.Availability}}={{.Status}}'";
    let until = format!(
        "for _ in $(seq 60); do [ \"$({list} | grep -c Ready)\" = 2 ] && break; sleep 0.5; done; {list}"
    );
    let now = user.in_env("n1", &until).ok();
    assert_eq!(now.lines().filter(|line| line.ends_with("=Active=Ready")).count(), 2, "{now}");
}

#[test]
fn from_20_10_to_26_1_containers_are_named_and_stop_only_when_they_may() {
    let (old, new) = (bundle!(bundle_20("20.10.24")), bundle!(bundle_26("26.1.5-a")));
    let host = host!(Kind::Debian13);
    let user = User::new();
    // What the vendor's builds have in them, Debian's link to.
    host.sh("apt-get -qq update && apt-get -qq -y install libdevmapper1.02.1 libseccomp2 >/dev/null");
    user.adopt(&host, "n1", &["--engine-bundle", &old]).ok();
    let container = host.keep_running();
    let cause = "restarting the engine would stop the container keep: live-restore is not promised from 20.10.24 to 26.1.5";
    user.rmachine(&["upgrade", "--engine-bundle", &new, "n1"]).fails(3, cause);
    assert_eq!((current(&host), host.container()), (runs("20.10.24"), container));
    user.rmachine(&["upgrade", "--yes", "--engine-bundle", &new, "n1"]).ok();
    assert_eq!(current(&host), runs("26.1.5-a"));
    assert_eq!(
        host.sh("docker inspect -f '{{.State.Running}}' keep"),
        "false",
        "it was declared, and it stopped"
    );
    assert_eq!(user.docker("n1", "start keep").ok(), "keep");
}

#[test]
fn an_engine_that_does_not_come_up_gives_way_to_the_old_one_by_itself() {
    let (first, second) = (bundle!(bundle_26("26.1.5-a")), bundle!(bundle_26("26.1.5-b")));
    let host = host!(Kind::Debian13);
    let user = User::new();
    user.adopt(&host, "n1", &["--engine-bundle", &first]).ok();
    let container = host.keep_running();
    // An engine that says its version, and whose containerd ends at once.
    let broken = user.home().join("broken");
    std::fs::create_dir(&broken).unwrap();
    run(user.command("tar").args(["xzf", &second, "-C"]).arg(&broken)).ok();
    std::fs::copy("/bin/false", broken.join("docker/containerd")).unwrap();
    let bundle = user.home().join("broken.tgz").display().to_string();
    let broken = broken.display().to_string();
    user.rmachine(&["engine", "bundle", &bundle, &broken, "--engine-version", "26.1.6"]).ok();

    let failed = user.rmachine(&["upgrade", "--engine-bundle", &bundle, "n1"]);
    let failed = failed.fails(1, "the engine does not start; everything was put back as it was");
    assert!(failed.stderr.contains("n1 | "), "its last words: {}", failed.stderr);
    assert_eq!((current(&host), host.container()), (runs("26.1.5-a"), container));
    assert_eq!(host.sh("ls /opt/rmachine/engine"), "26.1.5-a\ncurrent");
    assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
}

#[test]
fn no_room_for_two_engines_is_told_before_anything_changes() {
    let (first, second) = (bundle!(bundle_26("26.1.5-a")), bundle!(bundle_26("26.1.5-b")));
    let host = host!(Kind::Debian13);
    let user = User::new();
    user.adopt(&host, "n1", &["--engine-bundle", &first]).ok();
    host.sh("cp -a /opt /opt.real && mount -t tmpfs -o size=400m tmpfs /opt && cp -a /opt.real/. /opt/");
    let refused = user.rmachine(&["upgrade", "--engine-bundle", &second, "n1"]).fails(3, "/opt has ");
    assert!(refused.stderr.contains(" MiB are needed"), "{}", refused.stderr);
    assert_eq!(host.sh("ls /opt/rmachine/engine"), "26.1.5-a\ncurrent");
}

/// A repository on the host with the host's own docker.io under a higher version.
const NEWER_PACKAGE: &str = "
set -e
mkdir -p /srv/repo && cd /srv/repo
apt-get -qq update && apt-get -qq download docker.io >/dev/null 2>&1
dpkg-deb -R docker.io_*.deb tree && rm docker.io_*.deb
version=$(sed -n 's/^Version: //p' tree/DEBIAN/control)
sed -i \"s/^Version: .*/Version: $version+rm1/\" tree/DEBIAN/control
dpkg-deb -Znone -b tree docker.io.deb >/dev/null && rm -r tree
{ dpkg-deb -f docker.io.deb; echo Filename: ./docker.io.deb; echo Size: $(stat -c %s docker.io.deb)
  echo SHA256: $(sha256sum docker.io.deb | cut -d' ' -f1); echo; } >Packages
echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list.d/local.list
echo $version";

#[test]
fn packages_are_upgraded_and_brought_back_while_containers_run() {
    let host = host!(Kind::Debian13Engine);
    let user = User::new();
    let container = host.keep_running();
    user.adopt(&host, "n1", &[]).ok();
    let old = host.sh(NEWER_PACKAGE);
    let installed = || host.sh("dpkg-query -W -f '${Version}' docker.io");
    let dry = user.rmachine(&["upgrade", "--dry-run", "n1"]).ok();
    assert!(dry.starts_with(&format!("engine {old} will become {old}+rm1\n")), "{dry}");
    assert_eq!(installed(), old);

    // Called docker-machine, it says what that program said.
    let link = user.home().join("docker-machine");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rmachine"), &link).unwrap();
    let classic = run(user.command(&link).args(["upgrade", "n1"]));
    let told = "Waiting for SSH to be available...\nDetecting the provisioner...\nUpgrading docker...\nRestarting docker...";
    assert_eq!(classic.ok(), told);
    assert_eq!((installed(), host.container()), (format!("{old}+rm1"), container.clone()));
    // The mirror forgets what was; the host does not.
    host.sh("rm /etc/apt/sources.list.d/local.list; mv /etc/apt/sources.list /root/; apt-get -qq update; rm -rf /srv/repo /var/cache/apt/archives/*.deb");
    user.rmachine(&["upgrade", "--rollback", "n1"]).ok();
    assert_eq!((installed(), host.container()), (old, container));
    assert_eq!(host.sh("dpkg --verify docker.io containerd runc; dpkg --audit"), "");
    assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
    let pinned = user.rmachine(&["upgrade", "--engine-version", "27.9", "n1"]);
    assert_eq!(pinned.status, 3, "{}", pinned.stderr);

    // A system whose packages know no way back, as far as anybody can tell from outside.
    host.put("/usr/lib/os-release", include_bytes!("../fixtures/os-release/fedora-42"));
    let (etc, engine) = (host.hash_of_etc(), host.engine_start());
    let refused = user.rmachine(&["upgrade", "n1"]).fails(3, "an engine is not upgraded from here");
    assert!(
        refused.stderr.contains("dnf upgrade $(rpm -qf --qf '%{NAME}' /usr/sbin/dockerd)"),
        "{refused:?}"
    );
    assert_eq!((host.hash_of_etc(), host.engine_start()), (etc, engine));
}
