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
    let before = host.sh("docker inspect -f '{{.State.Pid}} {{.State.StartedAt}}' keep");
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    assert_eq!(host.sh("docker inspect -f '{{.State.Pid}} {{.State.StartedAt}}' keep"), before);
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
