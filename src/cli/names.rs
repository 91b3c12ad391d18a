//! Machines by their names as typed, and the machine `default` when none is.

use super::{app::App, error::CliError};
use crate::{machine::MachineName, store::Store};

/// The machine that is meant when none is named.
const DEFAULT: &str = "default";

/// One machine that exists, or `default`.
pub fn one(store: &Store, typed: Option<&str>) -> Result<MachineName, CliError> {
    match typed {
        Some(name) => existing(store, name),
        None => default(store),
    }
}

/// Several machines that exist, each once, or `default`. All are looked for before anything is done to one.
pub fn several(store: &Store, typed: &[String]) -> Result<Vec<MachineName>, CliError> {
    if typed.is_empty() {
        return Ok(vec![default(store)?]);
    }
    let mut names: Vec<MachineName> = Vec::new();
    let mut failures = Vec::new();
    for name in typed {
        match existing(store, name) {
            Ok(name) if names.contains(&name) => {}
            Ok(name) => names.push(name),
            Err(error) => failures.push(error),
        }
    }
    match failures.len() {
        0 => Ok(names),
        1 => Err(failures.remove(0)),
        _ => Err(CliError::Several { errors: failures }),
    }
}

/// The same for what may be gone already: what is not there is told, and is no error.
pub fn several_if_there(app: &App, store: &Store, typed: &[String]) -> Result<Vec<MachineName>, CliError> {
    let parsed: Result<Vec<MachineName>, _> = typed.iter().map(|name| name.parse()).collect();
    let (there, gone): (Vec<_>, Vec<_>) = parsed?.into_iter().partition(|name| store.exists(name));
    for name in gone {
        app.ui.note(format_args!("machine \"{name}\" does not exist"));
    }
    Ok(there)
}

/// docker-machine takes one name where we take several.
pub fn at_most_one(app: &App, typed: &[String]) -> Result<(), CliError> {
    if app.is_classic() && typed.len() > 1 {
        let message = "Error: Expected one machine name as an argument".into();
        return Err(CliError::Usage { message, hint: None });
    }
    Ok(())
}

/// Names in a sentence.
pub fn list(names: &[MachineName]) -> String {
    names.iter().map(MachineName::as_str).collect::<Vec<_>>().join(", ")
}

fn existing(store: &Store, name: &str) -> Result<MachineName, CliError> {
    let name: MachineName = name.parse()?;
    if store.exists(&name) { Ok(name) } else { Err(store.not_found(name.as_str()).into()) }
}

fn default(store: &Store) -> Result<MachineName, CliError> {
    existing(store, DEFAULT).map_err(|_| CliError::NoDefault)
}
