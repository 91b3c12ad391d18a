//! The verbs on swarms: each brings machines, store and the rules of `crate::swarm` together.

pub mod change;
mod checks;
pub mod context;
pub mod create;
mod drain;
mod error;
mod form;
pub mod membership;
mod muster;
mod reachable;
mod ready;
pub mod remove;
pub mod status;
pub mod through;

pub use error::SwarmError;

use crate::{
    machine::MachineName,
    ops::{OpsError, World},
    store::StoreError,
    swarm::record::Record,
};

impl World {
    /// A swarm's record.
    pub fn swarm(&self, name: &MachineName) -> Result<Record, OpsError> {
        Ok(self.store.load_swarm(name)?)
    }

    /// A swarm's record; `None` where there is none.
    pub fn swarm_if_there(&self, name: &MachineName) -> Result<Option<Record>, OpsError> {
        match self.store.load_swarm(name) {
            Ok(record) => Ok(Some(record)),
            Err(StoreError::NoSwarm { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
