//! A driver that is nothing but the erased contract: flags as data, state as raw JSON. Its host is a file.

use std::fs;

use futures_util::future::BoxFuture;
use rmachine::{
    driver::{Context, Driver, DriverError, FlagSpec, Flags, Identity, Origin, Profile, Result, Save},
    env::Env,
    machine::{SshEndpoint, State},
};
use serde_json::{Value, json};

/// The driver.
pub struct Raw;

fn host(context: &Context) -> std::path::PathBuf {
    context.file("raw-host")
}

fn set(context: &Context, what: &str) -> Result<()> {
    fs::write(host(context), what).map_err(|error| DriverError::failed("write the host", error))
}

impl Driver for Raw {
    fn name(&self) -> &'static str {
        "raw"
    }

    fn profile(&self) -> Profile {
        Profile {
            summary: "a host that is a file",
            origin: Origin::Made,
            provisions: false,
            identity: Identity::NoLogin,
            names_host: true,
            is_local: false,
            adopts: None,
        }
    }

    fn flags(&self) -> Vec<FlagSpec> {
        vec![FlagSpec::int("raw-size", 1, "Make the host this large")]
    }

    fn available(&self, _env: &Env) -> std::result::Result<(), String> {
        Ok(())
    }

    fn configure(&self, _context: &Context, flags: &Flags) -> Result<Value> {
        match flags.int("raw-size") {
            Some(size) if size > 0 => Ok(json!({ "Size": size })),
            size => Err(DriverError::Usage { message: format!("--raw-size {size:?} must be 1 or more") }),
        }
    }

    fn preflight<'a>(&'a self, _context: &'a Context, _state: &'a Value) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn create<'a>(
        &'a self,
        context: &'a Context,
        state: &'a mut Value,
        save: Save<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            state["Made"] = json!(true);
            save(state)?;
            set(context, "up")
        })
    }

    fn state<'a>(&'a self, context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<State>> {
        Box::pin(async {
            Ok(match fs::read_to_string(host(context)).as_deref() {
                Ok("up") => State::Running,
                Ok(_) => State::Stopped,
                Err(_) => State::NotFound,
            })
        })
    }

    fn ssh(&self, _context: &Context, _state: &Value) -> Result<Option<SshEndpoint>> {
        Ok(None)
    }

    fn url(&self, _context: &Context, _state: &Value) -> Result<Option<String>> {
        Ok(None)
    }

    fn ip(&self, _context: &Context, _state: &Value) -> Result<Option<String>> {
        Ok(None)
    }

    fn start<'a>(&'a self, context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { set(context, "up") })
    }

    fn stop<'a>(&'a self, context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { set(context, "down") })
    }

    fn restart<'a>(&'a self, context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { set(context, "up") })
    }

    fn kill<'a>(&'a self, context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { set(context, "down") })
    }

    fn remove<'a>(&'a self, context: &'a Context, _state: &'a mut Value) -> BoxFuture<'a, Result<()>> {
        Box::pin(async {
            let _ = fs::remove_file(host(context));
            Ok(())
        })
    }
}
