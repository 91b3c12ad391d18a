//! The parts of the engine's answers that are in use.

use serde::{Deserialize, Serialize};

/// The newest API version we know.
const NEWEST: (u32, u32) = (1, 47);

/// `GET /version`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Version {
    /// Such as `26.1.5+dfsg1`.
    pub version: String,
    /// Such as `1.45`.
    pub api_version: String,
    /// The oldest API version it still speaks.
    #[serde(default, rename = "MinAPIVersion")]
    pub min_api_version: String,
    /// Such as `linux`.
    #[serde(default)]
    pub os: String,
    /// Such as `amd64`.
    #[serde(default)]
    pub arch: String,
}

impl Version {
    /// The API version to speak: the engine's, at most the newest we know, at least the oldest it speaks.
    pub fn negotiated(&self) -> String {
        let theirs = parse(&self.api_version).unwrap_or(NEWEST);
        let oldest = parse(&self.min_api_version).unwrap_or((0, 0));
        let (major, minor) = theirs.min(NEWEST).max(oldest);
        format!("{major}.{minor}")
    }
}

fn parse(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// `GET /info`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Info {
    /// The engine's own id.
    #[serde(rename = "ID")]
    pub id: String,
    /// The host's name.
    pub name: String,
    /// Such as `26.1.5+dfsg1`.
    pub server_version: String,
    /// How many containers there are.
    pub containers: u64,
    /// How many of them run.
    pub containers_running: u64,
    /// The swarm, as this node sees it.
    pub swarm: SwarmInfo,
    /// Whether containers survive a restart of the engine.
    pub live_restore_enabled: bool,
    /// Such as `name=rootless`; null on some engines.
    pub security_options: Option<Vec<String>>,
    /// What filters its packets; engines before 28 do not say.
    pub firewall_backend: Option<FirewallBackend>,
}

/// What filters an engine's packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FirewallBackend {
    /// Such as `iptables` or `nftables`.
    pub driver: String,
}

/// The swarm, as a node sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct SwarmInfo {
    /// This node's id, or empty.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// The address this node is known by, or empty.
    pub node_addr: String,
    /// `inactive`, `pending`, `active`, `error` or `locked`.
    pub local_node_state: String,
    /// Whether this node is a manager.
    pub control_available: bool,
    /// What is wrong, or empty.
    pub error: String,
    /// The managers this node knows; null outside of a swarm.
    pub remote_managers: Option<Vec<RemoteManager>>,
    /// The swarm itself, which only managers see.
    pub cluster: Option<ClusterInfo>,
}

/// A manager as a node knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RemoteManager {
    /// Its node's id.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// Its address and port.
    pub addr: String,
}

/// The swarm as a manager sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ClusterInfo {
    /// The cluster's id.
    #[serde(rename = "ID")]
    pub id: String,
}

/// One of `GET /containers/json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// Its names, each with a slash before it.
    pub names: Vec<String>,
    /// Its image.
    pub image: String,
    /// Such as `running`.
    pub state: String,
    /// Such as `Up 3 minutes`.
    pub status: String,
}

impl Container {
    /// Its first name without the slash, or its id.
    pub fn name(&self) -> &str {
        self.names.first().map_or(&self.id, |name| name.trim_start_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_version_is_one_that_both_sides_speak() {
        let negotiated = |newest: &str, oldest: &str| {
            let (api_version, min_api_version) = (newest.to_owned(), oldest.to_owned());
            let (version, os, arch) = Default::default();
            Version { version, api_version, min_api_version, os, arch }.negotiated()
        };
        assert_eq!(negotiated("1.41", "1.12"), "1.41");
        assert_eq!(negotiated("1.60", "1.44"), "1.47");
        assert_eq!(negotiated("2.3", "2.0"), "2.0");
        assert_eq!(negotiated("1.9", ""), "1.9");
    }
}
