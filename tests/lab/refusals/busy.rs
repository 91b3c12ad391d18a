//! Others at work: the package tool on the host, another rmachine here.

use std::process::Stdio;

use super::works;
use crate::{
    host,
    support::{Host, Kind, User},
};

/// Has a program of the host's hold the package lock for this long.
fn hold_package_lock(host: &Host, seconds: u32) {
    host.sh(&format!(
        "systemd-run --quiet --collect --unit=holder sh -c 'exec 7>/var/lib/dpkg/lock-frontend; flock 7; exec sleep {seconds}'; \
         until ls -l /proc/*/fd 2>/dev/null | grep -q /var/lib/dpkg/lock-frontend; do :; done"
    ));
}

#[test]
fn a_package_lock_is_waited_for_and_its_holder_named() {
    let host = host!(Kind::Debian12);
    let user = User::new();
    hold_package_lock(&host, 1000);
    let before = host.hash_of_etc();
    let run = user.adopt(&host, "n1", &["--engine-install", "distro", "--timeout", "12"]);
    let run =
        super::refused(&user, run, 1, "the package lock is still held by sleep (pid ", "mend that, then");
    assert!(run.stderr.contains("waiting for the package lock held by sleep (pid "), "{}", run.stderr);
    assert_eq!(host.hash_of_etc(), before);

    host.sh("systemctl stop holder");
    hold_package_lock(&host, 4);
    let run = user.adopt(&host, "n1", &["--engine-install", "distro"]);
    assert!(run.stderr.contains("waiting for the package lock held by sleep (pid "), "{}", run.stderr);
    run.ok();
    assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty());
}

#[test]
fn a_second_rmachine_at_the_same_machine_waits_and_says_for_whom() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    // Keeps the first one at work until the second one has come.
    host.sh(
        "install -d -m 700 /run/rmachine; \
         printf '#!/bin/sh\\n[ \"$1\" != restart ] || while [ ! -e /run/second ]; do sleep 0.1; done\\n' > /run/rmachine/at-step; \
         chmod 700 /run/rmachine/at-step",
    );
    let key = host.key().display().to_string();
    let words = ["create", "--driver", "generic", "--ip", host.ip(), "--generic-ssh-key", &key, "n1"];
    let mut first = user.command("rmachine");
    let first = first.args(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !user.machine_file("n1", "config.json").exists() {
        std::thread::yield_now();
    }
    let second = user.command("rmachine").args(["provision", "n1"]).stderr(Stdio::piped()).spawn().unwrap();
    let waiting = format!("waiting for another rmachine (create, pid {}) to finish with n1", first.id());
    let said = said_until(second, &waiting, || drop(host.sh("touch /run/second")));
    assert!(said.contains("already as it should be"), "{said}");
    assert!(first.wait_with_output().unwrap().status.success());
    user.rmachine(&["rm", "-y", "n1"]).ok();
    works(&user, &host, &[]);
}

/// Everything that a program says on stderr; once it says `words`, `then` is done.
fn said_until(mut child: std::process::Child, words: &str, then: impl FnOnce()) -> String {
    use std::io::{BufRead, BufReader};
    let (mut said, mut then) = (String::new(), Some(then));
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        said.push_str(&line.unwrap());
        said.push('\n');
        if said.contains(words)
            && let Some(then) = then.take()
        {
            then();
        }
    }
    assert!(then.is_none(), "{words:?} was not said: {said}");
    assert!(child.wait().unwrap().success(), "{said}");
    said
}
