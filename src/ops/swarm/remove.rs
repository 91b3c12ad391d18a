//! `swarm rm-node`, `swarm rm` and the rollback of a create: nodes go in the order that harms nobody.

use std::time::Duration;

use super::{
    SwarmError,
    change::{Held, may_lose},
    context, drain,
    form::Results,
    ready, through,
};
use crate::{
    engine::api::{
        Api,
        swarm::{Node, NodeState, Role},
        until,
    },
    machine::MachineName,
    ops::{
        OpsError, World, contexts,
        fan_out::{AT_ONCE, fan_out},
        rm,
    },
    retry::Deadline,
    swarm::{formation, standing::Seen},
};

/// One request and its answer.
const ASK_WAIT: Duration = Duration::from_secs(30);
/// A host that is there answers within; one that is gone is silent.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// A node that left is seen down after about three heartbeats.
const DOWN_WAIT: Duration = Duration::from_secs(60);

/// How a node is to go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Going {
    /// Even where the quorum needs it, or where it does not answer.
    pub force: bool,
    /// Its machine goes, too.
    pub with_machine: bool,
}

/// Takes a node out: its tasks move first, a manager is demoted, it leaves, it is forgotten.
pub async fn node(
    world: &World,
    name: &MachineName,
    machine: &MachineName,
    going: Going,
) -> Result<(), OpsError> {
    let mut held = Held::take(world, name).await?;
    if held.manager.machine == *machine {
        // It cannot tell how its own removal ends.
        let mut others = held.record.clone();
        others.nodes.retain(|node| node.machine != *machine);
        held.manager = through::manager(world, name, &others).await.map_err(|error| match error {
            OpsError::Swarm(SwarmError::NoAnswer { .. }) => {
                SwarmError::Last { machine: machine.clone(), swarm: name.clone() }.into()
            }
            other => other,
        })?;
    }
    let api = held.manager.api.clone();
    if let Ok(id) = held.id(machine) {
        leave(world, &held, &api, machine, &id, going).await?;
    }
    let before = held.record.node(machine).and_then(|node| node.before.clone());
    held.record.nodes.retain(|node| node.machine != *machine);
    held.save(world)?;
    if !going.with_machine && world.store.exists(machine) {
        ready::put_back(world, machine, before.as_ref()).await;
    }
    context::point(world, name, &held.record, &held.manager.machine);
    if going.with_machine {
        world.events.of(machine).step("removing the machine");
        rm::rm(world, machine, going.force).await?;
    }
    Ok(())
}

async fn leave(
    world: &World,
    held: &Held,
    api: &Api,
    machine: &MachineName,
    id: &str,
    going: Going,
) -> Result<(), OpsError> {
    let events = world.events.of(machine);
    let all = api.nodes(Deadline::after(ASK_WAIT)).await?;
    let Some(found) = all.iter().find(|node| node.id == id) else { return Ok(()) };
    may_lose(machine, found, &all, going.force)?;
    let engine = answering(world, machine).await;
    match engine {
        Some(engine) if found.status.state == NodeState::Ready => {
            depart(world, api, &engine, machine, found, going).await?;
        }
        None | Some(_) if !going.force => return Err(SwarmError::Down { machine: machine.clone() }.into()),
        engine => {
            events.note("it does not answer to the swarm, which forgets it as it is");
            if found.role() == Role::Manager {
                demote(api, id).await?;
            }
            if let Some(engine) = engine {
                // Else it would go on knocking; one that cannot leave any more is forgotten all the same.
                let _ = engine.swarm_leave(true, Deadline::after(ASK_WAIT)).await;
            }
        }
    }
    events.step("being forgotten by the swarm");
    if going.force {
        let forgotten = formation::forget(api, machine, id, &events).await;
        return Ok(forgotten.map_err(SwarmError::from)?);
    }
    Ok(api.remove_node(id, held.record.cluster.is_none(), Deadline::after(ASK_WAIT)).await?)
}

/// The engine of a member; `None` where its host is gone, whatever the swarm still believes of it.
async fn answering(world: &World, machine: &MachineName) -> Option<Api> {
    let deadline = Deadline::after(ANSWER_WAIT);
    let engine = through::engine(world, machine, deadline).await.ok()?;
    engine.info(deadline).await.ok()?;
    Some(engine)
}

async fn demote(api: &Api, id: &str) -> Result<(), OpsError> {
    let to_worker = |spec: &mut serde_json::Value| spec["Role"] = "worker".into();
    Ok(api.update_node(id, Deadline::after(ASK_WAIT), to_worker).await?)
}

/// A node that is up goes in order: nothing runs there any more, nothing is decided there any more.
async fn depart(
    world: &World,
    api: &Api,
    engine: &Api,
    machine: &MachineName,
    node: &Node,
    going: Going,
) -> Result<(), OpsError> {
    let events = world.events.of(machine);
    events.step("moving its tasks away");
    drain::drain(world, api, machine, &node.id, going.force).await?;
    if node.role() == Role::Manager {
        events.step("becoming a worker");
        demote(api, &node.id).await?;
        let settled = formation::settled(api, machine, &node.id, &events, Deadline::after(DOWN_WAIT)).await;
        settled.map_err(SwarmError::from)?;
    }
    events.step("leaving the swarm");
    engine.swarm_leave(false, Deadline::after(ASK_WAIT)).await?;
    until_down(world, api, machine, &node.id).await
}

/// The engine refuses to forget a node that it still sees up.
async fn until_down(world: &World, api: &Api, machine: &MachineName, id: &str) -> Result<(), OpsError> {
    let deadline = Deadline::after(DOWN_WAIT);
    let events = world.events.of(machine);
    let what = format!("the managers to see that {machine} has left");
    until(&what, deadline, &events, || async {
        let node = api.node(id, deadline).await?;
        let is_ready = node.is_some_and(|node| node.status.state == NodeState::Ready);
        Ok(is_ready.then(|| "they see it ready".to_owned()))
    })
    .await?;
    Ok(())
}

/// Ends a swarm: every node leaves, workers first; `with_machines` removes the machines that were made for it, and only those.
pub async fn swarm(
    world: &World,
    name: &MachineName,
    with_machines: bool,
    force: bool,
) -> Result<Results, OpsError> {
    world.swarm(name)?;
    let lock = world.lock(name).await?;
    let mut record = world.swarm(name)?;
    let mut results = Results::new();
    for role in [Role::Worker, Role::Manager] {
        let leaving = record.nodes.iter().filter(|node| node.role == role).cloned().collect::<Vec<_>>();
        let cluster = record.cluster.clone();
        let names = leaving.iter().map(|node| node.machine.clone()).collect();
        let left = fan_out(names, AT_ONCE, |machine| {
            let node = leaving.iter().find(|node| node.machine == machine).cloned();
            let (world, cluster) = (world.clone(), cluster.clone());
            async move {
                match node {
                    Some(node) => go(&world, &node, cluster.as_deref(), with_machines, force).await,
                    None => Ok(()),
                }
            }
        })
        .await;
        let gone =
            |machine: &MachineName| left.iter().any(|(other, outcome)| other == machine && outcome.is_ok());
        record.nodes.retain(|node| node.role != role || !gone(&node.machine));
        world.store.save_swarm(&lock, &record)?;
        results.extend(left);
    }
    if record.nodes.is_empty() {
        contexts::forget(world, name);
        world.store.remove_swarm(&lock)?;
    }
    Ok(results)
}

async fn go(
    world: &World,
    node: &crate::swarm::record::Node,
    cluster: Option<&str>,
    with_machines: bool,
    force: bool,
) -> Result<(), OpsError> {
    let goes_too = with_machines && node.is_made();
    if world.store.exists(&node.machine) {
        let left = leave_alone(world, node, cluster).await;
        // A host that is removed, or that is gone for good, need not say goodbye.
        if !goes_too && !force {
            left?;
        }
        if !goes_too {
            ready::put_back(world, &node.machine, node.before.as_ref()).await;
        }
        if goes_too {
            world.events.of(&node.machine).step("removing the machine");
            rm::rm(world, &node.machine, force).await?;
        }
    }
    Ok(())
}

/// A member leaves without asking anybody, unless it is in another swarm by now.
async fn leave_alone(
    world: &World,
    node: &crate::swarm::record::Node,
    cluster: Option<&str>,
) -> Result<(), OpsError> {
    let deadline = Deadline::after(ASK_WAIT);
    let engine = through::engine(world, &node.machine, deadline).await?;
    let seen = Seen::of(&engine.info(deadline).await?.swarm);
    let is_ours = match &seen {
        Seen::Outside => return Ok(()),
        Seen::Joining | Seen::Failed(_) | Seen::Locked => true,
        Seen::Worker { node: id } => node.id.as_ref() == Some(id),
        Seen::Manager { node: id, cluster: theirs } => {
            node.id.as_ref() == Some(id) || cluster.is_some_and(|cluster| cluster == theirs)
        }
    };
    if !is_ours {
        world.events.of(&node.machine).note("it is in another swarm, and stays there");
        return Ok(());
    }
    world.events.of(&node.machine).step("leaving the swarm");
    Ok(engine.swarm_leave(true, deadline).await?)
}
