//! `rm`: what the driver made goes, then the record.

use super::{OpsError, World, contexts};
use crate::{
    driver::{DriverError, Origin},
    machine::MachineName,
    store::Stage,
};

/// What came of it.
#[derive(Debug)]
pub struct Removed {
    /// What stays on an adopted host, and how to undo that too.
    pub stays: Option<String>,
    /// What failed, where `force` removed the record all the same.
    pub ignored: Option<Ignored>,
}

/// A failure that did not keep the record.
#[derive(Debug)]
pub struct Ignored {
    /// Why the host could not be removed.
    pub why: OpsError,
    /// The host that may still be there, as far as the record told.
    pub host: String,
}

impl Ignored {
    /// Whether the driver tried and failed; else there was nobody to try.
    pub fn was_tried(&self) -> bool {
        matches!(&self.why, OpsError::Driver(error) if !matches!(error, DriverError::Missing { .. }))
    }
}

/// Removes what the driver made, then the record. With `force` the record goes whatever the driver says, also one that cannot
/// be read.
pub async fn rm(world: &World, name: &MachineName, force: bool) -> Result<Removed, OpsError> {
    let lock = world.lock(name).await?;
    let outcome = remove_host(world, name).await;
    let removed = match outcome {
        Ok(stays) => Removed { stays, ignored: None },
        Err(why) if force && world.store.exists(name) => {
            Removed { stays: None, ignored: Some(Ignored { why, host: host(world, name) }) }
        }
        Err(error) => return Err(error),
    };
    contexts::forget(world, name);
    world.store.remove(&lock)?;
    Ok(removed)
}

/// The host in words: its driver and its address.
fn host(world: &World, name: &MachineName) -> String {
    let Ok(record) = world.store.load_to_remove(name) else { return "a host".to_owned() };
    let address = record.config.driver["IPAddress"].as_str().unwrap_or_default();
    let at = if address.is_empty() { String::new() } else { format!(" at {address}") };
    format!("the host of the driver {}{at}", record.config.driver_name)
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
