//! docker's context of a swarm: it points at a manager that answers, is pointed at another when that one is gone, and goes with the swarm.

use super::through;
use crate::{
    contexts::{ContextError, Contexts},
    machine::MachineName,
    ops::{OpsError, World, contexts, query},
    store::Record as Machine,
    swarm::record::Record,
};

/// Points a swarm's context at this manager, where one is wished for. docker works without: what it does not take is said.
pub fn point(world: &World, name: &MachineName, record: &Record, manager: &MachineName) {
    if record.context != Some(true) {
        return;
    }
    if let Err(error) = write(world, name, manager) {
        world.events.note(format!("no context for docker: {error}"));
    }
}

/// Brings contexts of swarms that point at this machine up to date with its certificates.
pub fn follow(world: &World, machine: &Machine) {
    let Some(url) = &machine.side.url else { return };
    let Ok(contexts) = Contexts::locate(&world.env) else { return };
    for name in world.store.swarms().unwrap_or_default() {
        if contexts.host(&name, world.store.root()).as_ref() == Some(url)
            && let Ok(record) = world.swarm(&name)
        {
            point(world, &name, &record, &machine.name);
        }
    }
}

/// Makes the swarm's context the current one. Gives the manager and its URL.
pub async fn select(world: &World, name: &MachineName) -> Result<(MachineName, String), OpsError> {
    let mut record = world.swarm(name)?;
    if record.context == Some(false) {
        return Err(ContextError::Unwanted { name: name.to_string() }.into());
    }
    let manager = through::manager(world, name, &record).await?;
    let url = write(world, name, &manager.machine)?;
    if record.context.is_none() {
        let lock = world.lock(name).await?;
        record = world.swarm(name)?;
        record.context = Some(true);
        world.store.save_swarm(&lock, &record)?;
    }
    Contexts::locate(&world.env)?.select(Some(name))?;
    Ok((manager.machine, url))
}

fn write(world: &World, name: &MachineName, manager: &MachineName) -> Result<String, OpsError> {
    let machine = world.store.load(manager)?;
    let url = query::url(world, &machine)?;
    contexts::write_as(world, name, &format!("swarm {name}"), &machine, &url)?;
    Ok(url)
}
