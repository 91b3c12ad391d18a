//! The user's own login on a machine's host.

use std::time::Duration;

use super::{OpsError, World, connect};
use crate::{machine::MachineName, retry::Deadline, ssh::Session, store::Record};

/// How long another rmachine may hold the machine while we only want to pin its host key.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// Logs in once. A machine that another program made has no pinned key until its first verified login, which pins it.
pub async fn log_in(world: &World, record: &Record, deadline: Deadline) -> Result<Session, OpsError> {
    let driver = world.driver(record)?;
    let session = connect::session(world, driver.as_ref(), record, deadline, false).await?;
    if record.side.host_keys.is_empty() {
        pin(world, &record.name, session.host_key()).await?;
    }
    Ok(session)
}

async fn pin(world: &World, name: &MachineName, key: String) -> Result<(), OpsError> {
    let lock = world.store.lock(name, Deadline::after(LOCK_WAIT), &world.events).await?;
    let mut record = world.store.load(name)?;
    record.side.host_keys = vec![key];
    Ok(world.store.save(&lock, &mut record)?)
}
