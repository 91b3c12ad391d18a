//! Changes of nodes and of the swarm as a whole that are one request and a wait: roles, availability, labels, tokens, the CA, autolock.

use std::{collections::BTreeMap, time::Duration};

use super::{
    SwarmError,
    form::Results,
    through::{self, Manager},
};
use crate::{
    engine::api::{
        swarm::{Availability, Node, Role, Rotation},
        until,
    },
    machine::MachineName,
    ops::{OpsError, World},
    retry::Deadline,
    store::Lock,
    swarm::{
        formation,
        quorum::Quorum,
        record::{Record, UnlockKey},
        standing::Seen,
    },
};

/// One request and its answer.
const ASK_WAIT: Duration = Duration::from_secs(30);
/// A change of role goes through a reconciler and a certificate.
const ROLE_WAIT: Duration = Duration::from_secs(60);
/// A manager that has the key reads its log, and is ready once the majority is.
const UNLOCK_WAIT: Duration = Duration::from_secs(60);
/// Every node gets a new certificate.
const CA_WAIT: Duration = Duration::from_secs(180);

/// A change of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another role.
    Role(Role),
    /// Whether it gets tasks.
    Availability(Availability),
    /// These labels; `None` takes one away.
    Labels(BTreeMap<String, Option<String>>),
}

/// A swarm under its lock, with a manager that decides.
pub struct Held {
    /// The lock of its name.
    pub lock: Lock,
    /// Its record.
    pub record: Record,
    /// The manager.
    pub manager: Manager,
}

impl Held {
    /// Takes the swarm's lock and finds a manager.
    pub async fn take(world: &World, name: &MachineName) -> Result<Self, OpsError> {
        // Before the lock, so that a name that is none makes no lock file.
        world.swarm(name)?;
        let lock = world.lock(name).await?;
        let record = world.swarm(name)?;
        let manager = through::manager(world, name, &record).await?;
        Ok(Self { lock, record, manager })
    }

    /// The id of a member's node: recorded, else by its host's name among nodes that no member has.
    pub fn id(&self, machine: &MachineName) -> Result<String, OpsError> {
        let node = self.record.node(machine).ok_or_else(|| SwarmError::NotMember {
            machine: machine.clone(),
            swarm: self.lock.name().clone(),
        })?;
        Ok(node.id.clone().ok_or_else(|| self.not_in(machine))?)
    }

    fn not_in(&self, machine: &MachineName) -> SwarmError {
        SwarmError::NotIn { machine: machine.clone(), swarm: self.lock.name().clone() }
    }

    /// Saves the record.
    pub fn save(&self, world: &World) -> Result<(), OpsError> {
        Ok(world.store.save_swarm(&self.lock, &self.record)?)
    }
}

/// Changes nodes, one after the other: managers must not change together. Says of each whether it was otherwise before.
pub async fn nodes(
    world: &World,
    name: &MachineName,
    machines: &[MachineName],
    change: &Change,
    force: bool,
) -> Result<Vec<(MachineName, bool)>, OpsError> {
    let mut held = Held::take(world, name).await?;
    // All are looked for before one is changed.
    let ids = machines.iter().map(|machine| held.id(machine)).collect::<Result<Vec<_>, _>>()?;
    let mut changed = Vec::new();
    for (machine, id) in machines.iter().zip(ids) {
        let was_other = one(world, &held, machine, &id, change, force).await?;
        if let Some(node) = held.record.node_mut(machine) {
            match change {
                Change::Role(role) => node.role = *role,
                Change::Availability(availability) => node.availability = *availability,
                Change::Labels(labels) => relabel(&mut node.labels, labels),
            }
        }
        held.save(world)?;
        changed.push((machine.clone(), was_other));
    }
    Ok(changed)
}

fn relabel(labels: &mut BTreeMap<String, String>, change: &BTreeMap<String, Option<String>>) {
    for (key, value) in change {
        match value {
            Some(value) => labels.insert(key.clone(), value.clone()),
            None => labels.remove(key),
        };
    }
}

async fn one(
    world: &World,
    held: &Held,
    machine: &MachineName,
    id: &str,
    change: &Change,
    force: bool,
) -> Result<bool, OpsError> {
    let deadline = Deadline::after(ASK_WAIT);
    let events = world.events.of(machine);
    let api = &held.manager.api;
    let all = api.nodes(deadline).await?;
    let node = all.iter().find(|node| node.id == id).ok_or_else(|| held.not_in(machine))?;
    match change {
        Change::Role(role) => {
            if node.role() == *role {
                return Ok(false);
            }
            if *role == Role::Worker {
                may_lose(machine, node, &all, force)?;
            }
            events.step(format!("becoming a {role}"));
            let role = role.to_string();
            api.update_node(id, deadline, |spec| spec["Role"] = role.clone().into()).await?;
            settle(world, held, machine, id).await?;
        }
        Change::Availability(availability) => {
            if node.availability() == *availability {
                return Ok(false);
            }
            events.step(format!("setting availability to {availability}"));
            let availability = availability.to_string();
            api.update_node(id, deadline, |spec| spec["Availability"] = availability.clone().into()).await?;
        }
        Change::Labels(labels) => {
            let mut after = node.labels();
            relabel(&mut after, labels);
            if after == node.labels() {
                return Ok(false);
            }
            events.step("labelling");
            api.update_node(id, deadline, |spec| spec["Labels"] = serde_json::json!(after)).await?;
        }
    }
    Ok(true)
}

/// The manager through which we ask may itself be the one that changes, and then cannot say how it ends.
async fn settle(world: &World, held: &Held, machine: &MachineName, id: &str) -> Result<(), OpsError> {
    let events = world.events.of(machine);
    let deadline = Deadline::after(ROLE_WAIT);
    let through = if held.manager.machine == *machine {
        let mut others = held.record.clone();
        others.nodes.retain(|node| node.machine != *machine);
        through::manager(world, held.lock.name(), &others).await?
    } else {
        held.manager.clone()
    };
    Ok(formation::settled(&through.api, machine, id, &events, deadline).await.map_err(SwarmError::from)?)
}

/// Refuses to take a manager away that the quorum needs.
pub fn may_lose(machine: &MachineName, node: &Node, all: &[Node], force: bool) -> Result<(), OpsError> {
    let quorum = Quorum::of(all);
    let is_manager = node.manager_status.is_some();
    if !is_manager || force || quorum.may_lose(node.is_reachable_manager()) {
        return Ok(());
    }
    Err(SwarmError::Quorum { machine: machine.clone(), quorum }.into())
}

/// Makes join tokens anew: those seen before let nobody in any more.
pub async fn rotate_tokens(world: &World, name: &MachineName, rotation: Rotation) -> Result<(), OpsError> {
    let held = Held::take(world, name).await?;
    held.manager.api.update_swarm(rotation, Deadline::after(ASK_WAIT), |_| {}).await?;
    Ok(())
}

/// Replaces the swarm's own CA and waits until every node has a certificate of the new one.
pub async fn rotate_ca(world: &World, name: &MachineName) -> Result<(), OpsError> {
    let held = Held::take(world, name).await?;
    let deadline = Deadline::after(CA_WAIT);
    let force = |spec: &mut serde_json::Value| {
        let count = spec["CAConfig"]["ForceRotate"].as_u64().unwrap_or(0);
        spec["CAConfig"]["ForceRotate"] = (count + 1).into();
    };
    held.manager.api.update_swarm(Rotation::default(), deadline, force).await?;
    world.events.step("replacing the swarm's CA");
    let what = "every node to get a certificate of the new CA";
    until(what, deadline, &world.events, || async {
        let swarm = held.manager.api.swarm(deadline).await?;
        Ok(swarm.root_rotation_in_progress.then(|| "some have the old one".to_owned()))
    })
    .await?;
    Ok(())
}

/// Switches autolock. The key is in the store before this returns; the one before is of no use any more.
pub async fn autolock(world: &World, name: &MachineName, is_on: bool) -> Result<(), OpsError> {
    let mut held = Held::take(world, name).await?;
    let deadline = Deadline::after(ASK_WAIT);
    let set = |spec: &mut serde_json::Value| spec["EncryptionConfig"]["AutoLockManagers"] = is_on.into();
    held.manager.api.update_swarm(Rotation::default(), deadline, set).await?;
    held.record.unlock_key = held.manager.api.unlock_key(deadline).await?.map(UnlockKey);
    held.record.settings.autolock = is_on;
    held.save(world)
}

/// Unlocks every locked manager with the key of the store. Answers what came of each that was locked.
pub async fn unlock(world: &World, name: &MachineName) -> Result<Results, OpsError> {
    let record = world.swarm(name)?;
    let answers = through::managers(world, &record).await;
    let locked: Vec<Manager> = answers
        .into_iter()
        .filter_map(|(_, answer)| answer.ok())
        .filter(|manager| manager.seen == Seen::Locked)
        .collect();
    if locked.is_empty() {
        return Ok(Results::new());
    }
    let key = record.unlock_key.as_ref().ok_or_else(|| SwarmError::NoKey { name: name.clone() })?;
    // All at once: where the majority is locked, none is ready before the others are.
    let unlocked = locked.iter().map(|manager| async {
        world.events.of(&manager.machine).step("unlocking");
        let outcome = manager.api.unlock(&key.0, Deadline::after(UNLOCK_WAIT)).await;
        (manager.machine.clone(), outcome.map_err(OpsError::from))
    });
    Ok(futures_util::future::join_all(unlocked).await)
}
