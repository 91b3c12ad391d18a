//! What to type next, for every error: our own voice.

mod driver;
mod engine;
mod key;
mod ssh;
mod store;

use std::{error::Error, iter::successors};

use super::{CliError, SettingsError};
use crate::{
    driver::DriverError,
    engine::api::ApiError,
    machine::MachineName,
    ops::{OpsError, login::LoginError, query::QueryError},
    ssh::SshError,
    store::StoreError,
};

/// Who types, and which machine it is about.
#[derive(Clone, Copy)]
pub struct To<'a> {
    /// The name we were called by.
    pub program: &'a str,
    /// The machine, where it is known.
    pub name: Option<&'a MachineName>,
}

impl To<'_> {
    /// The machine in something to type.
    fn name(&self) -> &str {
        self.name.map_or("NAME", MachineName::as_str)
    }
}

/// Lines to type or to think about; mostly one.
type Hints = Vec<String>;

/// What to type, in the order of usefulness.
pub fn hints(error: &CliError, to: To<'_>) -> Hints {
    let program = to.program;
    match error {
        CliError::Usage { hint, .. } | CliError::Refused { hint, .. } | CliError::Failed { hint, .. } => {
            hint.iter().cloned().collect()
        }
        CliError::Name(_) => one("a name such as n1, web-2 or db.example.org"),
        CliError::NoDefault => {
            one(format!("{program} ls shows the machines; name one, or create it: {program} create default"))
        }
        CliError::NoNames { command } => one(format!("{program} {command} NAME")),
        CliError::Settings(SettingsError::Unknown { nearest, .. }) => did_you_mean(nearest),
        CliError::TimedOut(_) => one("give it longer with --timeout SECONDS"),
        CliError::Ops(error) => of_ops(error, to),
        CliError::Store(error) => along(error, to),
        CliError::Driver(error) => along(error, to),
        CliError::Query(error) => of_query(error, to),
        CliError::Login(error) => of_login(error, to),
        CliError::Ssh(error) => along(error, to),
        CliError::Classic { source, .. } => hints(source, to),
        CliError::Settings(SettingsError::Unreadable { .. } | SettingsError::Syntax { .. })
        | CliError::Clap(_)
        | CliError::Io { .. }
        | CliError::Interrupted
        | CliError::Machines { .. }
        | CliError::Several { .. } => Vec::new(),
    }
}

fn of_ops(error: &OpsError, to: To<'_>) -> Hints {
    match error {
        OpsError::UnknownDriver { nearest, .. } => {
            let mut hints = did_you_mean(nearest);
            hints.push(format!("{} create --help lists the drivers", to.program));
            hints
        }
        OpsError::Store(error) => along(error, to),
        OpsError::Driver(error) => along(error, to),
    }
}

fn of_query(error: &QueryError, to: To<'_>) -> Hints {
    let program = to.program;
    match error {
        QueryError::NotRunning { name, .. } => one(format!("{program} start {name}")),
        QueryError::NoUrl { name } | QueryError::NoCertificate { name, .. } => {
            one(format!("{program} provision {name}"))
        }
        QueryError::BadUrl { name, .. } => one(format!("what is stored: {program} inspect {name}")),
        QueryError::Engine { name, source } => along(source, To { name: Some(name), ..to }),
        QueryError::Login { name, source } => of_login(source, To { name: Some(name), ..to }),
        QueryError::Ops(error) => of_ops(error, to),
    }
}

fn of_login(error: &LoginError, to: To<'_>) -> Hints {
    match error {
        LoginError::NoLogin { .. } => Vec::new(),
        LoginError::Ssh(error) => along(error, to),
        LoginError::Ops(error) => of_ops(error, to),
    }
}

/// The hints of the first error on the chain that has any.
fn along(error: &(dyn Error + 'static), to: To<'_>) -> Hints {
    let chain = successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    chain.map(|error| known(error, to)).find(|hints| !hints.is_empty()).unwrap_or_default()
}

fn known(error: &(dyn Error + 'static), to: To<'_>) -> Hints {
    if let Some(error) = error.downcast_ref::<StoreError>() {
        store::hints(error, to)
    } else if let Some(error) = error.downcast_ref::<DriverError>() {
        driver::hints(error, to)
    } else if let Some(error) = error.downcast_ref::<SshError>() {
        ssh::hints(error, to)
    } else if let Some(error) = error.downcast_ref::<ApiError>() {
        engine::hints(error, to)
    } else {
        Vec::new()
    }
}

fn one(hint: impl Into<String>) -> Hints {
    vec![hint.into()]
}

fn did_you_mean(nearest: &[String]) -> Hints {
    if nearest.is_empty() { Vec::new() } else { one(format!("did you mean {}?", nearest.join(" or "))) }
}
