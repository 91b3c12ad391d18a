//! What the store keeps of a swarm: what it is to be, who takes part, and how far it is.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{
    addresses::Addresses,
    topology::{Member, Origin},
};
use crate::{
    engine::{
        api::swarm::{Availability, Role},
        options::Options,
    },
    machine::MachineName,
    secret::{Secret, exposed},
};

/// How far forming came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It was decided who takes part.
    #[default]
    Recorded,
    /// The first manager runs.
    Begun,
    /// Every node was ready in its role.
    Formed,
}

/// What was asked of the swarm as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The UDP port of overlay networks; 0 is the engine's own.
    pub data_path_port: u16,
    /// Where overlay networks get their subnets; empty is the engine's own.
    pub pools: Vec<IpNet>,
    /// How large those are, as a prefix length; 0 is the engine's own.
    pub subnet_size: u32,
    /// Whether managers start locked.
    pub autolock: bool,
    /// Whether managers get no tasks.
    pub drain_managers: bool,
    /// Whether overlay networks are encrypted unless they say otherwise.
    pub encrypt: bool,
    /// Labels of every node.
    pub labels: BTreeMap<String, String>,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its machine.
    pub machine: MachineName,
    /// What it is for.
    pub role: Role,
    /// Where its machine came from.
    pub origin: Origin,
    /// Its node's id, once it is in.
    #[serde(default)]
    pub id: Option<String>,
    /// What the others dial.
    #[serde(default)]
    pub advertise: Option<IpAddr>,
    /// What it listens on as a manager.
    #[serde(default)]
    pub listen: Option<IpAddr>,
    /// What overlay traffic uses, where that is another one.
    #[serde(default)]
    pub data_path: Option<IpAddr>,
    /// Whether it is to get tasks.
    #[serde(default)]
    pub availability: Availability,
    /// Its labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Ids that its host had in this swarm before it was made anew, until they are forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
    /// What its engine had before it was made ready, which it gets back when it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

/// What an engine had before it became a node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    /// Whether it had live-restore.
    pub live_restore: bool,
    /// Its defaults for networks, where the swarm changed them; empty where it had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_options: Option<Options>,
}

impl Node {
    /// A member that is not in yet.
    pub fn of(member: &Member, settings: &Settings) -> Self {
        let is_drained = settings.drain_managers && member.role == Role::Manager;
        Self {
            machine: member.machine.clone(),
            role: member.role,
            origin: member.origin.clone(),
            id: None,
            advertise: None,
            listen: None,
            data_path: None,
            availability: if is_drained { Availability::Drain } else { Availability::Active },
            labels: settings.labels.clone(),
            before: None,
            earlier: Vec::new(),
        }
    }

    /// The member it was made from.
    pub fn member(&self) -> Member {
        Member { machine: self.machine.clone(), role: self.role, origin: self.origin.clone() }
    }

    /// It is in under this id; another one that it had is to be forgotten.
    pub fn succeed(&mut self, id: &str) {
        let before = self.id.replace(id.to_owned());
        self.earlier.extend(before.filter(|before| before != id));
    }

    /// Whether its machine was made for the swarm.
    pub fn is_made(&self) -> bool {
        match self.origin {
            Origin::Existing => false,
            Origin::New | Origin::Listed { .. } => true,
        }
    }

    /// Its addresses, once they are chosen.
    pub fn addresses(&self) -> Option<Addresses> {
        Some(Addresses { advertise: self.advertise?, listen: self.listen?, data_path: self.data_path })
    }

    /// Keeps the chosen addresses.
    pub fn locate(&mut self, addresses: &Addresses) {
        self.advertise = Some(addresses.advertise);
        self.listen = Some(addresses.listen);
        self.data_path = addresses.data_path;
    }
}

/// What unlocks managers, as the file holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnlockKey(#[serde(serialize_with = "exposed")] pub Secret);

/// A swarm.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// How far it is.
    #[serde(default)]
    pub stage: Stage,
    /// The cluster's id, once the first manager runs.
    #[serde(default)]
    pub cluster: Option<String>,
    /// What was asked of it.
    #[serde(default)]
    pub settings: Settings,
    /// Who takes part, managers first.
    pub nodes: Vec<Node>,
    /// Whether docker gets a context of the swarm's name; `None` where nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<bool>,
    /// What unlocks its managers. The file is 0600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlock_key: Option<UnlockKey>,
}

impl Record {
    /// A swarm of which nothing exists yet.
    pub fn new(members: &[Member], settings: Settings) -> Self {
        let nodes = members.iter().map(|member| Node::of(member, &settings)).collect();
        Self { settings, nodes, ..Self::default() }
    }

    /// The members, in order.
    pub fn members(&self) -> Vec<Member> {
        self.nodes.iter().map(Node::member).collect()
    }

    /// The node of a machine.
    pub fn node(&self, machine: &MachineName) -> Option<&Node> {
        self.nodes.iter().find(|node| node.machine == *machine)
    }

    /// The same, to change it.
    pub fn node_mut(&mut self, machine: &MachineName) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.machine == *machine)
    }

    /// The machines of the managers.
    pub fn managers(&self) -> impl Iterator<Item = &MachineName> {
        self.nodes.iter().filter(|node| node.role == Role::Manager).map(|node| &node.machine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_a_host_had_before_is_remembered_until_it_is_forgotten() {
        let member = Member { machine: "n1".parse().unwrap(), role: Role::Worker, origin: Origin::Existing };
        let mut node = Node::of(&member, &Settings::default());
        node.succeed("a");
        node.succeed("a");
        assert!(node.earlier.is_empty());
        node.succeed("b");
        assert_eq!((node.id.as_deref(), node.earlier), (Some("b"), vec!["a".to_owned()]));
    }

    #[test]
    fn a_record_comes_back_with_its_key_and_debug_output_never_holds_it() {
        let member = Member { machine: "n1".parse().unwrap(), role: Role::Manager, origin: Origin::Existing };
        let mut record = Record::new(&[member], Settings { drain_managers: true, ..Settings::default() });
        record.unlock_key = Some(UnlockKey(Secret::new("SWMKEY-1-x")));
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        assert_eq!(record.nodes[0].availability, Availability::Drain);
        assert!(!format!("{record:?}").contains("SWMKEY"));
    }
}
