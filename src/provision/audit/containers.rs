//! What running containers may do to their host.

use serde_json::Value;

use super::{Cure, Finding, Severity};

/// Capabilities with which a container is as good as its host.
const MIGHTY: [&str; 8] =
    ["ALL", "BPF", "DAC_READ_SEARCH", "NET_ADMIN", "SYS_ADMIN", "SYS_MODULE", "SYS_PTRACE", "SYS_RAWIO"];
/// Folders of the host that hold its keys, its programs or its engine.
const DELICATE: [&str; 9] =
    ["/", "/boot", "/dev", "/etc", "/proc", "/root", "/sys", "/usr", "/var/lib/docker"];

pub(super) fn judge(containers: &[Value]) -> Vec<Finding> {
    containers.iter().flat_map(one).collect()
}

fn one(container: &Value) -> Vec<Finding> {
    let name = container["Name"].as_str().unwrap_or_default().trim_start_matches('/').to_owned();
    let host = &container["HostConfig"];
    let mut findings = Vec::new();
    let mut find = |check, severity, text: String, without: &str| {
        let cure = Cure::ByHand(format!("make {name} again without {without}"));
        findings.push(Finding::new(check, severity, text, cure).about(name.clone()));
    };
    if host["Privileged"] == true {
        let text = "it is privileged: every device and every capability of the host are its own";
        find("privileged", Severity::High, text.to_owned(), "--privileged");
    }
    for capability in list(&host["CapAdd"]).iter().map(|name| name.trim_start_matches("CAP_")) {
        let severity = if MIGHTY.contains(&capability) { Severity::High } else { Severity::Low };
        let text = format!("it has the capability {capability} beside the usual ones");
        find("capability", severity, text, &format!("--cap-add {capability}"));
    }
    for (key, flag, severity, text) in [
        ("PidMode", "--pid host", Severity::High, "it sees and may trace the host's processes"),
        (
            "NetworkMode",
            "--network host",
            Severity::Medium,
            "it has the host's network, its loopback included",
        ),
        ("IpcMode", "--ipc host", Severity::Medium, "it has the host's shared memory"),
        ("UTSMode", "--uts host", Severity::Low, "it may rename the host"),
        (
            "UsernsMode",
            "--userns host",
            Severity::Medium,
            "its root is the host's, although others are remapped",
        ),
    ] {
        if host[key] == "host" {
            find("host-namespace", severity, text.to_owned(), flag);
        }
    }
    for option in list(&host["SecurityOpt"]).iter().filter(|option| option.ends_with("unconfined")) {
        let text = format!("{option}: nothing looks at what it does");
        find("unconfined", Severity::High, text, &format!("--security-opt {option}"));
    }
    for mount in container["Mounts"].as_array().into_iter().flatten().filter(|mount| mount["Type"] == "bind")
    {
        let source = mount["Source"].as_str().unwrap_or_default();
        let flag = format!("-v {source}");
        if source.ends_with("/docker.sock") || source.ends_with("/containerd.sock") {
            let text = format!("it has {source}, with which it is root on the host");
            find("engine-socket", Severity::High, text, &flag);
        } else if DELICATE.contains(&source) && mount["RW"] == true {
            find("host-folder", Severity::High, format!("it may write to {source} of the host"), &flag);
        } else if DELICATE.contains(&source) {
            find("host-folder", Severity::Medium, format!("it may read all of {source} of the host"), &flag);
        }
    }
    findings
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}
