//! Adopting hosts: bare ones, ones with an engine, ones whose containers must not notice.

use crate::{
    host,
    support::{Kind, User},
};

#[test]
fn a_bare_debian_12_becomes_a_machine_that_runs_containers() {
    let host = host!(Kind::Debian12);
    adopt_and_use(&host);
}

#[test]
fn a_bare_debian_13_becomes_a_machine_that_runs_containers() {
    let host = host!(Kind::Debian13);
    adopt_and_use(&host);
}

fn adopt_and_use(host: &crate::support::Host) {
    let user = User::new();
    user.adopt(host, "n1", &[]).ok();
    assert_eq!(user.rmachine(&["ip", "n1"]).ok(), host.ip());
    assert_eq!(user.rmachine(&["status", "n1"]).ok(), "Running");
    assert_eq!(user.rmachine(&["url", "n1"]).ok(), format!("tcp://{}:2376", host.ip()));
    host.import_busybox();
    assert_eq!(
        user.docker("n1", "run --rm busybox sh -c 'echo hello from inside'").ok(),
        "hello from inside"
    );
}

#[test]
fn containers_of_an_adopted_host_still_run_after_adoption() {
    let host = host!(Kind::Debian12Engine);
    host.import_busybox();
    host.sh("docker run -d --name keep busybox sh -c 'while :; do busybox sleep 1; done'");
    host.sh("echo '{ \"max-concurrent-uploads\": 2 }' >/etc/docker/daemon.json");
    let kept = || {
        host.sh(
            "docker inspect -f '{{.State.Pid}} {{.State.StartedAt}}' keep; hostname; dpkg-query -W | sha256sum; \
             cat /sys/class/net/docker0/ifindex; grep -o 'max-concurrent-uploads.: 2' /etc/docker/daemon.json",
        )
    };
    let before = kept();
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    assert_eq!(kept(), before);
    let backup = host.sh("cat /etc/docker/daemon.json.rmachine-backup");
    assert_eq!(backup, "{ \"max-concurrent-uploads\": 2 }", "what was there is kept beside it");
    assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
    let live_restore = host.sh("docker info -f '{{.LiveRestoreEnabled}}'");
    assert_eq!(live_restore, "false", "live-restore is put back as it was");
}

#[test]
fn a_second_provision_changes_and_restarts_nothing() {
    let host = host!(Kind::Debian13Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let (engine, etc) = (host.engine_start(), host.hash_of_etc());
    user.rmachine(&["provision", "n1"]).ok();
    assert_eq!((host.engine_start(), host.hash_of_etc()), (engine, etc));
}

/// Nobody waits for that, so it comes later.
#[test]
fn systemd_reads_the_units_of_an_adopted_host_by_itself_and_the_port_goes_and_comes_with_the_engine() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    host.sh("timeout 30 sh -c 'until [ ! -e /var/lib/rmachine/units-unread ]; do sleep 0.1; done'");
    assert_eq!(host.sh("systemctl show -p NeedDaemonReload --value docker.service"), "no");
    host.sh("systemctl stop docker.service docker.socket");
    assert!(!host.sh("ss -tlnH").contains(":2376"));
    host.sh("systemctl start docker.service");
    user.docker("n1", "version").ok();
}

#[test]
fn a_dry_run_changes_nothing_and_shows_the_plan_that_create_then_takes() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let before = host.hash_of_etc();
    let shown = user.adopt(&host, "n1", &["--dry-run"]).ok();
    let digest = shown.lines().find_map(|line| line.strip_prefix("plan sha256:")).expect("a digest");
    assert_eq!(host.hash_of_etc(), before);
    assert!(user.rmachine(&["ls", "-q"]).ok().is_empty());
    let created = user.adopt(&host, "n1", &["--debug"]);
    assert!(created.stderr.contains(digest), "{digest} is not what was applied: {}", created.stderr);
    created.ok();
}

#[test]
fn release_puts_an_adopted_host_back_byte_for_byte() {
    let host = host!(Kind::Debian12Engine);
    host.import_busybox();
    host.sh(
        "printf '{\\n  \"log-driver\": \"json-file\"\\n}' > /etc/docker/daemon.json; systemctl reload docker",
    );
    host.sh("docker run -d --name keep busybox sh -c 'while :; do busybox sleep 1; done'");
    let container = host.sh("docker inspect -f '{{.State.Pid}}' keep");
    let before = host.hash_of_etc();
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    assert_ne!(host.hash_of_etc(), before);
    user.rmachine(&["release", "n1", "-y"]).ok();
    assert_eq!(host.hash_of_etc(), before);
    assert_eq!(host.sh("docker inspect -f '{{.State.Pid}}' keep"), container);
    assert!(user.rmachine(&["ls", "-q"]).ok().is_empty());
    assert!(!host.sh("ss -tlnH").contains(":2376"), "the port is closed again");
}

#[test]
fn the_engine_answers_on_the_port_that_was_asked_for() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &["--generic-engine-port", "3376"]).ok();
    assert_eq!(user.rmachine(&["url", "n1"]).ok(), format!("tcp://{}:3376", host.ip()));
    assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty());
    assert!(host.sh("ss -tlnH").contains(":3376"));
}

#[test]
fn rm_says_that_an_engine_stays_only_where_one_was_set_up() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let said = user.rmachine(&["rm", "-y", "n1"]).stderr;
    assert!(said.contains("the host keeps its engine"), "{said}");
    let user = user.with("RMACHINE_KILL_AT", "recorded");
    user.adopt(&host, "n2", &[]);
    let said = user.without("RMACHINE_KILL_AT").rmachine(&["rm", "-y", "n2"]).stderr;
    assert!(!said.contains("keeps its engine"), "{said}");
}

#[test]
fn what_others_changed_in_daemon_json_survives_release() {
    let host = host!(Kind::Debian12Engine);
    let config = "/etc/docker/daemon.json";
    host.sh(&format!("printf '{{\n  \"log-driver\": \"json-file\"\n}}' >{config}; systemctl reload docker"));
    let container = host.keep_running();
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    host.sh(&format!("sed -i '2i \\  \"mtu\": 1400,' {config}; systemctl reload docker"));
    let released = user.rmachine(&["release", "n1", "-y"]);
    assert!(
        released.stderr.contains("daemon.json keeps what others have changed there since: mtu"),
        "{released:?}"
    );
    released.ok();
    let left: serde_json::Value = serde_json::from_str(&host.sh(&format!("cat {config}"))).unwrap();
    assert_eq!(left, serde_json::json!({ "mtu": 1400, "log-driver": "json-file" }));
    assert_eq!(host.container(), container);
    assert!(!host.run("ls /var/lib/rmachine").status.success(), "nothing of ours stays");
}

#[test]
fn a_host_that_another_machine_has_is_left_alone_until_it_is_taken_over() {
    let host = host!(Kind::Debian12Engine);
    let (first, second) = (User::new(), User::new());
    let before = host.hash_of_etc();
    first.adopt(&host, "web", &[]).ok();
    let adopted = host.hash_of_etc();

    let here = first.adopt(&host, "n1", &[]).fails(3, "the host belongs to the machine web of this store");
    assert!(here.stderr.contains("hint: end that first: rmachine release web"), "{here:?}");
    for more in [&["--dry-run"][..], &[]] {
        let refused = second.adopt(&host, "n1", more);
        let refused = refused.fails(3, "the host belongs to the machine web of another store");
        assert!(
            refused.stderr.contains("end that first, where its store is: rmachine release web"),
            "{refused:?}"
        );
        assert!(refused.stderr.contains("the same command with --take-over"), "{refused:?}");
    }
    assert_eq!(second.rmachine(&["ls", "-q"]).ok(), "", "no record stays");
    assert_eq!(host.hash_of_etc(), adopted);
    first.rmachine(&["provision", "web"]).ok();

    let taken = second.adopt(&host, "n1", &["--take-over"]);
    let told = "the host is taken over from the machine web of another store, which loses it";
    assert!(taken.stderr.contains(told), "{taken:?}");
    taken.ok();
    for verb in
        [&["provision", "web"][..], &["release", "-y", "web"], &["engine", "set", "web", "debug=true"]]
    {
        let lost =
            first.rmachine(verb).fails(3, "the host has been taken over by the machine n1 of another store");
        assert!(lost.stderr.contains("hint: forget the machine: rmachine rm web"), "{lost:?}");
    }
    first.rmachine(&["rm", "-y", "web"]).ok();
    second.docker("n1", "version").ok();

    // Its scripts count on any host being provisioned anew.
    let classic = crate::classic::user();
    let again = crate::classic::adopt(&classic, &host, &[], "g1");
    assert!(
        again.stderr.contains("the host is taken over from the machine n1 of another store"),
        "{again:?}"
    );
    again.ok();
    second.rmachine(&["release", "-y", "n1"]).fails(3, "taken over by the machine g1 of another store");
    first.adopt(&host, "web", &["--take-over"]).ok();
    crate::classic::docker_machine(&classic, &["provision", "g1"])
        .fails(1, "taken over by the machine web of");
    first.rmachine(&["release", "-y", "web"]).ok();
    assert_eq!(host.hash_of_etc(), before);
    second.rmachine(&["release", "-y", "n1"]).fails(1, "is not adopted, or was released already");
}

#[test]
fn a_create_that_is_taken_up_and_fails_again_leaves_no_more_than_the_first_would() {
    let host = host!(Kind::Debian12Engine);
    // Killed before anything was changed: nothing there depends on the record.
    let user = User::new().with("RMACHINE_KILL_AT", "planned");
    user.adopt(&host, "n1", &[]);
    let user = user.without("RMACHINE_KILL_AT");
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1");
    user.adopt(&host, "n1", &["--generic-ssh-port", "1", "--timeout", "3"]).fails(1, "port 1 refused");
    assert!(user.rmachine(&["ls", "-q"]).ok().is_empty(), "the record goes");

    // Killed after: whoever forgets the record forgets the host.
    let user = user.with("RMACHINE_KILL_AT", "applied");
    user.adopt(&host, "n1", &[]);
    let user = user.without("RMACHINE_KILL_AT");
    let failed = user.adopt(&host, "n1", &["--generic-ssh-port", "1", "--timeout", "3"]);
    failed.fails(1, "machine n1 is not finished");
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1", "the record stays");
    user.adopt(&host, "n1", &[]).ok();
    user.rmachine(&["release", "n1", "-y"]).ok();
}
