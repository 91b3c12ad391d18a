//! Machines by their names as typed, and the machine `default` when none is.

use super::{app::App, classic::habits::Habit, error::CliError};
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

/// Several machines, each once, or `default`. All are looked for before anything is done to one: docker-machine then does
/// nothing where one does not exist; we do it for those that do, and the others fail when their turn comes.
pub fn several(app: &App, store: &Store, typed: &[String]) -> Result<Vec<MachineName>, CliError> {
    if typed.is_empty() {
        return Ok(vec![default(store)?]);
    }
    let mut names: Vec<MachineName> = Vec::new();
    let mut failures = Vec::new();
    for text in typed {
        let name: Result<MachineName, CliError> = text.parse().map_err(CliError::from);
        match name {
            Ok(name) if names.contains(&name) => {}
            Ok(name) => names.push(name),
            Err(error) => failures.push(error),
        }
    }
    if !failures.is_empty() {
        return Err(together(failures));
    }
    let gone = || names.iter().filter(|name| !store.exists(name));
    if gone().count() == names.len() || app.has(Habit::AllOrNothing) && gone().count() > 0 {
        return Err(together(gone().map(|name| store.not_found(name.as_str()).into()).collect()));
    }
    Ok(names)
}

fn together(mut errors: Vec<CliError>) -> CliError {
    if errors.len() == 1 { errors.remove(0) } else { CliError::Several { errors } }
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

/// All machines of the store; names that are none are an error of their own.
pub fn all(app: &App) -> Result<Vec<MachineName>, CliError> {
    Ok(app.store()?.names()?.iter().map(|name| name.parse()).collect::<Result<_, _>>()?)
}

/// docker-machine takes one name where we take several.
pub fn at_most_one(app: &App, typed: &[String]) -> Result<(), CliError> {
    if app.has(Habit::OneName) && typed.len() > 1 {
        let message = "Error: Expected one machine name as an argument".into();
        return Err(CliError::Usage { message, hint: None });
    }
    Ok(())
}

/// Those of the names that are machines, in a sentence.
pub fn list(store: &Store, names: &[MachineName]) -> String {
    let there = names.iter().filter(|name| store.exists(name)).map(MachineName::as_str);
    there.collect::<Vec<_>>().join(", ")
}

fn existing(store: &Store, name: &str) -> Result<MachineName, CliError> {
    let name: MachineName = name.parse()?;
    if store.exists(&name) {
        return Ok(name);
    }
    if store.has_swarm(&name) {
        return Err(CliError::Failed {
            message: format!("{name} is a swarm, not a machine"),
            hint: Some(format!("its client: env --swarm {name}; how it is: swarm status {name}")),
        });
    }
    Err(store.not_found(name.as_str()).into())
}

fn default(store: &Store) -> Result<MachineName, CliError> {
    existing(store, DEFAULT).map_err(|_| CliError::NoDefault)
}
