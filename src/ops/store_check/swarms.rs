//! Records of swarms: whether they can be read, and whether the machines they name are there.

use std::path::PathBuf;

use super::{Advice, Fix, Found, Level, told};
use crate::{
    machine::MachineName,
    ops::{OpsError, World},
    store::StoreError,
    swarm::{
        record::{Node, Record, Stage},
        topology::Origin,
    },
};

pub(super) fn look(world: &World) -> Result<Vec<Found>, OpsError> {
    // One that an rmachine is at work on is left to that.
    let names = world.store.swarms()?.into_iter().filter(|name| world.store.holder(name).is_none());
    Ok(names.flat_map(|name| one(world, &name)).collect())
}

fn one(world: &World, name: &MachineName) -> Vec<Found> {
    let path = world.store.own_dir().join("swarms").join(format!("{name}.json"));
    match world.store.load_swarm::<Record>(name) {
        Ok(record) => machines(world, name, &record, path),
        // It was removed a moment ago.
        Err(StoreError::NoSwarm { .. }) => Vec::new(),
        Err(error) => vec![unread(&error, path)],
    }
}

fn unread(error: &StoreError, path: PathBuf) -> Found {
    let fault = |kind| Found::new(None, kind, Level::Fault, told(error));
    match error {
        StoreError::FromTheFuture { .. } => fault("swarm-future").advised(Advice::UseNewest),
        StoreError::Denied { .. } | StoreError::Io { .. } => fault("swarm-record").advised(Advice::TakeOver),
        _ => fault("swarm-record").mended_by("moves it into the backup", Fix::SetAside(path)),
    }
}

/// Nodes whose machine is gone; a swarm that has no other is one in name only.
fn machines(world: &World, name: &MachineName, record: &Record, path: PathBuf) -> Vec<Found> {
    let is_gone = |node: &&Node| {
        let was_there = record.stage > Stage::Recorded || node.origin == Origin::Existing;
        was_there && !world.store.exists(&node.machine) && world.store.holder(&node.machine).is_none()
    };
    let gone: Vec<&Node> = record.nodes.iter().filter(is_gone).collect();
    if !gone.is_empty() && gone.len() == record.nodes.len() {
        let what = format!("all machines of the swarm {name} are gone");
        let empty = Found::new(None, "swarm-gone", Level::Fault, what);
        return vec![empty.mended_by("moves its record into the backup", Fix::SetAside(path))];
    }
    let told = |node: &Node| {
        let what = format!("the machine {} of the swarm {name} is gone", node.machine);
        let advice = Advice::TakeOut { swarm: name.clone(), machine: node.machine.clone() };
        Found::new(None, "swarm-machine-gone", Level::Fault, what).advised(advice)
    };
    gone.into_iter().map(told).collect()
}
