//! The driver contract: who makes and unmakes hosts, and knows nothing else.
//!
//! The erased half ([`Driver`]) is data in and out, because a plugin's flags and state are known only at run time. A built-in
//! driver implements [`BuiltIn`] instead, with a serde struct as its state, and [`Adapter`] lifts it.

mod built_in;
mod flags;

use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use built_in::{Adapter, Base, BuiltIn, write_over};
pub use flags::{FlagKind, FlagSpec, FlagValue, Flags};

use crate::{
    checkpoint::Checkpoints,
    env::Env,
    event::Events,
    machine::{MachineName, SshEndpoint, State},
};

/// What the core must know of a driver, so that it never has to know its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// One line of what it is, for lists and help.
    pub summary: &'static str,
    /// Where its hosts come from.
    pub origin: Origin,
    /// Whether the core provisions its hosts over SSH.
    pub provisions: bool,
    /// How a first login learns that it speaks to the right host.
    pub identity: Identity,
    /// Whether a new host takes the machine's name as its host name.
    pub names_host: bool,
    /// Whether its hosts live on this computer and nowhere else.
    pub is_local: bool,
    /// How it is told which host to adopt, where it adopts hosts.
    pub adopts: Option<Adopts>,
}

/// The flags by which a driver is told which host to adopt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adopts {
    /// The host's address.
    pub address: &'static str,
    /// The engine's port there.
    pub engine_port: &'static str,
}

/// Where a driver's hosts come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It makes them, and removes them again.
    Made,
    /// Somebody else made them; removing the machine leaves them alone.
    Adopted,
}

/// How the first login is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The driver hands over the host's keys.
    KnownBeforehand,
    /// The user's known hosts, a demanded fingerprint, or a question.
    Users,
    /// There is no login.
    NoLogin,
}

/// What a driver works with: one machine, its folders, and the ways to speak.
#[derive(Clone)]
pub struct Context {
    /// The machine.
    pub name: MachineName,
    /// The store's root.
    pub store: PathBuf,
    /// The machine's own folder, 0700: keys, disks. It exists whenever a method that may change something is called.
    pub folder: PathBuf,
    /// Shared between machines of a store: images.
    pub cache: PathBuf,
    /// The process's surroundings.
    pub env: Env,
    /// Where to say what happens.
    pub events: Events,
    /// Told before and after each outside effect.
    pub checkpoints: Checkpoints,
}

impl Context {
    /// A file in the machine's folder.
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }
}

/// Saves a state in the middle of `create`, before and after each outside effect, so that `rm` finds what exists.
pub type Save<'a> = &'a (dyn Fn(&Value) -> Result<()> + Send + Sync);

/// What went wrong in a driver.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// A flag is missing or wrong; found before anything happened.
    #[error("{message}")]
    Usage {
        /// What is wrong and what to type.
        message: String,
    },
    /// This machine cannot run the driver, or the host cannot be made; found before anything was made.
    #[error("{message}")]
    Preflight {
        /// What is missing.
        message: String,
        /// What to type, where there is something.
        hint: Option<String>,
    },
    /// The driver does not have this verb.
    #[error("the {driver} driver cannot {verb} a host")]
    Unsupported {
        /// The driver.
        driver: String,
        /// The verb, such as `stop`.
        verb: &'static str,
    },
    /// There is no host to do this with, only an engine that is pointed at.
    #[error("the {driver} driver only points at an engine, so there is no host to {verb}")]
    NoHost {
        /// The driver.
        driver: String,
        /// The verb, such as `stop`.
        verb: &'static str,
    },
    /// A stored machine is of a driver that is not here.
    #[error("the machine was made by the driver {driver:?}, which is not here")]
    Missing {
        /// The driver.
        driver: String,
    },
    /// The stored state is not this driver's.
    #[error("the stored state of the {driver} driver cannot be read: {reason}")]
    BadState {
        /// The driver.
        driver: String,
        /// What serde said.
        reason: String,
    },
    /// There is no such host any more.
    #[error("the host does not exist any more")]
    Gone,
    /// Something else, with what was being done.
    #[error("could not {doing}")]
    Failed {
        /// What was being done, such as `mount the root file system`.
        doing: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A deadline passed.
    #[error(transparent)]
    TimedOut(#[from] crate::retry::TimedOut),
}

impl DriverError {
    /// Wraps a cause with what was being done.
    pub fn failed(
        doing: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Failed { doing: doing.into(), source: source.into() }
    }
}

/// The result of a driver's work.
pub type Result<T> = std::result::Result<T, DriverError>;

/// The erased contract. State is JSON in docker-machine's field names; every method that takes `&mut Value` may change it, and
/// the caller saves it afterwards.
pub trait Driver: Send + Sync {
    /// The name after `--driver`.
    fn name(&self) -> &str;
    /// What the core must know.
    fn profile(&self) -> Profile;
    /// Its flags.
    fn flags(&self) -> Vec<FlagSpec>;
    /// Whether this machine can run it, cheaply and without effects; `Err` says what is missing.
    fn available(&self, env: &Env) -> std::result::Result<(), String>;
    /// Turns flags into the state of a new machine; no effects.
    fn configure(&self, context: &Context, flags: &Flags) -> Result<Value>;
    /// The state to go on with when an earlier `create` did not end: what is recorded, unless the driver must hear the flags again.
    fn take_up(&self, _context: &Context, recorded: &Value, _flags: &Flags) -> Result<Value> {
        Ok(recorded.clone())
    }
    /// Every reason to fail that can be known now; changes nothing.
    fn preflight<'a>(&'a self, context: &'a Context, state: &'a Value) -> BoxFuture<'a, Result<()>>;
    /// Makes the host, or takes up a half-made one; saves before and after each outside effect.
    fn create<'a>(
        &'a self,
        context: &'a Context,
        state: &'a mut Value,
        save: Save<'a>,
    ) -> BoxFuture<'a, Result<()>>;
    /// What the host is doing.
    fn state<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<State>>;
    /// Where SSH answers; `None` for hosts without a login.
    fn ssh(&self, context: &Context, state: &Value) -> Result<Option<SshEndpoint>>;
    /// The engine's URL as last known, such as `tcp://10.0.0.5:2376`; `None` while no address is known.
    fn url(&self, context: &Context, state: &Value) -> Result<Option<String>>;
    /// The host's address as last known.
    fn ip(&self, context: &Context, state: &Value) -> Result<Option<String>>;
    /// Starts the host and waits until it runs.
    fn start<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>>;
    /// Asks the host to go down and waits until it is down.
    fn stop<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>>;
    /// Stop and start.
    fn restart<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>>;
    /// Takes the power away.
    fn kill<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>>;
    /// Removes what it made, and only that. Idempotent: an absent host is fine.
    fn remove<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>>;
}
