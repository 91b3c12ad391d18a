//! Files and certificates of the engine: who may write them, who may read keys, how long certificates hold.

use super::{Cure, Evidence, FileMode, Finding, Severity};
use crate::tls;

/// A certificate with fewer days left is worth a word.
const FEW_DAYS: i64 = 30;

pub(super) fn judge(evidence: &Evidence, now: i64) -> Vec<Finding> {
    let mut findings: Vec<Finding> = evidence.modes.iter().filter_map(file).collect();
    if !evidence.group.is_empty() {
        let text = format!("{} may use the engine, which is to be root", evidence.group.join(", "));
        let cure = Cure::OnHost(format!("gpasswd -d {} docker", evidence.group[0]));
        findings.push(Finding::new("docker-group", Severity::Low, text, cure));
    }
    findings.extend(evidence.certificate.as_deref().and_then(|pem| certificate(pem, now)));
    findings
}

/// The widest mode that a file may have.
fn widest(path: &str) -> u32 {
    match path {
        "/run/docker.sock" | "/run/containerd/containerd.sock" => 0o660,
        _ if path.ends_with("-key.pem") || path.ends_with("/key.json") => 0o600,
        "/etc/docker" => 0o755,
        "/etc/docker/rmachine" => 0o700,
        _ => 0o644,
    }
}

fn file(file: &FileMode) -> Option<Finding> {
    let FileMode { path, mode, owner } = file;
    if owner != "root" {
        let text = format!("it belongs to {owner}, who may change what the engine does");
        let cure = Cure::OnHost(format!("chown root {path}"));
        return Some(Finding::new("file-owner", Severity::High, text, cure).about(path));
    }
    let widest = widest(path);
    let too_much = mode & 0o777 & !widest;
    if too_much == 0 {
        return None;
    }
    // Whoever may write there, or read a key, may have the host.
    let is_grave = too_much & 0o022 != 0 || widest == 0o600;
    let severity = if is_grave { Severity::High } else { Severity::Low };
    let text = format!("its mode is {mode:o}, and {widest:o} is the widest that it should be");
    Some(
        Finding::new("file-mode", severity, text, Cure::OnHost(format!("chmod {widest:o} {path}")))
            .about(path),
    )
}

fn certificate(pem: &str, now: i64) -> Option<Finding> {
    let days = tls::days_left(&tls::read(pem).ok()?, now);
    let (severity, text) = match days {
        i64::MIN..0 => (Severity::High, "the engine's certificate has expired".to_owned()),
        0..FEW_DAYS => (Severity::Medium, format!("the engine's certificate expires in {days} days")),
        _ => return None,
    };
    Some(Finding::new("certificate", severity, text, Cure::Provision))
}
