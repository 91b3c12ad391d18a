//! The verbs: each file is one story in order; nothing here prints, exits, or reads the environment.

pub mod certs;
pub mod create;
pub mod env_files;
pub mod fan_out;
pub mod lifecycle;
pub mod provision;
pub mod query;
pub mod release;
pub mod rm;

use std::sync::Arc;

use crate::{
    checkpoint::Checkpoints,
    driver::{Context, Driver},
    drivers,
    env::Env,
    event::Events,
    machine::MachineName,
    prompt::Prompt,
    secret::Secret,
    store::{Record, Store},
};

/// What every verb works with.
#[derive(Clone)]
pub struct World {
    /// The process's surroundings.
    pub env: Env,
    /// The store.
    pub store: Store,
    /// Where to say what happens.
    pub events: Events,
    /// Who to ask.
    pub prompt: Arc<dyn Prompt>,
    /// sudo's password, where the user gave one beforehand.
    pub sudo_password: Option<Secret>,
}

impl World {
    /// What a driver works with for one machine.
    pub fn context(&self, name: &MachineName) -> Context {
        Context {
            name: name.clone(),
            store: self.store.root().to_owned(),
            folder: self.store.machine_dir(name),
            cache: self.store.cache_dir(),
            env: self.env.clone(),
            events: self.events.of(name),
            checkpoints: Checkpoints::from_env(&self.env),
        }
    }

    /// The driver of a stored machine.
    pub fn driver(&self, record: &Record) -> Result<Box<dyn Driver>, OpsError> {
        let name = record.config.driver_name.clone();
        drivers::find(&name).ok_or(OpsError::UnknownDriver { name, nearest: Vec::new() })
    }
}

/// Why a verb failed. The command line maps each to hints and an exit code.
#[derive(Debug, thiserror::Error)]
pub enum OpsError {
    /// No such driver.
    #[error("there is no driver {name:?}")]
    UnknownDriver {
        /// What was asked for.
        name: String,
        /// Names that are near it.
        nearest: Vec<String>,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The driver.
    #[error(transparent)]
    Driver(#[from] crate::driver::DriverError),
}
