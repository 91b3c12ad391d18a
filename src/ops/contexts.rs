//! docker's contexts of our machines: kept beside the env files, gone with the machine, and made the current one.

use std::fs;

use super::{OpsError, World, connect, swarm};
use crate::{
    contexts::{ContextError, Contexts, Tls, Wanted},
    machine::MachineName,
    secret::Secret,
    store::Record,
};

/// Brings the machine's context up to date, where one is wished for. The machine works without: what docker does not take is said.
pub(super) fn keep(world: &World, record: &Record) {
    let (Some(true), Some(url)) = (record.side.context, &record.side.url) else { return };
    if let Err(error) = write(world, record, url) {
        world.events.of(&record.name).note(format!("no context for docker: {error}"));
    }
    swarm::context::follow(world, record);
}

/// Removes the context of a machine that goes, in every folder in which one was made.
pub(super) fn forget(world: &World, name: &MachineName) {
    let events = world.events.of(name);
    let stays = |error| events.note(format!("its context for docker stays: {error}"));
    let everywhere = Contexts::everywhere(&world.env, &world.store);
    for contexts in everywhere.map_err(stays).unwrap_or_default() {
        match contexts.remove(name, world.store.root()) {
            Ok(true) => events.note("it was docker's current context; that is the default one again"),
            Ok(false) => {}
            Err(error) => stays(error),
        }
    }
}

/// Makes the machine's context the current one, and first of all makes it where there is none. Gives the engine's URL.
pub async fn select(world: &World, name: &MachineName) -> Result<String, OpsError> {
    let lock = world.lock(name).await?;
    let mut record = world.store.load(name)?;
    if record.side.context == Some(false) {
        return Err(ContextError::Unwanted { name: name.to_string() }.into());
    }
    let url = connect::url(world, world.driver(&record)?.as_ref(), &record)?;
    write(world, &record, &url)?;
    if record.side.context.is_none() {
        record.side.context = Some(true);
        world.store.save(&lock, &mut record)?;
    }
    Contexts::locate(&world.env)?.select(Some(name))?;
    Ok(url)
}

/// Makes docker's default context the current one. Gives the name of the one before, where there was one.
pub fn deselect(world: &World) -> Result<Option<String>, OpsError> {
    let contexts = Contexts::locate(&world.env)?;
    let before = contexts.current()?;
    if before.is_some() {
        contexts.select(None)?;
    }
    Ok(before)
}

fn write(world: &World, record: &Record, url: &str) -> Result<(), OpsError> {
    let description = format!("machine {} ({})", record.name, record.config.driver_name);
    write_as(world, &record.name, &description, record, url)
}

/// Makes a context of this name, a machine's or a swarm's, that leads to this machine's engine.
pub(super) fn write_as(
    world: &World,
    name: &MachineName,
    description: &str,
    record: &Record,
    url: &str,
) -> Result<(), OpsError> {
    let store = world.store.root();
    let wanted = Wanted { name, store, description, host: url, tls: tls(world, record, url)? };
    let here = Contexts::locate(&world.env)?;
    here.remember(&world.store)?;
    here.write(&wanted)?;
    // Others were made under another DOCKER_CONFIG, and lead to the same engine.
    for contexts in Contexts::everywhere(&world.env, &world.store)?.iter().skip(1) {
        if contexts.has(name, store)? {
            contexts.write(&wanted)?;
        }
    }
    Ok(())
}

/// The copies in the machine's folder, which is what `env` points docker at; none over SSH, and none where an engine was only pointed at.
fn tls(world: &World, record: &Record, url: &str) -> Result<Option<Tls>, OpsError> {
    let folder = world.store.machine_dir(&record.name);
    if url.starts_with("ssh://") || !folder.join("ca.pem").exists() {
        return Ok(None);
    }
    let read = |file: &str| {
        let path = folder.join(file);
        fs::read_to_string(&path).map_err(|source| OpsError::CertificateFile { path, source })
    };
    Ok(Some(Tls { ca: read("ca.pem")?, certificate: read("cert.pem")?, key: Secret::new(read("key.pem")?) }))
}
