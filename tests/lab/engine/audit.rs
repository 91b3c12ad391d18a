//! The audit finds what is there, and what it says cures it does.

use serde_json::Value;

use super::Lab;

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
