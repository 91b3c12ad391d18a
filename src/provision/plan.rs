//! From facts and wishes to changes: pure, so that `--dry-run` shows the very plan that is applied.
//!
//! How the port is opened without touching what is there: engines are started with `-H fd://`, which hands them every socket
//! of systemd's that belongs to docker.service. We add one, a unit of our own, and a drop-in that pulls it in. Thus docker.socket
//! and the command stay as they are (no line of the vendor's is copied, to grow stale at the next upgrade; containers that
//! mount docker.sock keep a live one), the address need not be up when the engine starts, and the units can lie there
//! before the engine is installed, so that its first start is the last. TLS stands in daemon.json, and the socket refuses to open
//! where it does not. Engines started without `-H`, and those of OpenRC, get `hosts` in daemon.json instead.

mod change;
mod daemon;
mod difference;
mod fate;
mod files;
mod listen;
mod openrc;
mod port;
mod render;
mod renewal;
mod source;
mod upgrade;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

pub use self::{
    change::{Change, Content, Fate},
    renewal::renewal,
    source::{Packages, Source, Static, Supplied},
    upgrade::{To, Upgrade, upgrade},
};
pub(super) use self::{
    fate::{changing, fate, in_force},
    files::bytes,
    source::{DOWNLOADS, location, vendors_name},
};
use super::{
    Materials, Wishes,
    facts::{Container, Facts, Init},
    os::PackageTool,
    refusal::{self, Refusal},
    state::{DROP_IN_PATH, OPENRC_ENABLED, OPENRC_SERVICE, SOCKET_PATH, Unpacked, sha256},
};
use crate::engine::options::{self, Options};

/// All changes, in order, and what applying them needs to know of the host as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The changes.
    pub changes: Vec<Change>,
    /// Where the engine will listen; empty with access over SSH.
    pub listen: Vec<SocketAddr>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// `daemon.json` before and after.
    pub(super) config: ConfigChange,
    /// Whether systemd opens the port for the engine.
    pub(super) by_activation: bool,
    /// Whether the engine can validate a `daemon.json` before it is put in place.
    pub(super) can_validate: bool,
    /// Whether containers would go on over a restart as the engine runs now.
    pub(super) is_live: bool,
}

/// `daemon.json` before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ConfigChange {
    pub(super) path: String,
    pub(super) mode: u32,
    /// SHA-256 of the bytes the plan was made for; `None` when there was no file.
    pub(super) expected: Option<String>,
    pub(super) before: Options,
    pub(super) after: Options,
}

impl Plan {
    /// Whether nothing has to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// SHA-256 of the plan in its canonical form. Certificates are no part of it: they are made anew for each run.
    pub fn digest(&self) -> String {
        let canonical = serde_json::to_vec(&(&self.changes, &self.listen, &self.config)).unwrap_or_default();
        format!("sha256:{}", sha256(&canonical))
    }

    /// The containers that would stop.
    pub fn stops(&self) -> &[Container] {
        match self.fate() {
            Some(Fate::Stop { containers, .. }) => containers,
            Some(Fate::NoneRun | Fate::GoOn { .. } | Fate::Held { .. }) | None => &[],
        }
    }

    /// Refuses a plan that would stop containers, unless they may.
    pub fn permit(&self, may_stop_containers: bool) -> Result<(), Refusal> {
        match self.fate() {
            Some(Fate::Stop { containers, reason }) if !may_stop_containers => {
                Err(Refusal::ContainersWouldStop { containers: containers.clone(), reason: reason.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Whether an engine will be installed.
    pub fn installs(&self) -> bool {
        self.changes.iter().any(|change| matches!(change, Change::Install(_)))
    }

    /// Whether the engine will be restarted.
    pub fn restarts(&self) -> bool {
        self.fate().is_some()
    }

    /// Whether all that is new for systemd is one more socket for a running engine.
    pub(super) fn opens_new_socket(&self) -> bool {
        let is_new = |wanted: &str| {
            self.changes
                .iter()
                .any(|change| matches!(change, Change::Write { path, replaces: false, .. } if path == wanted))
        };
        let is_else = |change: &Change| match change {
            Change::Remove { path, .. } => path.starts_with("/etc/systemd/"),
            // With a section of its own, the drop-in changes the service too.
            Change::Write { path, content: Content::Text(text), .. } => {
                path == DROP_IN_PATH && text.contains("[Service]")
            }
            Change::Enable => true,
            Change::Install(_)
            | Change::Hostname { .. }
            | Change::Folder { .. }
            | Change::Write { .. }
            | Change::Link { .. }
            | Change::Start
            | Change::Reload { .. }
            | Change::Restart { .. } => false,
        };
        self.restarts() && is_new(SOCKET_PATH) && is_new(DROP_IN_PATH) && !self.changes.iter().any(is_else)
    }

    /// Whether the engine restarts for its certificates alone and gets its port from systemd, which need not close it meanwhile.
    pub(super) fn keeps_port(&self) -> bool {
        let is_only_reason = |because: &[String]| because.iter().all(|reason| reason == files::CERTIFICATES);
        self.by_activation && self.restart().is_some_and(|(because, _)| is_only_reason(because))
    }

    /// What a restart does to the containers, where there is one.
    pub(super) fn fate(&self) -> Option<&Fate> {
        self.restart().map(|(_, containers)| containers)
    }

    /// Why the engine restarts, and what that does to the containers; a plan has one restart at most.
    fn restart(&self) -> Option<(&[String], &Fate)> {
        self.changes.iter().find_map(|change| match change {
            Change::Restart { because, containers } => Some((because.as_slice(), containers)),
            Change::Install(_)
            | Change::Hostname { .. }
            | Change::Folder { .. }
            | Change::Write { .. }
            | Change::Remove { .. }
            | Change::Link { .. }
            | Change::Enable
            | Change::Start
            | Change::Reload { .. } => None,
        })
    }

    /// `daemon.json` as it is.
    pub fn before(&self) -> &Options {
        &self.config.before
    }

    /// `daemon.json` as it will be.
    pub fn after(&self) -> &Options {
        &self.config.after
    }

    /// The lines of `daemon.json` that change, without passwords, behind its path.
    pub fn difference(&self) -> Vec<String> {
        let lines = difference::lines(&self.config.before, &self.config.after);
        if lines.is_empty() { lines } else { [vec![self.config.path.clone()], lines].concat() }
    }

    /// One line for each change, as people read them.
    pub fn change_lines(&self) -> Vec<String> {
        render::changes(self)
    }

    /// Lines for people.
    pub fn render(&self) -> String {
        render::plan(self)
    }
}

/// Makes the plan, or says why the host is left alone.
pub fn plan(facts: &Facts, wishes: &Wishes, materials: &Materials<'_>) -> Result<Plan, Refusal> {
    refusal::judge(facts, facts.engine.is_none())?;
    let source = source::choose(facts, wishes, materials.archive)?;
    let listen = listen::choose(facts, wishes, materials)?;
    let daemon = daemon::merge(facts, wishes, materials, &listen)?;
    let unpacked = unpacked(facts, source.as_ref());
    let wanted = files::wanted(facts, wishes, materials, &listen, &daemon, unpacked.as_ref())?;

    let links = source.as_ref().map(files::links).unwrap_or_default();
    let mut changes: Vec<Change> = source.into_iter().map(Change::Install).collect();
    changes.extend(files::changes(facts, materials, wanted));
    changes.extend(links);
    changes.extend(files::hostname(facts, wishes));
    changes.extend(engine_change(facts, &changes, &daemon, &listen));
    if must_enable(facts, &changes) {
        changes.push(enable(facts));
    }
    Ok(Plan {
        notes: listen
            .notes
            .iter()
            .cloned()
            .chain(difference::notes(&fate::in_force(facts.engine.as_ref(), &daemon.before), &daemon.after))
            .collect(),
        by_activation: listen.by_activation,
        listen: listen.addresses,
        can_validate: can_validate(facts) && daemon.changed,
        is_live: facts
            .engine
            .as_ref()
            .and_then(|engine| engine.running.as_ref())
            .is_some_and(|running| running.live_restore),
        config: ConfigChange {
            path: facts.config_path.clone(),
            mode: config_mode(facts, &daemon.after),
            expected: facts.config.as_ref().and_then(|file| file.bytes.as_deref()).map(sha256),
            before: daemon.before,
            after: daemon.after,
        },
        changes,
    })
}

/// The engine out of an archive that will be there.
fn unpacked(facts: &Facts, source: Option<&Source>) -> Option<Unpacked> {
    match source {
        Some(Source::Static(chosen)) => Some(Unpacked { version: chosen.version.clone(), previous: None }),
        Some(Source::Packages(_) | Source::Script { .. } | Source::Back(_)) | None => {
            facts.state.as_ref().and_then(|state| state.engine.clone())
        }
    }
}

/// How the engine is started with the host.
fn enable(facts: &Facts) -> Change {
    match facts.init {
        Init::OpenRc => Change::Link {
            path: OPENRC_ENABLED.to_owned(),
            target: OPENRC_SERVICE.to_owned(),
            purpose: "start the engine with the host".to_owned(),
        },
        Init::Systemd | Init::Other => Change::Enable,
    }
}

/// Whether nobody else lets the engine start with the host: Debian's packages do, most others' do not.
fn must_enable(facts: &Facts, changes: &[Change]) -> bool {
    match &facts.engine {
        Some(engine) => engine.service.enabled == "disabled",
        None => !changes.iter().any(|change| match change {
            Change::Install(Source::Packages(packages)) => packages.tool == PackageTool::Apt,
            Change::Install(Source::Script { .. } | Source::Static(_) | Source::Back(_))
            | Change::Hostname { .. }
            | Change::Folder { .. }
            | Change::Write { .. }
            | Change::Remove { .. }
            | Change::Link { .. }
            | Change::Enable
            | Change::Start
            | Change::Reload { .. }
            | Change::Restart { .. } => false,
        }),
    }
}

/// As it is, but for nobody else where a password of a proxy stands in it.
fn config_mode(facts: &Facts, after: &Options) -> u32 {
    let mode = facts.config.as_ref().map_or(0o644, |file| file.mode);
    if options::holds_secrets(after) { mode & 0o600 } else { mode }
}

fn can_validate(facts: &Facts) -> bool {
    let version = facts.engine.as_ref().and_then(|engine| engine.version.as_ref());
    version.is_some_and(|version| version.is_at_least(23, 0))
}

/// What the engine must do for these changes to count.
fn engine_change(
    facts: &Facts,
    changes: &[Change],
    daemon: &daemon::Merged,
    listen: &listen::Listen,
) -> Option<Change> {
    let Some(engine) = &facts.engine else { return Some(Change::Start) };
    if !engine.service.is_active {
        return Some(Change::Start);
    }
    let keys = options::changed_keys(&daemon.before, &daemon.after);
    let mut because: Vec<String> = keys.iter().filter(|key| !options::is_reloadable(key)).cloned().collect();
    because.extend(files::reasons_to_restart(changes));
    if listen.by_activation && !engine.our_socket.is_active {
        because.push("its port".to_owned());
    }
    if !because.is_empty() {
        Some(Change::Restart {
            because,
            containers: fate(facts, &changing(facts, &daemon.before, &daemon.after)),
        })
    } else if !keys.is_empty() {
        Some(Change::Reload { because: keys })
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
