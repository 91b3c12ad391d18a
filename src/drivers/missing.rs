//! The driver of a stored machine that this program does not have, such as `kvm` of a plugin.
//!
//! What docker-machine stored of its host is read where every driver keeps it; what needs the driver itself is refused. Nothing is
//! ever written.

use futures_util::future::{BoxFuture, ready};
use serde_json::Value;

use super::stored;
use crate::{
    driver::{Context, Driver, DriverError, FlagSpec, Flags, Identity, Origin, Profile, Result, Save},
    env::Env,
    machine::{SshEndpoint, State},
};

/// The driver.
pub(super) struct Missing {
    pub(super) name: String,
}

impl Missing {
    fn error(&self) -> DriverError {
        DriverError::Missing { driver: self.name.clone() }
    }

    fn refuse<T: Send + 'static>(&self) -> BoxFuture<'static, Result<T>> {
        Box::pin(ready(Err(self.error())))
    }
}

impl Driver for Missing {
    fn name(&self) -> &str {
        &self.name
    }

    fn profile(&self) -> Profile {
        Profile {
            summary: "a driver that is not here",
            origin: Origin::Made,
            provisions: true,
            identity: Identity::Users,
            names_host: true,
            adopts: None,
        }
    }

    fn flags(&self) -> Vec<FlagSpec> {
        Vec::new()
    }

    fn available(&self, _env: &Env) -> std::result::Result<(), String> {
        Err("it is not here".to_owned())
    }

    fn configure(&self, _context: &Context, _flags: &Flags) -> Result<Value> {
        Err(self.error())
    }

    fn preflight<'a>(&'a self, _context: &'a Context, _state: &'a Value) -> BoxFuture<'a, Result<()>> {
        self.refuse()
    }

    fn create<'a>(
        &'a self,
        _context: &'a Context,
        _state: &'a mut Value,
        _save: Save<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        self.refuse()
    }

    fn state<'a>(&'a self, _context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<State>> {
        self.refuse()
    }

    fn ssh(&self, _context: &Context, _state: &Value) -> Result<Option<SshEndpoint>> {
        Err(self.error())
    }

    fn url(&self, _context: &Context, state: &Value) -> Result<Option<String>> {
        Ok(stored::url(state))
    }

    fn ip(&self, _context: &Context, state: &Value) -> Result<Option<String>> {
        Ok(stored::ip(state))
    }

    fn start<'a>(&'a self, _context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        self.refuse()
    }

    fn stop<'a>(&'a self, _context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        self.refuse()
    }

    fn restart<'a>(&'a self, _context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        self.refuse()
    }

    fn kill<'a>(&'a self, _context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        self.refuse()
    }

    fn remove<'a>(&'a self, _context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        self.refuse()
    }
}
