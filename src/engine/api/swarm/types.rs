//! The parts of swarm mode's answers that are in use.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::secret::Secret;

/// What a node is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Keeps the swarm's state and decides.
    Manager,
    /// Runs what it is told.
    #[default]
    Worker,
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Manager => "manager",
            Self::Worker => "worker",
        })
    }
}

/// Whether a node gets tasks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Availability {
    /// It gets new ones.
    #[default]
    Active,
    /// It keeps the ones it has.
    Pause,
    /// Its tasks move away.
    Drain,
}

impl fmt::Display for Availability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Active => "active",
            Self::Pause => "pause",
            Self::Drain => "drain",
        })
    }
}

impl FromStr for Availability {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "active" => Ok(Self::Active),
            "pause" => Ok(Self::Pause),
            "drain" => Ok(Self::Drain),
            other => Err(format!("{other:?} is none of active, pause, drain")),
        }
    }
}

/// Whether a node answers to the managers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It does.
    Ready,
    /// It did not for some heartbeats.
    Down,
    /// It is being forgotten.
    Disconnected,
    /// Not known (yet).
    #[default]
    #[serde(other)]
    Unknown,
}

impl fmt::Display for NodeState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Ready => "ready",
            Self::Down => "down",
            Self::Disconnected => "disconnected",
            Self::Unknown => "unknown",
        })
    }
}

/// Whether a manager answers to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reachability {
    /// It does.
    Reachable,
    /// It does not.
    Unreachable,
    /// Not known (yet).
    #[default]
    #[serde(other)]
    Unknown,
}

impl fmt::Display for Reachability {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Reachable => "reachable",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        })
    }
}

/// How often a thing was written; a write names the version it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ObjectVersion {
    /// The count.
    pub index: u64,
}

/// `GET /swarm`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Swarm {
    /// The cluster's id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Which writing this is.
    pub version: ObjectVersion,
    /// Settings, as they came.
    pub spec: Value,
    /// What lets an engine in.
    pub join_tokens: JoinTokens,
    /// Whether the swarm's own CA is being replaced just now.
    pub root_rotation_in_progress: bool,
    /// The UDP port of overlay networks; 0 is the usual one, 4789.
    pub data_path_port: u16,
    /// Where overlay networks get their subnets.
    pub default_addr_pool: Option<Vec<String>>,
    /// How large those are, as a prefix length.
    pub subnet_size: u32,
}

impl Swarm {
    /// Whether managers start locked.
    pub fn is_autolocked(&self) -> bool {
        self.spec["EncryptionConfig"]["AutoLockManagers"].as_bool().unwrap_or(false)
    }
}

/// What lets an engine in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct JoinTokens {
    /// As a worker.
    pub worker: Secret,
    /// As a manager.
    pub manager: Secret,
}

impl JoinTokens {
    /// The one for this role.
    pub fn of(&self, role: Role) -> &Secret {
        match role {
            Role::Manager => &self.manager,
            Role::Worker => &self.worker,
        }
    }
}

/// `GET /nodes/ID`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Node {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Which writing this is.
    pub version: ObjectVersion,
    /// What was asked for, as it came: role, availability, labels.
    pub spec: Value,
    /// What it says of itself.
    pub description: NodeDescription,
    /// What the managers see of it.
    pub status: NodeStatus,
    /// What the managers see of it as a manager.
    pub manager_status: Option<ManagerStatus>,
}

impl Node {
    /// The role that was asked for; a node that is on its way to it still has the other.
    pub fn role(&self) -> Role {
        if self.spec["Role"] == "manager" { Role::Manager } else { Role::Worker }
    }

    /// Whether it gets tasks.
    pub fn availability(&self) -> Availability {
        self.spec["Availability"].as_str().and_then(|word| word.parse().ok()).unwrap_or_default()
    }

    /// Its labels.
    pub fn labels(&self) -> BTreeMap<String, String> {
        serde_json::from_value(self.spec["Labels"].clone()).unwrap_or_default()
    }

    /// Whether it leads the managers.
    pub fn is_leader(&self) -> bool {
        self.manager_status.as_ref().is_some_and(|status| status.leader)
    }

    /// Whether it is a manager that the others reach.
    pub fn is_reachable_manager(&self) -> bool {
        self.manager_status.as_ref().is_some_and(|status| status.reachability == Reachability::Reachable)
    }

    /// Whether it does what was asked of it.
    pub fn is_settled(&self) -> bool {
        let in_role = match self.role() {
            Role::Manager => self.is_reachable_manager(),
            Role::Worker => self.manager_status.is_none(),
        };
        self.status.state == NodeState::Ready && in_role
    }
}

/// What a node says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeDescription {
    /// Its host's name.
    pub hostname: String,
    /// Its engine.
    pub engine: NodeEngine,
}

/// A node's engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeEngine {
    /// Such as `26.1.5+dfsg1`.
    pub engine_version: String,
}

/// What the managers see of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeStatus {
    /// Whether it answers.
    pub state: NodeState,
    /// Why not.
    pub message: String,
    /// Its address.
    pub addr: String,
}

/// What the managers see of a manager.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ManagerStatus {
    /// Whether it leads.
    pub leader: bool,
    /// Whether the others reach it.
    pub reachability: Reachability,
    /// Its address and port.
    pub addr: String,
}

/// One of `GET /services`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Service {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// What was asked for, as it came.
    pub spec: Value,
}

impl Service {
    /// Its name.
    pub fn name(&self) -> &str {
        self.spec["Name"].as_str().unwrap_or(&self.id)
    }
}

/// One of `GET /tasks`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Task {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Its service's id.
    #[serde(rename = "ServiceID")]
    pub service_id: String,
    /// Which of the service's replicas it is; 0 for a global service.
    pub slot: u64,
    /// The node it runs on; empty before it has one.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// What it should do.
    pub desired_state: String,
    /// What it does.
    pub status: TaskStatus,
}

impl Task {
    /// Whether it is to run, or runs still although it is to end.
    pub fn is_alive(&self) -> bool {
        self.desired_state == "running" || self.status.state == "running"
    }
}

/// What a task does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TaskStatus {
    /// Such as `running`.
    pub state: String,
    /// Why it failed.
    pub err: String,
    /// Since when, as the engine writes it.
    pub timestamp: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(json: &str) -> Node {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_manager_is_settled_once_the_others_reach_it() {
        let manager = r#"{"ID":"a","Spec":{"Role":"manager","Availability":"drain","Labels":{"zone":"1"}},
            "Status":{"State":"ready"},"ManagerStatus":{"Leader":true,"Reachability":"reachable"}}"#;
        let manager = node(manager);
        assert!(manager.is_settled() && manager.is_leader());
        assert_eq!(manager.availability(), Availability::Drain);
        assert_eq!(manager.labels()["zone"], "1");
        let joining = r#"{"Spec":{"Role":"manager"},"Status":{"State":"ready"}}"#;
        assert!(!node(joining).is_settled());
        let demoted = r#"{"Spec":{"Role":"worker"},"Status":{"State":"ready"},"ManagerStatus":{"Reachability":"reachable"}}"#;
        assert!(!node(demoted).is_settled());
    }

    #[test]
    fn a_state_that_nobody_knows_is_no_error() {
        let strange =
            node(r#"{"Status":{"State":"levitating"},"ManagerStatus":{"Reachability":"sideways"}}"#);
        assert_eq!(strange.status.state, NodeState::Unknown);
        assert_eq!(strange.manager_status.unwrap().reachability, Reachability::Unknown);
    }
}
