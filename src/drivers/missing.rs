//! The driver of a stored machine that this program does not have, such as `kvm` of a plugin.
//!
//! What is stored of its host is read, so that `ssh`, `env` and `url` go on; what needs the driver itself is refused. Nothing is ever written.

use futures_util::future::{BoxFuture, ready};
use serde_json::Value;

use super::stored;
use crate::{
    driver::{Context, Driver, DriverError, FlagSpec, Flags, Profile, Result, Save},
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
        stored::profile("a driver that is not here")
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

    fn ssh(&self, context: &Context, state: &Value) -> Result<Option<SshEndpoint>> {
        Ok(stored::ssh(context, state))
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
