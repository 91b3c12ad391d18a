//! `rm`: what the driver made goes, then the record.

use super::{OpsError, World, contexts};
use crate::{driver::Origin, machine::MachineName, store::Stage};

/// What came of it.
#[derive(Debug)]
pub struct Removed {
    /// What stays on an adopted host, and how to undo that too.
    pub stays: Option<String>,
    /// Why the driver failed, where `force` removed the record all the same.
    pub ignored: Option<OpsError>,
}

/// Removes what the driver made, then the record. With `force` the record goes whatever the driver says, also one that cannot
/// be read.
pub async fn rm(world: &World, name: &MachineName, force: bool) -> Result<Removed, OpsError> {
    let lock = world.lock(name).await?;
    let outcome = remove_host(world, name).await;
    let removed = match outcome {
        Ok(stays) => Removed { stays, ignored: None },
        Err(error) if force && world.store.exists(name) => Removed { stays: None, ignored: Some(error) },
        Err(error) => return Err(error),
    };
    contexts::forget(world, name);
    world.store.remove(&lock)?;
    Ok(removed)
}

async fn remove_host(world: &World, name: &MachineName) -> Result<Option<String>, OpsError> {
    let record = world.store.load_to_remove(name)?;
    let driver = world.driver(&record)?;
    let mut state = record.config.driver.clone();
    driver.remove(&world.context(name), &mut state).await?;
    let profile = driver.profile();
    let stays =
        profile.origin == Origin::Adopted && profile.provisions && record.side.stage == Stage::Provisioned;
    let url = record.side.url.as_deref().unwrap_or("its address");
    Ok(stays.then(|| {
        format!(
            "the host keeps its engine as it is, answering on {url} to this store's client certificate; to put it back, \
             create the machine again and release it"
        )
    }))
}
