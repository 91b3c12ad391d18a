//! What we leave on a host beside the engine's own files, and the names of all of them.

use serde::{Deserialize, Serialize};

use crate::engine::options::Options;

/// Our note to ourselves.
pub const STATE_PATH: &str = "/var/lib/rmachine/state.json";
/// Certificates and key of the engine.
pub const TLS_FOLDER: &str = "/etc/docker/rmachine";
/// The socket unit that opens the engine's TCP port.
pub const SOCKET_PATH: &str = "/etc/systemd/system/rmachine-docker.socket";
/// The drop-in that pulls it in.
pub const DROP_IN_PATH: &str = "/etc/systemd/system/docker.service.d/10-rmachine.conf";
/// docker-machine's drop-in, which starts the engine with flags.
pub const OLD_DROP_IN: &str = "/etc/systemd/system/docker.service.d/10-machine.conf";

/// Where engines out of archives live, one folder a version.
pub const ENGINES: &str = "/opt/rmachine/engine";
/// The folder of all that.
pub const ENGINES_HOME: &str = "/opt/rmachine";
/// The service of such an engine.
pub const SERVICE_PATH: &str = "/etc/systemd/system/docker.service";
/// Its socket.
pub const SERVICE_SOCKET_PATH: &str = "/etc/systemd/system/docker.socket";

/// The service of such an engine under OpenRC.
pub const OPENRC_SERVICE: &str = "/etc/init.d/docker";
/// The link by which OpenRC starts the engine with the host.
pub const OPENRC_ENABLED: &str = "/etc/runlevels/default/docker";
/// Flags and variables of engines whose script is OpenRC's own kind.
pub const OPENRC_SETTINGS: &str = "/etc/conf.d/docker";
/// The same of those whose script is the older kind, as Debian's.
pub const DEFAULTS: &str = "/etc/default/docker";

/// Whether a file says how the engine is started, so that only a restart makes it count.
pub fn is_of_service(path: &str) -> bool {
    path.starts_with("/etc/systemd/") || [OPENRC_SERVICE, OPENRC_SETTINGS, DEFAULTS].contains(&path)
}

/// The note: what to take back from `daemon.json` when it is no longer wished for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// 1.
    pub version: u32,
    /// The machine's name.
    pub machine: String,
    /// The machine's store, by its id; not known of hosts that were adopted before it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// Whether the machine's driver made the host.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_made: bool,
    /// What we laid over `daemon.json`.
    pub daemon: Options,
    /// What came from docker-machine's drop-in, which is gone by now.
    #[serde(default)]
    pub carried: Carried,
    /// The engine, where it came out of an archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<Unpacked>,
}

/// An engine out of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpacked {
    /// The version that runs: its folder.
    pub version: String,
    /// The one before, which is still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// What docker-machine's drop-in said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Carried {
    /// Its flags, as settings.
    pub daemon: Options,
    /// Its `Environment=` lines.
    pub environment: Vec<String>,
}

/// SHA-256 in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
