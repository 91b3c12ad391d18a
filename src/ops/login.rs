//! The way into the host of a stored machine: where SSH answers, and a login that is verified by the pinned key.

use std::sync::Arc;

use super::{OpsError, World};
use crate::{
    machine::{MachineName, SshEndpoint},
    retry::Deadline,
    ssh::{Connect, Session, SshError},
    store::Record,
};

/// How long another rmachine may hold the machine while we only want to pin its host key.
const LOCK: std::time::Duration = std::time::Duration::from_secs(10);

/// Why there is no login.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The driver only points at an engine.
    #[error("there is no login to the host of {name}: its driver, {driver}, only points at an engine")]
    NoLogin {
        /// The machine.
        name: MachineName,
        /// The driver.
        driver: String,
    },
    /// SSH.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// The record or its driver.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

/// Where SSH answers.
pub fn endpoint(world: &World, record: &Record) -> Result<SshEndpoint, LoginError> {
    let driver = world.driver(record)?;
    let state = &record.config.driver;
    let endpoint = driver.ssh(&world.context(&record.name), state).map_err(OpsError::Driver)?;
    endpoint
        .ok_or_else(|| LoginError::NoLogin { name: record.name.clone(), driver: driver.name().to_owned() })
}

/// Logs in once. A machine that another program made has no pinned key until its first verified login, which pins it.
pub async fn log_in(
    world: &World,
    record: &Record,
    endpoint: &SshEndpoint,
    deadline: Deadline,
) -> Result<Session, LoginError> {
    let events = world.events.of(&record.name);
    let connect = Connect {
        env: &world.env,
        prompt: Arc::clone(&world.prompt),
        events: &events,
        pinned: &record.side.host_keys,
        sudo_password: world.sudo_password.clone(),
        deadline,
    };
    let session = Session::connect(endpoint, &connect).await?;
    if record.side.host_keys.is_empty() {
        pin(world, &record.name, session.host_key()).await?;
    }
    Ok(session)
}

async fn pin(world: &World, name: &MachineName, key: String) -> Result<(), OpsError> {
    let lock = world.store.lock(name, Deadline::after(LOCK), &world.events).await?;
    let mut record = world.store.load(name)?;
    record.side.host_keys = vec![key];
    Ok(world.store.save(&lock, &mut record)?)
}
