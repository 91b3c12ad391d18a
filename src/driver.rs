//! The driver contract: who makes and unmakes hosts, and knows nothing else.
//!
//! The erased half ([`Driver`]) is data in and out, because a plugin's flags and state are known only at run time. A built-in
//! driver implements [`BuiltIn`] instead, with a serde struct as its state, and [`Adapter`] lifts it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    checkpoint::Checkpoints,
    env::Env,
    event::Events,
    machine::{MachineName, SshEndpoint, State},
};

/// A value of a driver's flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FlagValue {
    /// A switch.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

/// What values a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagKind {
    /// A switch.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// Several texts, by repeating the flag.
    List,
}

/// A flag of a driver, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagSpec {
    /// Its long name without dashes; begins with the driver's name.
    pub name: String,
    /// Other long names, such as `ip` of generic.
    pub aliases: Vec<String>,
    /// What it takes.
    pub kind: FlagKind,
    /// What it is when nobody says.
    pub default: Option<FlagValue>,
    /// The variable that gives it when it is not typed.
    pub env: Option<String>,
    /// One line of help: imperative, no full stop.
    pub help: String,
    /// Whether its value must not be shown.
    pub secret: bool,
}

impl FlagSpec {
    /// A flag that takes a text.
    pub fn text(name: &str, help: &str) -> Self {
        Self::new(name, FlagKind::Text, help)
    }

    /// A flag that takes a whole number and has a default.
    pub fn int(name: &str, default: i64, help: &str) -> Self {
        Self { default: Some(FlagValue::Int(default)), ..Self::new(name, FlagKind::Int, help) }
    }

    /// A switch.
    pub fn switch(name: &str, help: &str) -> Self {
        Self::new(name, FlagKind::Bool, help)
    }

    /// A flag that may be repeated.
    pub fn list(name: &str, help: &str) -> Self {
        Self::new(name, FlagKind::List, help)
    }

    fn new(name: &str, kind: FlagKind, help: &str) -> Self {
        Self {
            name: name.to_owned(),
            aliases: Vec::new(),
            kind,
            default: None,
            env: None,
            help: help.to_owned(),
            secret: false,
        }
    }

    /// With a default text.
    #[must_use]
    pub fn or(mut self, default: &str) -> Self {
        self.default = Some(FlagValue::Text(default.to_owned()));
        self
    }

    /// Which takes a whole number, and has no default.
    #[must_use]
    pub fn number(mut self) -> Self {
        self.kind = FlagKind::Int;
        self
    }

    /// With a variable.
    #[must_use]
    pub fn env(mut self, name: &str) -> Self {
        self.env = Some(name.to_owned());
        self
    }

    /// With another long name.
    #[must_use]
    pub fn alias(mut self, name: &str) -> Self {
        self.aliases.push(name.to_owned());
        self
    }
}

/// The flags that were given (typed, from a variable, from settings, or by default), by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags(pub BTreeMap<String, FlagValue>);

impl Flags {
    /// A text; empty counts as not given.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            FlagValue::Text(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            FlagValue::Bool(_) | FlagValue::Int(_) | FlagValue::List(_) => None,
        }
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            FlagValue::Int(number) => Some(*number),
            FlagValue::Bool(_) | FlagValue::Text(_) | FlagValue::List(_) => None,
        }
    }

    /// A switch; not given is off.
    pub fn is_on(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(FlagValue::Bool(true)))
    }

    /// A list; not given is empty.
    pub fn list(&self, name: &str) -> &[String] {
        match self.0.get(name) {
            Some(FlagValue::List(list)) => list,
            _ => &[],
        }
    }
}

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

/// The nine fields with which docker-machine begins every driver's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Base {
    /// Address, or empty.
    #[serde(rename = "IPAddress")]
    pub ip_address: String,
    /// The machine's name.
    pub machine_name: String,
    /// Login name, or empty.
    #[serde(rename = "SSHUser")]
    pub ssh_user: String,
    /// Port of SSH, or 0.
    #[serde(rename = "SSHPort")]
    pub ssh_port: u16,
    /// Private key file, or empty.
    #[serde(rename = "SSHKeyPath")]
    pub ssh_key_path: String,
    /// The store's root.
    pub store_path: String,
    /// Classic swarm.
    pub swarm_master: bool,
    /// Classic swarm.
    pub swarm_host: String,
    /// Classic swarm.
    pub swarm_discovery: String,
}

impl Base {
    /// The base of a new machine.
    pub fn new(context: &Context) -> Self {
        Self {
            machine_name: context.name.to_string(),
            store_path: context.store.to_string_lossy().into_owned(),
            ..Self::default()
        }
    }
}

/// A driver that is part of this program: typed state, and defaults for what it does not do.
pub trait BuiltIn: Send + Sync + 'static {
    /// What is stored of a machine: `#[serde(flatten)] base: Base` first, then docker-machine's own fields of that driver.
    type State: Serialize + DeserializeOwned + Send + Sync;
    /// The name after `--driver`; prefix of its flags.
    const NAME: &'static str;

    /// See [`Driver::profile`].
    fn profile(&self) -> Profile;
    /// See [`Driver::flags`].
    fn flags(&self) -> Vec<FlagSpec>;
    /// See [`Driver::available`].
    fn available(&self, _env: &Env) -> std::result::Result<(), String> {
        Ok(())
    }
    /// See [`Driver::configure`].
    fn configure(&self, context: &Context, flags: &Flags) -> Result<Self::State>;
    /// See [`Driver::preflight`].
    fn preflight(&self, context: &Context, state: &Self::State) -> impl Future<Output = Result<()>> + Send;
    /// See [`Driver::create`]; `save` takes the typed state.
    fn create(
        &self,
        context: &Context,
        state: &mut Self::State,
        save: &(dyn Fn(&Self::State) -> Result<()> + Send + Sync),
    ) -> impl Future<Output = Result<()>> + Send;
    /// See [`Driver::state`].
    fn state(&self, context: &Context, state: &mut Self::State)
    -> impl Future<Output = Result<State>> + Send;
    /// See [`Driver::ssh`].
    fn ssh(&self, context: &Context, state: &Self::State) -> Option<SshEndpoint>;
    /// See [`Driver::url`].
    fn url(&self, context: &Context, state: &Self::State) -> Option<String>;
    /// See [`Driver::ip`].
    fn ip(&self, context: &Context, state: &Self::State) -> Option<String>;
    /// See [`Driver::start`].
    fn start(&self, _context: &Context, _state: &mut Self::State) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(unsupported::<Self>("start"))
    }
    /// See [`Driver::stop`].
    fn stop(&self, _context: &Context, _state: &mut Self::State) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(unsupported::<Self>("stop"))
    }
    /// See [`Driver::restart`]; by default stop, then start.
    fn restart(&self, context: &Context, state: &mut Self::State) -> impl Future<Output = Result<()>> + Send {
        async {
            match self.stop(context, state).await {
                Err(DriverError::Unsupported { .. }) => unsupported::<Self>("restart"),
                Err(error) => Err(error),
                Ok(()) => self.start(context, state).await,
            }
        }
    }
    /// See [`Driver::kill`].
    fn kill(&self, _context: &Context, _state: &mut Self::State) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(unsupported::<Self>("kill"))
    }
    /// See [`Driver::remove`].
    fn remove(&self, context: &Context, state: &mut Self::State) -> impl Future<Output = Result<()>> + Send;
}

fn unsupported<D: BuiltIn + ?Sized>(verb: &'static str) -> Result<()> {
    Err(DriverError::Unsupported { driver: D::NAME.to_owned(), verb })
}

/// Lifts a [`BuiltIn`] to the erased contract.
pub struct Adapter<D>(pub D);

impl<D: BuiltIn> Adapter<D> {
    fn read(state: &Value) -> Result<D::State> {
        D::State::deserialize(state)
            .map_err(|error| DriverError::BadState { driver: D::NAME.to_owned(), reason: error.to_string() })
    }

    /// Writes the typed state over the raw one; fields that the type does not know stay as they are.
    fn write(state: &mut Value, typed: &D::State) -> Result<()> {
        let new = serde_json::to_value(typed).map_err(|error| DriverError::BadState {
            driver: D::NAME.to_owned(),
            reason: error.to_string(),
        })?;
        match (state, new) {
            (Value::Object(old), Value::Object(new)) => old.extend(new),
            (state, new) => *state = new,
        }
        Ok(())
    }
}

/// Runs a typed method that may change the state, and writes the state back whatever came of it.
macro_rules! changing {
    ($self:ident, $raw:ident, |$typed:ident| $call:expr) => {
        Box::pin(async move {
            let mut typed = Self::read($raw)?;
            let outcome = {
                let $typed = &mut typed;
                $call.await
            };
            Self::write($raw, &typed)?;
            outcome
        })
    };
}

impl<D: BuiltIn> Driver for Adapter<D> {
    fn name(&self) -> &str {
        D::NAME
    }

    fn profile(&self) -> Profile {
        self.0.profile()
    }

    fn flags(&self) -> Vec<FlagSpec> {
        self.0.flags()
    }

    fn available(&self, env: &Env) -> std::result::Result<(), String> {
        self.0.available(env)
    }

    fn configure(&self, context: &Context, flags: &Flags) -> Result<Value> {
        let typed = self.0.configure(context, flags)?;
        let mut state = Value::Null;
        Self::write(&mut state, &typed)?;
        Ok(state)
    }

    fn preflight<'a>(&'a self, context: &'a Context, state: &'a Value) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { self.0.preflight(context, &Self::read(state)?).await })
    }

    fn create<'a>(
        &'a self,
        context: &'a Context,
        state: &'a mut Value,
        save: Save<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut typed = Self::read(state)?;
            let raw = state.clone();
            let outcome = self
                .0
                .create(context, &mut typed, &|typed: &D::State| {
                    let mut raw = raw.clone();
                    Self::write(&mut raw, typed)?;
                    save(&raw)
                })
                .await;
            Self::write(state, &typed)?;
            outcome
        })
    }

    fn state<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<State>> {
        changing!(self, state, |typed| self.0.state(context, typed))
    }

    fn ssh(&self, context: &Context, state: &Value) -> Result<Option<SshEndpoint>> {
        Ok(self.0.ssh(context, &Self::read(state)?))
    }

    fn url(&self, context: &Context, state: &Value) -> Result<Option<String>> {
        Ok(self.0.url(context, &Self::read(state)?))
    }

    fn ip(&self, context: &Context, state: &Value) -> Result<Option<String>> {
        Ok(self.0.ip(context, &Self::read(state)?))
    }

    fn start<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        changing!(self, state, |typed| self.0.start(context, typed))
    }

    fn stop<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        changing!(self, state, |typed| self.0.stop(context, typed))
    }

    fn restart<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        changing!(self, state, |typed| self.0.restart(context, typed))
    }

    fn kill<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        changing!(self, state, |typed| self.0.kill(context, typed))
    }

    fn remove<'a>(&'a self, context: &'a Context, state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        changing!(self, state, |typed| self.0.remove(context, typed))
    }
}
