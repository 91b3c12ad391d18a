//! Machines whose engines are nodes of a swarm: one at a time, drained first, by a manager that is a machine of ours.

use std::{collections::BTreeMap, time::Duration};

use super::node;
use crate::{
    engine::api::{
        Api,
        swarm::{Availability, Node},
    },
    event::Events,
    machine::MachineName,
    ops::{OpsError, World, connect},
    retry::Deadline,
    store::Record,
    swarm::quorum::{self, Quorum, Restart},
};

/// How long an engine may take to say what it is part of.
const LOOK: Duration = Duration::from_secs(10);
/// How long a node's tasks may take to end, and a node to come back.
const MOVE: Duration = Duration::from_secs(180);

/// What an engine says of its place in a swarm.
struct Place {
    /// Its node.
    node: String,
    /// Whether it is a manager.
    manages: bool,
    /// The managers it knows; the same for all nodes of a swarm.
    managers: Vec<String>,
}

/// The machines in groups: those of one swarm follow each other, everything else goes side by side.
pub async fn groups(world: &World, names: Vec<MachineName>) -> Vec<Vec<MachineName>> {
    let places = crate::ops::fan_out::fan_out(names, crate::ops::fan_out::AT_ONCE, |name| {
        let world = world.clone();
        async move { place(&world, &name).await.map(|(place, _)| place) }
    })
    .await;
    let mut alone = Vec::new();
    let mut swarms: BTreeMap<String, Vec<(bool, MachineName)>> = BTreeMap::new();
    for (name, place) in places {
        match place.and_then(|place| Some((place.managers.first().cloned()?, place.manages))) {
            Some((swarm, manages)) => swarms.entry(swarm).or_default().push((manages, name)),
            None => alone.push(vec![name]),
        }
    }
    // Workers first: should the new engine be no good, the managers have not met it yet.
    for nodes in swarms.values_mut() {
        nodes.sort_by_key(|(manages, _)| *manages);
    }
    alone.extend(swarms.into_values().map(|nodes| nodes.into_iter().map(|(_, name)| name).collect()));
    alone
}

/// Whether the swarm bears the restart of this node's engine.
pub(super) async fn permit(world: &World, record: &Record, may_stop: bool) -> Result<(), OpsError> {
    let Some((place, manager)) = node_and_manager(world, record).await? else { return Ok(()) };
    let nodes = manager.nodes(Deadline::after(node::REQUEST)).await?;
    match quorum::restart(&nodes, &place.node) {
        Restart::Kept => Ok(()),
        Restart::Alone if may_stop => Ok(()),
        Restart::Alone => Err(OpsError::OnlyManager { machine: record.name.to_string() }),
        Restart::Lost(Quorum { managers, reachable: left }) => {
            Err(OpsError::QuorumAtRisk { machine: record.name.to_string(), managers, left })
        }
    }
}

/// A node that was taken out of work.
pub(super) struct Drained {
    record: Record,
    node: String,
    before: Availability,
}

impl Drained {
    /// Drains a node and waits until nothing of the swarm runs there.
    pub(super) async fn take_out(
        world: &World,
        record: &Record,
        deadline: Deadline,
        events: &Events,
    ) -> Result<Self, OpsError> {
        let found = node_and_manager(world, record).await?;
        let (place, manager) =
            found.ok_or_else(|| OpsError::NoManager { machine: record.name.to_string() })?;
        let nodes = manager.nodes(Deadline::after(node::REQUEST)).await?;
        let before =
            nodes.iter().find(|node| node.id == place.node).map(Node::availability).unwrap_or_default();
        let drained = Self { record: record.clone(), node: place.node, before };
        events.step("draining the node");
        node::make(&manager, &drained.node, Availability::Drain).await?;
        let emptied = node::wait_until_empty(&manager, &drained.node, deadline.at_most(MOVE), events).await;
        if let Err(error) = emptied {
            // Nothing was changed on the host; the node is given back as it was.
            node::make(&manager, &drained.node, drained.before).await?;
            return Err(error.into());
        }
        Ok(drained)
    }

    /// Gives it its work back once it takes part again.
    pub(super) async fn put_back(
        &self,
        world: &World,
        deadline: Deadline,
        events: &Events,
    ) -> Result<(), OpsError> {
        let deadline = deadline.at_most(MOVE);
        events.step("giving the node its work back");
        let driver = world.driver(&self.record)?;
        connect::engine(world, driver.as_ref(), &self.record, deadline).await?.wait(deadline, events).await?;
        let found = node_and_manager(world, &self.record).await?;
        let (_, manager) =
            found.ok_or_else(|| OpsError::NoManager { machine: self.record.name.to_string() })?;
        node::wait_until_ready(&manager, &self.node, deadline, events).await?;
        node::make(&manager, &self.node, self.before).await?;
        Ok(())
    }
}

/// The node of a machine, and a manager of its swarm: another machine's where there is one, because its own is about to restart.
async fn node_and_manager(world: &World, record: &Record) -> Result<Option<(Place, Api)>, OpsError> {
    let Some((place, own)) = place(world, &record.name).await else { return Ok(None) };
    let others: Vec<MachineName> = world
        .store
        .names()?
        .iter()
        .filter_map(|name| name.parse().ok())
        .filter(|name| *name != record.name)
        .collect();
    let found = crate::ops::fan_out::fan_out(others, crate::ops::fan_out::AT_ONCE, |name| {
        let world = world.clone();
        async move { self::place(&world, &name).await }
    })
    .await;
    let manager = found
        .into_iter()
        .filter_map(|(_, place)| place)
        .find(|(other, _)| other.manages && place.managers.contains(&other.node));
    match manager {
        Some((_, api)) => Ok(Some((place, api))),
        None if place.manages => Ok(Some((place, own))),
        None => Err(OpsError::NoManager { machine: record.name.to_string() }),
    }
}

/// Where a machine's engine is in a swarm; `None` where it is in none or does not answer.
async fn place(world: &World, name: &MachineName) -> Option<(Place, Api)> {
    let deadline = Deadline::after(LOOK);
    let record = world.store.load(name).ok()?;
    let driver = world.driver(&record).ok()?;
    let api = connect::engine(world, driver.as_ref(), &record, deadline).await.ok()?;
    let info: serde_json::Value =
        deadline.bound("the engine", api.get("/info", deadline)).await.ok()?.ok()?;
    let swarm = &info["Swarm"];
    if swarm["LocalNodeState"] != "active" {
        return None;
    }
    let mut managers: Vec<String> = swarm["RemoteManagers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|manager| manager["NodeID"].as_str().map(str::to_owned))
        .collect();
    managers.sort();
    let place = Place {
        node: swarm["NodeID"].as_str()?.to_owned(),
        manages: swarm["ControlAvailable"] == true,
        managers,
    };
    Some((place, api))
}
