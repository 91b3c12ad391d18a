//! `release`: an adopted host goes back to what it was before adoption, and the machine is forgotten.

use std::time::Duration;

use super::{OpsError, World, connect, contexts, exchange, ownership};
use crate::{
    driver::Origin,
    machine::MachineName,
    provision::{self, Released, Wishes, release as put_back},
    retry::Deadline,
};

/// How long it may take in all.
const RELEASE_WAIT: Duration = Duration::from_secs(10 * 60);

/// Puts an adopted host back as it was, from the journal on the host, and forgets the machine. Says what was put back and what stays there.
pub async fn release(
    world: &World,
    name: &MachineName,
    may_stop_containers: bool,
) -> Result<Released, OpsError> {
    let events = world.events.of(name);
    let lock = world.lock(name).await?;
    let record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    let profile = driver.profile();
    if profile.origin != Origin::Adopted || !profile.provisions {
        return Err(OpsError::NotAdopted { machine: name.to_string(), driver: driver.name().to_owned() });
    }
    exchange::is_own(&record)?;
    let deadline = Deadline::after(RELEASE_WAIT);
    events.step("connecting by ssh");
    let session = connect::session(world, driver.as_ref(), &record, deadline, false).await?;
    let facts = provision::look(&session, &Wishes::default(), deadline, &events).await?;
    ownership::judge(world, driver.as_ref(), &record, &session, &facts)?;
    events.step("putting the host back");
    let released = put_back(&session, &facts, may_stop_containers, deadline, &events).await?;
    session.close().await;
    contexts::forget(world, name);
    world.store.remove(&lock)?;
    Ok(released)
}
