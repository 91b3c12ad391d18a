//! One command on many hosts, and waiting for them.

use std::time::{Duration, Instant};

use crate::{
    host,
    support::{Kind, User},
};

#[test]
fn a_command_runs_on_all_hosts_at_once_and_the_worst_status_is_returned() {
    let (one, two) = (host!(Kind::Debian12Engine), host!(Kind::Debian12));
    let user = User::new();
    user.adopt(&one, "n1", &[]).ok();
    user.adopt(&two, "long-name", &["--engine-install", "distro"]).ok();
    let numbers = "for i in 1 2 3; do echo $i; done; printf unended; echo bad >&2";
    let ended = user.rmachine(&["exec", "n1", "long-name", "--", numbers]);
    let of = |head: &str| -> Vec<String> {
        ended.stdout.lines().filter_map(|line| line.strip_prefix(head)).map(str::to_owned).collect()
    };
    assert_eq!(of("n1        | "), ["1", "2", "3", "unended"], "{ended:?}");
    assert_eq!(of("long-name | "), ["1", "2", "3", "unended"], "{ended:?}");
    assert_eq!(ended.stdout.lines().count(), 8);
    assert!(
        ended.stderr.contains("n1        | bad") && ended.stderr.contains("long-name | bad"),
        "{ended:?}"
    );
    one.sh("touch /root/worse");
    let status = "[ -e /root/worse ] && exit 7; exit 3";
    assert_eq!(user.rmachine(&["exec", "--all", "--", status]).status, 7);
    // Where it came to run nowhere on one, that is worse than any status.
    let ended = user.rmachine(&["exec", "n1", "n9", "--", "echo", "here"]).fails(255, "n9");
    assert_eq!(ended.stdout, "n1 | here\n");

    one.sh("systemctl stop docker.socket docker && systemd-run -q --on-active=3 systemctl start docker");
    let began = Instant::now();
    user.rmachine(&["wait", "n1", "long-name", "--for", "engine", "--timeout", "60"]).ok();
    assert!(began.elapsed() > Duration::from_secs(1), "it was down");
    user.in_env("n1", "docker version").ok();
    user.rmachine(&["wait", "n1", "--for", "running"]).ok();
    user.rmachine(&["wait", "n1", "--for", "gone", "--timeout", "1"])
        .fails(1, "gave up waiting for n1 to be gone after 1.0 s: it is running");
    user.rmachine(&["rm", "-y", "n1"]).ok();
    user.rmachine(&["wait", "n1", "--for", "gone"]).ok();
    user.rmachine(&["wait", "n1", "--for", "engine"]).fails(1, "n1");
}
