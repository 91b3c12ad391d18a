//! Who takes part, as what, under which name.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{discovery::Host, quorum};
use crate::{
    engine::api::swarm::Role,
    machine::{MachineName, NameError},
};

/// Managers that a list of hosts gets when nobody says how many.
const USUAL_MANAGERS: usize = 3;

/// One item of `--managers` or `--workers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// So many new machines.
    New(usize),
    /// This machine.
    Machine(MachineName),
}

/// Where a member's machine comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// It was there before.
    Existing,
    /// It is made for this swarm.
    New,
    /// It is made for this swarm from a host of a list.
    Listed {
        /// The host's address.
        address: String,
        /// The engine's port there, where the list says one.
        engine_port: Option<u16>,
    },
}

/// A member as it is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its machine.
    pub machine: MachineName,
    /// What it is for.
    pub role: Role,
    /// Where its machine comes from.
    pub origin: Origin,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// `--managers`.
    pub managers: Vec<Part>,
    /// `--workers`.
    pub workers: Vec<Part>,
    /// `--hosts`.
    pub hosts: Vec<Host>,
    /// Even where the number of managers is even.
    pub force: bool,
}

/// Why that is no swarm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// No manager.
    #[error("a swarm needs a manager")]
    NoManager,
    /// An even number of managers.
    #[error("{reason}")]
    Even {
        /// How many.
        managers: usize,
        /// The arithmetic.
        reason: String,
    },
    /// A machine named twice.
    #[error("{machine} is named twice")]
    Twice {
        /// The machine.
        machine: MachineName,
    },
    /// More managers than hosts.
    #[error("{managers} managers are asked for, and the list has {hosts} hosts")]
    FewHosts {
        /// How many managers.
        managers: usize,
        /// How many hosts.
        hosts: usize,
    },
    /// New machines beside a list of hosts.
    #[error("{count} workers are asked for, and the list has {left} hosts beside the managers")]
    OtherCount {
        /// How many workers.
        count: usize,
        /// How many hosts are left for them.
        left: usize,
    },
    /// A name that would be too long or otherwise none.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// The items of `--managers` or `--workers`: a number of new machines, names of machines that exist, or both.
pub fn parts(text: &str) -> Result<Vec<Part>, NameError> {
    let item = |item: &str| match item.parse() {
        Ok(count) => Ok(Part::New(count)),
        Err(_) => item.parse().map(Part::Machine),
    };
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(item).collect()
}

/// The members of a new swarm, managers first. New machines are called `SWARM-m1`, `SWARM-w1` and so on.
pub fn members(swarm: &MachineName, asked: &Asked) -> Result<Vec<Member>, TopologyError> {
    let members = dealt(swarm, asked, &BTreeSet::new())?;
    check(&members, 0, asked.force)?;
    Ok(members)
}

/// Further members of a swarm that has so many managers and these machines.
pub fn added(
    swarm: &MachineName,
    asked: &Asked,
    managers: usize,
    taken: &BTreeSet<MachineName>,
) -> Result<Vec<Member>, TopologyError> {
    // A list of hosts adds workers unless managers are asked for.
    let asked = match (&asked.hosts[..], &asked.managers[..]) {
        ([_, ..], []) => Asked { managers: vec![Part::New(0)], ..asked.clone() },
        _ => asked.clone(),
    };
    let members = dealt(swarm, &asked, taken)?;
    if let Some(member) = members.iter().find(|member| taken.contains(&member.machine)) {
        return Err(TopologyError::Twice { machine: member.machine.clone() });
    }
    check(&members, managers, asked.force)?;
    Ok(members)
}

fn dealt(
    swarm: &MachineName,
    asked: &Asked,
    taken: &BTreeSet<MachineName>,
) -> Result<Vec<Member>, TopologyError> {
    let mut hosts = asked.hosts.iter();
    let (managers, workers) = if asked.hosts.is_empty() {
        (asked.managers.clone(), asked.workers.clone())
    } else {
        of_list(asked)?
    };
    let mut members = Vec::new();
    for (role, parts) in [(Role::Manager, &managers), (Role::Worker, &workers)] {
        let mut names = fresh_names(swarm, role, taken.clone());
        for part in parts {
            match part {
                Part::Machine(machine) => {
                    members.push(Member { machine: machine.clone(), role, origin: Origin::Existing });
                }
                Part::New(count) => {
                    for name in names.by_ref().take(*count) {
                        let origin = hosts.next().map_or(Origin::New, |host| Origin::Listed {
                            address: host.address.clone(),
                            engine_port: host.engine_port,
                        });
                        members.push(Member { machine: name?, role, origin });
                    }
                }
            }
        }
    }
    Ok(members)
}

/// A list of hosts is dealt out: the first become managers, the rest workers.
fn of_list(asked: &Asked) -> Result<(Vec<Part>, Vec<Part>), TopologyError> {
    let listed = asked.hosts.len();
    let new =
        |parts: &[Part]| parts.iter().map(|part| if let Part::New(n) = part { *n } else { 0 }).sum::<usize>();
    let named = |parts: &[Part]| {
        parts.iter().filter(|part| matches!(part, Part::Machine(_))).cloned().collect::<Vec<_>>()
    };
    let (mut managers, mut workers) = (named(&asked.managers), named(&asked.workers));
    let of_managers = match new(&asked.managers) {
        0 if managers.is_empty() && asked.managers.is_empty() => {
            if listed < USUAL_MANAGERS {
                1
            } else {
                USUAL_MANAGERS
            }
        }
        count => count,
    };
    let left = listed
        .checked_sub(of_managers)
        .ok_or(TopologyError::FewHosts { managers: of_managers, hosts: listed })?;
    let count = new(&asked.workers);
    if count != 0 && count != left {
        return Err(TopologyError::OtherCount { count, left });
    }
    managers.push(Part::New(of_managers));
    workers.push(Part::New(left));
    Ok((managers, workers))
}

/// Names for further machines of a swarm, leaving out those that are taken.
pub fn fresh_names(
    swarm: &MachineName,
    role: Role,
    taken: BTreeSet<MachineName>,
) -> impl Iterator<Item = Result<MachineName, NameError>> {
    let letter = match role {
        Role::Manager => 'm',
        Role::Worker => 'w',
    };
    let swarm = swarm.clone();
    (1..).map(move |n: usize| format!("{swarm}-{letter}{n}").parse()).filter(move |name| match name {
        Ok(name) => !taken.contains(name),
        Err(_) => true,
    })
}

fn check(members: &[Member], managers: usize, force: bool) -> Result<(), TopologyError> {
    for (place, member) in members.iter().enumerate() {
        if members[..place].iter().any(|other| other.machine == member.machine) {
            return Err(TopologyError::Twice { machine: member.machine.clone() });
        }
    }
    let new = members.iter().filter(|member| member.role == Role::Manager).count();
    match managers + new {
        _ if managers > 0 && new == 0 => Ok(()),
        0 => Err(TopologyError::NoManager),
        managers if managers % 2 == 0 && !force => {
            Err(TopologyError::Even { managers, reason: quorum::against_even(managers) })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(managers: &str, workers: &str) -> Asked {
        Asked { managers: parts(managers).unwrap(), workers: parts(workers).unwrap(), ..Asked::default() }
    }

    fn listed(asked: &Asked) -> Result<Vec<String>, String> {
        let members = members(&"web".parse().unwrap(), asked).map_err(|error| error.to_string())?;
        let shown = |member: Member| match member.origin {
            Origin::Existing => format!("{} {}", member.machine, member.role),
            Origin::New => format!("+{} {}", member.machine, member.role),
            Origin::Listed { address, .. } => format!("+{} {} at {address}", member.machine, member.role),
        };
        Ok(members.into_iter().map(shown).collect())
    }

    #[test]
    fn new_machines_are_numbered_and_existing_ones_keep_their_names() {
        assert_eq!(
            listed(&asked("1", "2")).unwrap(),
            ["+web-m1 manager", "+web-w1 worker", "+web-w2 worker"]
        );
        assert_eq!(listed(&asked("n1,2", "")).unwrap(), ["n1 manager", "+web-m1 manager", "+web-m2 manager"]);
    }

    #[test]
    fn a_list_of_hosts_is_dealt_out_managers_first() {
        let hosts = |count: usize| {
            (1..=count).map(|n| Host { address: format!("h{n}"), engine_port: None }).collect::<Vec<_>>()
        };
        let list = |count, managers: &str, workers: &str| {
            listed(&Asked { hosts: hosts(count), ..asked(managers, workers) })
        };
        assert_eq!(list(2, "", "").unwrap(), ["+web-m1 manager at h1", "+web-w1 worker at h2"]);
        assert_eq!(list(4, "", "").unwrap()[3], "+web-w1 worker at h4");
        assert_eq!(
            list(2, "n1", "").unwrap(),
            ["n1 manager", "+web-w1 worker at h1", "+web-w2 worker at h2"]
        );
        assert!(list(2, "3", "").unwrap_err().contains("3 managers are asked for"));
        assert!(list(4, "3", "5").unwrap_err().contains("5 workers are asked for, and the list has 1"));
    }

    #[test]
    fn what_cannot_be_a_swarm_is_refused_with_the_reason() {
        assert!(listed(&asked("2", "")).unwrap_err().contains("2 managers need 2 to agree"));
        assert!(listed(&Asked { force: true, ..asked("2", "") }).is_ok());
        assert!(listed(&asked("", "2")).unwrap_err().contains("needs a manager"));
        assert!(listed(&asked("n1", "n1")).unwrap_err().contains("n1 is named twice"));
    }
}
