//! `start`, `stop`, `restart`, `kill`, and what a host is doing.

use super::{OpsError, World};
use crate::machine::{MachineName, State};

/// What to do with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Start it, and wait for SSH and the engine.
    Start,
    /// Ask it to go down.
    Stop,
    /// Down and up again.
    Restart,
    /// Take the power away.
    Kill,
}

/// Whether the verb changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It did.
    Yes,
    /// The host was already so.
    AlreadySo,
}

/// Does it, and saves what changed (addresses).
pub async fn lifecycle(world: &World, name: &MachineName, verb: Verb) -> Result<Changed, OpsError> {
    let _ = (world, name, verb);
    std::future::ready(()).await;
    todo!()
}

/// Asks the driver what the host is doing.
pub async fn state(world: &World, name: &MachineName) -> Result<State, OpsError> {
    let _ = (world, name);
    std::future::ready(()).await;
    todo!()
}
