//! What machines mean to the swarms of their store, for verbs that know nothing of swarms.

use crate::{
    engine::api::swarm::Role,
    machine::{MachineName, State},
    ops::{OpsError, World, query},
    swarm::{quorum::Quorum, record::Record},
};

/// A machine that is a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The swarm.
    pub swarm: MachineName,
    /// As what.
    pub role: Role,
}

/// The swarms of the store, but for those whose record cannot be read: `store check` tells of them.
fn swarms(world: &World) -> Result<Vec<(MachineName, Record)>, OpsError> {
    let names = world.store.swarms()?.into_iter();
    Ok(names.filter_map(|name| world.swarm(&name).ok().map(|record| (name, record))).collect())
}

/// The swarm that a machine is a node of, where it is one.
pub fn of(world: &World, machine: &MachineName) -> Result<Option<Membership>, OpsError> {
    Ok(swarms(world)?.into_iter().find_map(|(swarm, record)| {
        let node = record.nodes.iter().find(|node| node.machine == *machine && node.id.is_some())?;
        Some(Membership { swarm, role: node.role })
    }))
}

/// The swarms in which nothing can be decided any more once these machines are down, and what of their managers is left then.
pub async fn silenced_without(
    world: &World,
    going: &[MachineName],
) -> Result<Vec<(MachineName, Quorum)>, OpsError> {
    let mut silenced = Vec::new();
    for (swarm, record) in swarms(world)? {
        let managers: Vec<&MachineName> = record
            .nodes
            .iter()
            .filter(|node| node.role == Role::Manager && node.id.is_some())
            .map(|node| &node.machine)
            .collect();
        if !managers.iter().any(|manager| going.contains(manager)) {
            continue;
        }
        let mut reachable = 0;
        for machine in managers.iter().filter(|manager| !going.contains(manager)) {
            let Ok(record) = world.store.load(machine) else { continue };
            reachable += usize::from(matches!(query::state(world, &record).await, Ok(State::Running)));
        }
        let left = Quorum { managers: managers.len(), reachable };
        if reachable > 0 && !left.is_kept() {
            silenced.push((swarm, left));
        }
    }
    Ok(silenced)
}
