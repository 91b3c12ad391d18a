//! Which variables point the docker client at a machine.

use crate::{
    cli::{app::App, classic::habits::Habit, error::CliError},
    ops::{World, env_files, query},
    shell::Variable,
    store::Record,
};

/// In docker-machine's order.
const NAMES: [&str; 4] = ["DOCKER_TLS_VERIFY", "DOCKER_HOST", "DOCKER_CERT_PATH", "DOCKER_MACHINE_NAME"];
/// The client ignores it where `DOCKER_HOST` is set, which confuses whoever set it.
const CONTEXT: &str = "DOCKER_CONTEXT";

/// Variables with their values, or without one where they are unset.
pub struct Variables(Vec<(&'static str, Option<String>)>);

impl Variables {
    /// Those of a machine, as they also stand in its env files; docker-machine set all four whatever the engine.
    pub fn of(app: &App, world: &World, record: &Record) -> Result<Self, CliError> {
        let url = query::url(world, record)?;
        if app.has(Habit::FourVariables) {
            let folder = world.store.machine_dir(&record.name).to_string_lossy().into_owned();
            let values = ["1".to_owned(), url, folder, record.name.to_string()];
            return Ok(Self(NAMES.into_iter().zip(values.map(Some)).collect()));
        }
        let mut variables = env_files::variables(&world.store, &record.name, &url);
        if app.env.var(CONTEXT).is_some() {
            variables.push((CONTEXT, None));
        }
        Ok(Self(variables))
    }

    /// All of them, without values.
    pub fn unset(proxy: Option<&'static str>) -> Self {
        Self(NAMES.into_iter().chain(proxy).map(|name| (name, None)).collect())
    }

    /// Sets one more.
    pub fn set(&mut self, name: &'static str, value: String) {
        self.0.push((name, Some(value)));
    }

    /// As shells take them.
    pub fn as_refs(&self) -> Vec<Variable<'_>> {
        self.0.iter().map(|(name, value)| (*name, value.as_deref())).collect()
    }
}
