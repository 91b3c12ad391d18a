//! What a host is: one script, one look, nothing changed.
//!
//! What the script prints is the host's word, and a host may lie or be broken: [`wire`] takes it apart with bounds, and
//! [`read`] turns the parts into [`Facts`]. What could not be found out is `None`, never a guess.

mod ask;
mod read;
#[cfg(test)]
pub(super) mod recorded;
mod wire;

use std::{collections::BTreeMap, net::IpAddr};

pub(super) use self::ask::ask;
pub use self::ask::gather;
use super::{
    os::OsRelease,
    state::{ENGINES_HOME, State},
    unit::{ExecStart, Flag, TextFile},
};
use crate::machine::EngineVersion;

/// The vendor's script, where the wishes name no other. `templates/facts.sh` has it too.
pub const INSTALLER: &str = "https://get.docker.com";

/// What a host is.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Its operating system.
    pub os: OsRelease,
    /// Its architecture, as `uname -m` says it.
    pub arch: String,
    /// Its kernel, such as `Linux 6.1.0`.
    pub kernel: String,
    /// What runs its services.
    pub init: Init,
    /// Whether we are root there.
    pub is_root: bool,
    /// Who logged in, where that is not root.
    pub login: Option<Login>,
    /// Its host name.
    pub hostname: String,
    /// `/etc/hostname`.
    pub hostname_file: Option<HostFile>,
    /// `/etc/hosts`.
    pub hosts_file: Option<HostFile>,
    /// Its clock, seconds since 1970.
    pub clock: i64,
    /// The addresses it owns.
    pub addresses: Vec<IpAddr>,
    /// Its disks, as far as we write to them.
    pub disks: Vec<Disk>,
    /// Folders we would write to that are read-only.
    pub read_only: Vec<String>,
    /// The engine, where there is one.
    pub engine: Option<Engine>,
    /// The process of an engine that runs although its program is gone, as after a package was removed.
    pub leftover: Option<u32>,
    /// The docker client's path, where there is one.
    pub client: Option<String>,
    /// Whether snap's docker is installed.
    pub has_snap_docker: bool,
    /// Where `daemon.json` really is (it may be a link), whether or not it exists.
    pub config_path: String,
    /// `daemon.json`.
    pub config: Option<HostFile>,
    /// Who listens on TCP.
    pub listeners: Vec<Listener>,
    /// Who works on packages just now.
    pub package_lock: Option<Process>,
    /// How far first boot's own work is.
    pub cloud_init: CloudInit,
    /// Programs that an installation needs; looked for only where there may be one.
    pub tools: Tools,
    /// What the source of a pinned engine has on offer; asked only where one has to be installed.
    pub offers: Option<Offers>,
    /// Whether the installer's host answers; asked only where no engine is there.
    pub installer: Installer,
    /// A transaction that was begun and neither committed nor undone.
    pub unfinished: Option<Unfinished>,
    /// What was there before the first adoption, where there was one.
    pub origin: Option<Origin>,
    /// Our note of the last time.
    pub state: Option<State>,
    /// Files of ours whose content is not read, with what is known of them.
    pub files: BTreeMap<String, FileState>,
    /// The texts of units and drop-ins, in the order systemd reads them.
    pub texts: Vec<TextFile>,
}

/// A login that became root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub user: String,
    /// Its groups.
    pub groups: Vec<String>,
}

/// What runs services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    /// systemd.
    Systemd,
    /// OpenRC.
    OpenRc,
    /// Something else, or nothing.
    Other,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFile {
    /// Its bytes; `None` when it is too large to be what it should be.
    pub bytes: Option<Vec<u8>>,
    /// Its mode, such as `0o644`.
    pub mode: u32,
}

/// A file that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileState {
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Its mode.
    pub mode: u32,
}

/// A file system we write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Where we would write: `/`, `/etc` or `/var/lib`.
    pub path: String,
    /// Free KiB.
    pub free_kib: u64,
}

/// An installed engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Engine {
    /// Where dockerd is.
    pub path: String,
    /// Its version; `None` when it would not say.
    pub version: Option<EngineVersion>,
    /// `docker.service`.
    pub service: Unit,
    /// `docker.socket`.
    pub socket: Unit,
    /// Our own socket.
    pub our_socket: Unit,
    /// The command it is started with.
    pub command: Option<ExecStart>,
    /// The variables of that command.
    pub variables: BTreeMap<String, String>,
    /// That command's flags.
    pub flags: Vec<Flag>,
    /// Its process, where it runs.
    pub process: Option<EngineProcess>,
    /// What it says of itself; `None` when it does not run or does not answer.
    pub running: Option<Running>,
    /// Containers that run although the engine would not tell of them.
    pub tasks: Vec<String>,
}

/// A service: a unit of systemd's, or what OpenRC says in the same words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// `loaded`, `masked`, `not-found`.
    pub load: String,
    /// Whether it is up (or coming up).
    pub is_active: bool,
    /// `enabled`, `disabled`, `static`, or empty.
    pub enabled: String,
    /// Its file.
    pub fragment: Option<String>,
    /// Its drop-ins.
    pub drop_ins: Vec<String>,
}

/// The engine's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineProcess {
    /// Its id.
    pub pid: u32,
    /// When it started, in clock ticks since boot; tells one start from another.
    pub started: u64,
}

/// A running engine's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// The containers that run.
    pub containers: Vec<Container>,
    /// Their TCP ports that are published on the host.
    pub published: Vec<Published>,
    /// Whether it is part of a swarm.
    pub is_in_swarm: bool,
    /// Whether containers survive its restart as it is.
    pub live_restore: bool,
    /// `systemd` or `cgroupfs`.
    pub cgroup_driver: Option<String>,
    /// All of its answer to `/info`.
    pub info: serde_json::Value,
}

/// A running container.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its name, else the beginning of its id.
    pub name: String,
    /// Whether it is a task of a swarm.
    #[serde(default)]
    pub is_task: bool,
    /// Its restart policy: `no`, `always`, `unless-stopped`, `on-failure`; `None` when unknown.
    pub restart: Option<String>,
    /// Whether it is attached to the default bridge.
    #[serde(default)]
    pub is_on_bridge: bool,
}

impl Container {
    /// Whether the engine starts it again by itself after it was stopped by the engine's own end.
    pub fn comes_back(&self) -> bool {
        matches!(self.restart.as_deref(), Some("always" | "unless-stopped"))
    }
}

/// Somebody who listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// On which address; `None` is every one.
    pub address: Option<IpAddr>,
    /// On which port.
    pub port: u16,
    /// The program, where it is known.
    pub program: Option<Process>,
    /// The unit for which systemd opened it, where it did; empty where that is not known.
    pub socket_unit: Option<String>,
}

/// A port of a container that the host passes on to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The container's name.
    pub container: String,
    /// On which address of the host; `None` is every one.
    pub address: Option<IpAddr>,
    /// The host's port.
    pub port: u16,
}

/// A program at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

/// First boot's own work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloudInit {
    /// Not on this host.
    Absent,
    /// Not finished.
    Running,
    /// Over.
    Finished,
}

/// Whether the vendor's installer can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Installer {
    /// An engine is there, so nobody asked.
    NotAsked,
    /// Its host answered in time.
    Answers,
    /// It did not, or nothing on the host can ask.
    Silent(String),
}

/// Programs that an installation needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tools {
    /// curl or wget.
    pub fetcher: bool,
    /// iptables, which an engine out of an archive needs and does not bring.
    pub iptables: bool,
}

/// Versions that a source has on offer, in its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offers {
    /// What was asked.
    pub source: String,
    /// The versions.
    pub versions: Vec<String>,
    /// Why they are not known, where they are not.
    pub trouble: Option<String>,
}

/// A transaction of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Its id.
    pub id: String,
    /// Whether it still works.
    pub is_running: bool,
    /// The step it is, or was, in.
    pub step: String,
}

/// What the first adoption found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The paths that were changed since.
    pub paths: Vec<String>,
    /// `daemon.json` as it was; `None` when there was none.
    pub config: Option<Vec<u8>>,
    /// Whether the engine ran.
    pub was_active: bool,
    /// Whether the engine came with the adoption.
    pub installed: bool,
}

impl Origin {
    /// Whether the engine came out of an archive of ours, so that it goes when the host is released.
    pub fn brought_engine(&self) -> bool {
        self.installed && self.paths.iter().any(|path| path == ENGINES_HOME)
    }
}

#[cfg(test)]
mod tests;
