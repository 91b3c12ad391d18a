//! What the hosts say of themselves, and whether it fits to the swarm that is wanted.

use super::topology::Member;
use crate::{engine::api::SwarmInfo, machine::MachineName};

/// A host's own word on swarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// In none.
    Outside,
    /// On its way into one.
    Joining,
    /// Its attempt ended badly, in the engine's words.
    Failed(String),
    /// A manager that waits for the unlock key.
    Locked,
    /// A worker of some swarm.
    Worker {
        /// Its node's id.
        node: String,
    },
    /// A manager of this swarm.
    Manager {
        /// Its node's id.
        node: String,
        /// The cluster's id; empty while it has no quorum.
        cluster: String,
    },
}

impl Seen {
    /// From `GET /info`.
    pub fn of(info: &SwarmInfo) -> Self {
        let node = info.node_id.clone();
        match info.local_node_state.as_str() {
            "active" if info.control_available => {
                let cluster = info.cluster.as_ref().map(|cluster| cluster.id.clone()).unwrap_or_default();
                Self::Manager { node, cluster }
            }
            "active" => Self::Worker { node },
            "pending" => Self::Joining,
            "locked" => Self::Locked,
            "error" => Self::Failed(info.error.clone()),
            _ => Self::Outside,
        }
    }

    /// The node's id, where it is in a swarm.
    pub fn node(&self) -> Option<&str> {
        match self {
            Self::Worker { node } | Self::Manager { node, .. } => Some(node),
            Self::Outside | Self::Joining | Self::Failed(_) | Self::Locked => None,
        }
    }
}

/// Why hosts cannot form this swarm as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// A manager of another swarm.
    #[error("{machine} is a manager of another swarm ({cluster})")]
    OtherSwarm {
        /// The machine.
        machine: MachineName,
        /// That swarm's id.
        cluster: String,
    },
    /// A node that none of the managers here knows.
    #[error(
        "{machine} is a node of a swarm that no manager here belongs to, or was taken out of this one while it did not answer"
    )]
    Stranger {
        /// The machine.
        machine: MachineName,
    },
    /// The swarm that was recorded is gone from all managers.
    #[error("none of the managers is in the swarm any more that was formed here ({cluster})")]
    Lost {
        /// The recorded id.
        cluster: String,
    },
}

/// The cluster that is there already, and through which member it can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No member is in a swarm.
    Nothing,
    /// This one is.
    Formed {
        /// Its id.
        cluster: String,
        /// A manager that can be asked.
        through: MachineName,
    },
}

/// What is there already. `recorded` is the cluster that an earlier run formed; `seen` is in the order of the members. A swarm that nobody
/// recorded is taken up only where all members are in it, or where an earlier run may have begun it without living to write that down.
pub fn standing(
    members: &[Member],
    seen: &[Seen],
    recorded: Option<&str>,
    was_begun: bool,
) -> Result<Standing, Conflict> {
    let managers = seen.iter().enumerate().filter_map(|(place, seen)| match seen {
        Seen::Manager { cluster, .. } if !cluster.is_empty() => Some((place, cluster.as_str())),
        _ => None,
    });
    let mut formed: Option<(usize, &str)> = None;
    for (place, cluster) in managers {
        let ours = recorded.or(formed.map(|(_, cluster)| cluster));
        if ours.is_some_and(|ours| ours != cluster) {
            let machine = members[place].machine.clone();
            return Err(Conflict::OtherSwarm { machine, cluster: cluster.to_owned() });
        }
        formed.get_or_insert((place, cluster));
    }
    let is_whole = seen.iter().all(|seen| seen.node().is_some());
    if let (Some((place, cluster)), None, false, false) = (formed, recorded, was_begun, is_whole) {
        let machine = members[place].machine.clone();
        return Err(Conflict::OtherSwarm { machine, cluster: cluster.to_owned() });
    }
    match (formed, recorded) {
        (Some((place, cluster)), _) => {
            let through = members[place].machine.clone();
            Ok(Standing::Formed { cluster: cluster.to_owned(), through })
        }
        (None, Some(cluster)) => Err(Conflict::Lost { cluster: cluster.to_owned() }),
        (None, None) => match seen.iter().position(|seen| matches!(seen, Seen::Worker { .. })) {
            Some(place) => Err(Conflict::Stranger { machine: members[place].machine.clone() }),
            None => Ok(Standing::Nothing),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::api::swarm::Role, swarm::topology::Origin};

    fn manager(cluster: &str) -> Seen {
        Seen::Manager { node: "x".to_owned(), cluster: cluster.to_owned() }
    }

    fn stand(seen: &[Seen], recorded: Option<&str>) -> Result<Standing, String> {
        stand_after(seen, recorded, true)
    }

    fn stand_after(seen: &[Seen], recorded: Option<&str>, was_begun: bool) -> Result<Standing, String> {
        let members: Vec<Member> = (0..seen.len())
            .map(|n| Member {
                machine: format!("n{n}").parse().unwrap(),
                role: Role::Manager,
                origin: Origin::Existing,
            })
            .collect();
        standing(&members, seen, recorded, was_begun).map_err(|error| error.to_string())
    }

    #[test]
    fn the_swarm_that_is_there_is_taken_up_and_another_is_refused() {
        let formed = Standing::Formed { cluster: "c".to_owned(), through: "n1".parse().unwrap() };
        assert_eq!(stand(&[Seen::Outside, manager("c")], None).unwrap(), formed);
        assert_eq!(stand(&[Seen::Joining, manager("c")], Some("c")).unwrap(), formed);
        assert_eq!(stand(&[Seen::Outside, Seen::Outside], None).unwrap(), Standing::Nothing);
        assert!(
            stand(&[manager("c"), manager("d")], None)
                .unwrap_err()
                .contains("n1 is a manager of another swarm (d)")
        );
        assert!(stand(&[manager("d")], Some("c")).unwrap_err().contains("another swarm (d)"));
        assert!(stand(&[Seen::Outside], Some("c")).unwrap_err().contains("any more"));
        let fresh = stand_after(&[Seen::Outside, manager("c")], None, false);
        assert!(fresh.unwrap_err().contains("n1 is a manager of another swarm (c)"));
        assert!(stand_after(&[manager("c"), manager("c")], None, false).is_ok());
        let worker = Seen::Worker { node: "x".to_owned() };
        assert!(stand(&[Seen::Outside, worker], None).unwrap_err().contains("n1 is a node of a swarm"));
    }
}
