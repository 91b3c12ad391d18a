//! Hosts that cannot be adopted as they are, and are left as they were.

use super::{refused, works};
use crate::{
    classic, host,
    support::{self, Kind, User},
};

#[test]
fn a_host_on_which_no_engine_can_be_installed_is_left_alone() {
    let host = host!(Kind::Debian12);
    let user = User::new();
    host.sh("cp -L /etc/os-release /root/; rm /etc/os-release; printf 'ID=plan9\\nPRETTY_NAME=\"Plan 9\"\\n' > /etc/os-release");
    let cause = "there is no engine, and installing one on Plan 9 is not supported";
    refused(
        &user,
        user.adopt(&host, "n1", &["--engine-install", "distro"]),
        3,
        cause,
        "install an engine there by hand",
    );
    let classic = classic::user();
    let told = classic::adopt(&classic, &host, &[], "n1");
    assert!(classic::says_it_ended_at(&told, "os"), "{told:?}");
    let none = user.adopt(&host, "n1", &["--engine-install", "none"]);
    refused(&user, none, 3, "there is no engine, and none is to be installed", "use --engine-install auto");
    assert_eq!(host.sh("ls -d /var/lib/rmachine /etc/docker 2>/dev/null || true"), "");
    host.sh("mv /root/os-release /etc/os-release");
    // What dpkg and apt have there is out of sight, which no refusal of ours looks at.
    host.sh("mount -t tmpfs -o size=64m tmpfs /var/lib");
    let full = user.adopt(&host, "n1", &["--engine-install", "distro"]);
    refused(&user, full, 3, "/var/lib has 64 MiB free, and 700 MiB are needed", "make room there");
    host.sh("umount /var/lib");
    works(&user, &host, &["--engine-install", "distro"]);
}

#[test]
fn a_full_disk_is_refused_before_anything_is_written() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let before = host.hash_of_etc();
    host.sh("mkdir -p /var/lib/rmachine; mount -t tmpfs -o size=256k tmpfs /var/lib/rmachine");
    let full = user.adopt(&host, "n1", &[]);
    refused(
        &user,
        full,
        1,
        "the disk is full; everything was put back as it was",
        "mend that, then run the same command again",
    );
    assert_eq!(host.hash_of_etc(), before);
    host.sh("umount /var/lib/rmachine");
    works(&user, &host, &[]);
}

#[test]
fn a_daemon_json_that_is_none_is_told_by_line_and_column() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    host.sh("printf '{\\n  \"debug\": true,\\n}\\n' > /etc/docker/daemon.json");
    let before = host.hash_of_etc();
    let cause = "/etc/docker/daemon.json cannot be read: ";
    let run = refused(&user, user.adopt(&host, "n1", &[]), 3, cause, "mend that file");
    assert!(run.stderr.contains("line 3, column 1"), "{}", run.stderr);
    assert_eq!(host.hash_of_etc(), before);
    host.sh("echo '{}' > /etc/docker/daemon.json");
    works(&user, &host, &[]);
}

#[test]
fn an_engine_that_does_not_start_says_its_last_words_and_is_put_back() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let container = host.keep_running();
    let before = host.hash_of_etc();
    // The form is right, and only the engine can know that there is no such file.
    let run = user.adopt(&host, "n1", &["--engine-opt", "seccomp-profile=/etc/docker/no-such-file"]);
    let run = refused(
        &user,
        run,
        1,
        "the engine does not start; everything was put back",
        "mend that, then run the same command again",
    );
    assert!(run.stderr.contains("n1 | failed to start daemon: "), "its log: {}", run.stderr);
    let contexts = support::run(user.command("docker").args(["context", "ls", "-q"])).ok();
    assert_eq!(contexts, "default", "nor does docker keep a context of it");
    let classic = classic::user();
    let opt = ["--engine-opt", "seccomp-profile=/etc/docker/no-such-file"];
    let told = classic::adopt_with(&classic, &host, &[], &opt, "n1");
    assert!(classic::says_it_ended_at(&told, "engine"), "{told:?}");
    assert!(!host.run("ls /var/lib/rmachine").status.success(), "nothing of ours stays");
    assert_eq!(host.hash_of_etc(), before);
    assert_eq!(host.container(), container);
    works(&user, &host, &[]);
    assert_eq!(host.container(), container);
}

#[test]
fn a_port_that_is_blocked_on_the_way_is_told_and_the_machine_is_kept_for_a_second_create() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    host.sh("iptables -I INPUT -p tcp --dport 2376 -j DROP");
    let run = user.adopt(&host, "n1", &["--timeout", "20"]).fails(1, "machine n1 is not finished");
    assert!(run.stderr.contains(&format!("no answer from {}:2376", host.ip())), "{}", run.stderr);
    assert!(run.stderr.contains("hint: does a firewall between here and there block"), "{}", run.stderr);
    assert!(run.stderr.contains("hint: go on with the same command"), "{}", run.stderr);
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1");
    host.sh("iptables -D INPUT -p tcp --dport 2376 -j DROP");
    works(&user, &host, &[]);
}

#[test]
fn containers_that_would_stop_are_named_and_stop_only_when_they_may() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let container = host.keep_running();
    host.sh(&format!("docker swarm init --advertise-addr {}", host.ip()));
    let before = host.hash_of_etc();
    let cause = "would stop the container keep: a swarm is active";
    refused(&user, user.adopt(&host, "n1", &[]), 3, cause, "use --yes to let them stop");
    assert_eq!((host.hash_of_etc(), host.container()), (before, container));
    works(&user, &host, &["--yes"]);
}

#[test]
fn what_keeps_a_host_from_being_changed_is_told_before_anything_is() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let engine = host.engine_start();
    let as_it_was = |before: &str| {
        assert_eq!((host.hash_of_etc().as_str(), host.engine_start()), (before, engine.clone()));
    };

    host.sh("mount --bind /etc /etc && mount -o remount,bind,ro /etc");
    let read_only = user.adopt(&host, "n1", &[]).fails(3, "/etc is read-only");
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "", "{}", read_only.stderr);
    host.sh("umount /etc");

    // Flags in the file of an init script of old, which Debian's unit still reads: what is there now, and what the next start brings.
    host.sh("echo 'DOCKER_OPTS=\"-H tcp://0.0.0.0:2375\"' >/etc/default/docker");
    let before = host.hash_of_etc();
    let open =
        "docker.service makes the engine listen on tcp://0.0.0.0:2375, and TLS would apply to that too";
    refused(
        &user,
        user.adopt(&host, "n1", &[]),
        3,
        open,
        "use --engine-access ssh, or take that setting out first",
    );
    as_it_was(&before);
    host.sh("echo 'DOCKER_OPTS=\"--debug --mtu 1400\"' >/etc/default/docker && systemctl restart docker");
    let (before, engine) = (host.hash_of_etc(), host.engine_start());
    let twice = "mtu cannot be set: /lib/systemd/system/docker.service starts the engine with --mtu, and the engine refuses to get it twice";
    refused(
        &user,
        user.adopt(&host, "n1", &["--engine-mtu", "1450"]),
        3,
        twice,
        "take the flag out of the unit, or of the file",
    );
    assert_eq!((host.hash_of_etc(), host.engine_start()), (before, engine));
    works(&user, &host, &["--engine-opt", "icc=false"]);
    assert_eq!(host.sh("docker info -f '{{.Debug}}'; docker network inspect -f '{{json .Options}}' bridge | grep -o 'mtu\":\"1400'"), "true\nmtu\":\"1400");
    let shown = user.rmachine(&["engine", "show", "n1"]).ok();
    assert!(
        shown
            .lines()
            .any(|line| line.starts_with("mtu ") && line.contains("1400") && line.contains("a flag in ")),
        "{shown}"
    );
}
