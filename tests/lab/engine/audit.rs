//! The audit finds what is there, and what it says cures it does.

use serde_json::Value;

use super::Lab;

/// A drop-in of somebody's that opens the engine to everybody.
const OPEN: &str = "mkdir -p /etc/systemd/system/docker.service.d && cp -p /etc/docker/daemon.json /root/guarded && \
    printf '[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// -H tcp://0.0.0.0:2375\n' >/etc/systemd/system/docker.service.d/zz.conf && \
    echo '{}' >/etc/docker/daemon.json && systemctl daemon-reload && systemctl restart docker && \
    curl -s -m 5 http://127.0.0.1:2375/_ping";
const CLOSED: &str =
    "rm /etc/systemd/system/docker.service.d/zz.conf && systemctl daemon-reload && systemctl restart docker";

/// What somebody has opened since, and a container to which all is open, are found; the cures are what closes them.
pub fn finds_what_others_have_opened(lab: &Lab) {
    assert_eq!(lab.host.sh(OPEN), "OK", "nobody is asked for anything");
    // The runc of Debian 12 starts none that is privileged where the lab itself lacks a capability.
    let is_old = lab.host.sh("dockerd --version").contains(" 20.10");
    let privileged = if is_old { "" } else { "--privileged" };
    lab.host.sh(&format!("docker run -d --name all {privileged} -v /etc:/host busybox busybox sleep 600 && chmod 666 /run/docker.sock"));
    let ended = lab.user.rmachine(&["engine", "audit", "n1"]);
    assert_eq!(ended.status, 1, "{}", ended.stdout);
    let of_privileged =
        ["n1: high   privileged: all: it is privileged", "cure: make all again without --privileged"];
    for line in of_privileged.iter().filter(|_| !is_old) {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
    for line in [
        "n1: high   tcp-without-tls: tcp://0.0.0.0:2375: anybody who reaches it is root on the host",
        "cure: take tcp://0.0.0.0:2375 out of /etc/systemd/system/docker.service.d/zz.conf on the host, then: provision n1",
        "n1: high   host-folder: all: it may write to /etc of the host",
        "n1: high   file-mode: /run/docker.sock: its mode is 666",
        "cure: rmachine ssh n1 -- chmod 660 /run/docker.sock",
    ] {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
    lab.host.sh("docker rm -f all");
    lab.user.rmachine(&["ssh", "n1", "--", "chmod", "660", "/run/docker.sock"]).ok();
    let refused = "zz.conf makes the engine listen on tcp://0.0.0.0:2375, and TLS would apply to that too";
    lab.user.rmachine(&["provision", "n1"]).fails(3, refused);
    lab.host.sh(CLOSED);
    lab.user.rmachine(&["provision", "n1"]).ok();
    assert_eq!(lab.user.rmachine(&["engine", "audit", "n1"]).status, 0);
    let guarded = lab.host.sh("cat /root/guarded; curl -s -m 3 http://127.0.0.1:2375/_ping || true");
    assert_eq!(lab.host.sh("cat /etc/docker/daemon.json"), guarded);
}

/// Holes are made, found, and closed with the very lines that the audit prints.
pub fn finds_what_is_there_and_its_cures_cure(lab: &Lab) {
    lab.host.sh(
        "docker run -d --name hole --cap-add SYS_PTRACE --pid host -v /var/run/docker.sock:/s/docker.sock busybox busybox sleep 600 && \
         chmod 666 /etc/docker/daemon.json",
    );
    let audit = |more: &[&str]| lab.user.rmachine(&[&["engine", "audit", "n1", "--json"], more].concat());
    let ended = audit(&[]);
    assert_eq!(ended.status, 1, "a high finding fails: {}", ended.stderr);
    assert_eq!(audit(&["--fail-on", "never"]).status, 0);
    let findings = |text: &str| -> Vec<Value> {
        serde_json::from_str::<Value>(text).unwrap()[0]["findings"].as_array().unwrap().clone()
    };
    let found = findings(&ended.stdout);
    let has = |found: &[Value], check: &str| found.iter().any(|finding| finding["check"] == check);
    for check in [
        "capability",
        "engine-socket",
        "host-namespace",
        "file-mode",
        "icc",
        "no-new-privileges",
        "userns",
        "live-restore",
        "userland-proxy",
    ] {
        assert!(has(&found, check), "{check}: {found:?}");
    }
    lab.host.sh("docker rm -f hole");
    // The kernel of the lab's hosts is shared, and may have no namespace of users to give.
    for finding in found.iter().filter(|finding| finding["check"] != "userns") {
        let cure = finding["cure"].as_str().unwrap();
        if let Some(line) = cure.strip_prefix("rmachine ") {
            lab.user.rmachine(&line.split(' ').collect::<Vec<_>>()).ok();
        }
    }
    let ended = audit(&[]);
    let left: Vec<Value> =
        findings(&ended.stdout).into_iter().filter(|one| one["check"] != "userns").collect();
    assert_eq!((ended.status, left), (0, Vec::new()));
    lab.unset(&["icc", "no-new-privileges", "live-restore", "userland-proxy"]);
}
