//! Drivers that are part of this program: typed state over the erased contract.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Context, Driver, DriverError, FlagSpec, Flags, Identity, Profile, Result, Save};
use crate::{
    env::Env,
    machine::{SshEndpoint, State},
};

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
    /// See [`Driver::take_up`].
    fn take_up(&self, _context: &Context, recorded: Self::State, _flags: &Flags) -> Result<Self::State> {
        Ok(recorded)
    }
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
        std::future::ready(unsupported(self, "start"))
    }
    /// See [`Driver::stop`].
    fn stop(&self, _context: &Context, _state: &mut Self::State) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(unsupported(self, "stop"))
    }
    /// See [`Driver::restart`]; by default stop, then start.
    fn restart(&self, context: &Context, state: &mut Self::State) -> impl Future<Output = Result<()>> + Send {
        async {
            match self.stop(context, state).await {
                Err(DriverError::Unsupported { .. } | DriverError::NoHost { .. }) => {
                    unsupported(self, "restart")
                }
                Err(error) => Err(error),
                Ok(()) => self.start(context, state).await,
            }
        }
    }
    /// See [`Driver::kill`].
    fn kill(&self, _context: &Context, _state: &mut Self::State) -> impl Future<Output = Result<()>> + Send {
        std::future::ready(unsupported(self, "kill"))
    }
    /// See [`Driver::remove`].
    fn remove(&self, context: &Context, state: &mut Self::State) -> impl Future<Output = Result<()>> + Send;
}

fn unsupported<D: BuiltIn + ?Sized>(driver: &D, verb: &'static str) -> Result<()> {
    let name = D::NAME.to_owned();
    Err(match driver.profile().identity {
        Identity::NoLogin => DriverError::NoHost { driver: name, verb },
        Identity::KnownBeforehand | Identity::Users => DriverError::Unsupported { driver: name, verb },
    })
}

/// Writes a new state over the old one; fields that only the old one has stay as they are.
pub fn write_over(state: &mut Value, new: Value) {
    match (state, new) {
        (Value::Object(old), Value::Object(new)) => old.extend(new),
        (state, new) => *state = new,
    }
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
        write_over(state, new);
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

    fn take_up(&self, context: &Context, recorded: &Value, flags: &Flags) -> Result<Value> {
        let typed = self.0.take_up(context, Self::read(recorded)?, flags)?;
        let mut state = recorded.clone();
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
