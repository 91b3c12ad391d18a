//! What the engine's security chapter is about, looked for on a host: settings, sockets, file modes, certificates, and
//! what running containers may do. <https://docs.docker.com/engine/security/>

mod containers;
mod files;
mod settings;

use serde::Serialize;
use serde_json::Value;

use super::{
    ProvisionError,
    facts::{self, Facts},
};
use crate::{
    event::Events,
    remote::{Document, Remote, Script},
    retry::Deadline,
};

const AUDIT: Script = Script {
    name: "audit.sh",
    text: concat!(
        include_str!("../../templates/engine_get.sh"),
        include_str!("../../templates/audit.sh"),
        "audit\n"
    ),
};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good practice.
    Low,
    /// Makes an attack easier that has another beginning.
    Medium,
    /// Gives the host away, or shuts its users out.
    High,
}

/// What cures a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cure {
    /// `engine set NAME` with this.
    Set(&'static str),
    /// `engine unset NAME` with this.
    Unset(&'static str),
    /// `provision NAME`.
    Provision,
    /// A command on the host.
    OnHost(String),
    /// Something that only the user can do.
    ByHand(String),
}

/// Something that is not as it could be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its name, for programs: `icc`, `privileged`.
    pub check: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What it is about, where that is one thing of several: a container, a file.
    pub about: Option<String>,
    /// What was found, and what that means.
    pub text: String,
    /// What cures it.
    pub cure: Cure,
}

impl Finding {
    fn new(check: &'static str, severity: Severity, text: impl Into<String>, cure: Cure) -> Self {
        Self { check, severity, about: None, text: text.into(), cure }
    }

    fn about(self, what: impl Into<String>) -> Self {
        Self { about: Some(what.into()), ..self }
    }
}

/// What was looked at beside the facts.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Running containers, as the engine describes them.
    pub containers: Vec<Value>,
    /// Files with mode, owner and group.
    pub modes: Vec<FileMode>,
    /// The members of the group docker.
    pub group: Vec<String>,
    /// The engine's certificate, PEM.
    pub certificate: Option<String>,
}

/// A file's mode and owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileMode {
    /// Where it is.
    pub path: String,
    /// Its mode, such as `0o644`.
    pub mode: u32,
    /// Its owner.
    pub owner: String,
}

/// Looks at what only an audit needs.
pub async fn look(
    remote: &dyn Remote,
    deadline: Deadline,
    events: &Events,
) -> Result<Evidence, ProvisionError> {
    events.step("looking at containers and files");
    let sections = facts::ask(remote, AUDIT, &Document::new(), deadline, events).await?;
    let mut evidence = Evidence::default();
    for (name, bytes) in &sections {
        let text = || String::from_utf8_lossy(bytes).into_owned();
        match name.split_once(' ') {
            Some(("container", _)) => evidence.containers.extend(serde_json::from_slice::<Value>(bytes).ok()),
            Some(("mode", path)) => evidence.modes.extend(file_mode(path, &text())),
            _ if name == "group" => {
                let members = text().rsplit(':').next().unwrap_or_default().trim().to_owned();
                evidence.group =
                    members.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect();
            }
            _ if name == "certificate" => evidence.certificate = Some(text()),
            _ => {}
        }
    }
    Ok(evidence)
}

fn file_mode(path: &str, text: &str) -> Option<FileMode> {
    let mut words = text.split_whitespace();
    let mode = u32::from_str_radix(words.next()?, 8).ok()?;
    Some(FileMode { path: path.to_owned(), mode, owner: words.next()?.to_owned() })
}

/// Judges what was found; the gravest first. `now` is in seconds since 1970.
pub fn audit(facts: &Facts, evidence: &Evidence, now: i64) -> Vec<Finding> {
    let mut findings = settings::judge(facts);
    findings.extend(containers::judge(&evidence.containers));
    findings.extend(files::judge(evidence, now));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

#[cfg(test)]
mod tests;
