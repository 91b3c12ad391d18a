//! One machine as `ls` shows it: the cells of the table, and what templates ask for.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::swarms::{self, Swarms};
use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        error::{classic_driver, classic_store, classic_version},
        expiry,
    },
    driver::DriverError,
    error::in_one_line,
    machine::State,
    ops::query::{QueryError, Row},
    store::{Record, Stage, StoreError},
};

/// One machine of the list.
pub struct Item<'a> {
    /// The machine, or the folder of a broken one.
    pub name: &'a str,
    /// Whether `DOCKER_HOST` is the engine, and its swarm; none where nobody can tell.
    pub active: Option<Active>,
    /// The driver, or docker-machine's words for one that is not here.
    pub driver: String,
    /// What the host is doing; none where nobody asked.
    pub state: Option<State>,
    /// The engine's URL, or nothing.
    pub url: String,
    /// The master of its swarm.
    pub swarm: String,
    /// The engine's version as it is shown.
    pub docker: String,
    /// What is wrong, or soon will be.
    pub error: String,
    /// How long the answer took.
    pub took: Duration,
    /// The record, of which templates may ask for options.
    pub record: Option<&'a Record>,
}

/// What `DOCKER_HOST` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Active {
    /// This engine.
    pub host: bool,
    /// The swarm whose master this is.
    pub swarm: bool,
}

impl Active {
    fn cell(self) -> &'static str {
        match self {
            Self { swarm: true, .. } => "* (swarm)",
            Self { host: true, swarm: false } => "*",
            Self { host: false, swarm: false } => "-",
        }
    }
}

impl<'a> Item<'a> {
    /// A machine, looked at or not.
    pub fn of(app: &App, row: &'a Row, swarms: &Swarms) -> Self {
        match &row.record {
            Ok(record) => Self::known(app, row, record, swarms),
            Err(broken) => Self::broken(app, &row.name, broken),
        }
    }

    fn known(app: &App, row: &'a Row, record: &'a Record, swarms: &Swarms) -> Self {
        // docker-machine knew nothing of a machine that did not answer everything in time.
        if app.has(Habit::LateIsUnknown) && row.is_late {
            return Self::late(app, row, record);
        }
        let is_late = row.state == Some(State::Timeout);
        let docker = match &row.version {
            Some(version) => format!("v{version}"),
            None if is_late => String::new(),
            None => "Unknown".to_owned(),
        };
        Self {
            name: &row.name,
            active: (!is_late).then(|| active(app, row, record)),
            driver: driver(app, &record.config.driver_name),
            state: row.state,
            url: url(app, row),
            swarm: swarms.cell(record),
            docker,
            error: trouble(app, row, record).unwrap_or_default(),
            took: row.took,
            record: Some(record),
        }
    }

    fn late(app: &App, row: &'a Row, record: &Record) -> Self {
        let driver = driver(app, &record.config.driver_name);
        Self { driver, state: Some(State::Timeout), took: row.took, ..Self::blank(&row.name) }
    }

    fn blank(name: &'a str) -> Self {
        Self {
            name,
            active: None,
            driver: String::new(),
            state: None,
            url: String::new(),
            swarm: String::new(),
            docker: String::new(),
            error: String::new(),
            took: Duration::ZERO,
            record: None,
        }
    }

    fn broken(app: &App, name: &'a str, broken: &StoreError) -> Self {
        let error = if app.has(Habit::OwnWordsInTables) { classic_store(broken) } else { broken.to_string() };
        Self {
            driver: "not found".into(),
            state: Some(State::Error),
            error: error.replace('\n', ""),
            ..Self::blank(name)
        }
    }

    /// As the ACTIVE column has it.
    pub fn active_cell(&self) -> &'static str {
        self.active.map_or("", Active::cell)
    }

    /// As the table has it, column by column.
    pub fn cells(&self) -> [String; 8] {
        [
            self.name.to_owned(),
            self.active_cell().to_owned(),
            self.driver.clone(),
            self.state.map_or_else(String::new, |state| state.to_string()),
            self.url.clone(),
            self.swarm.clone(),
            self.docker.clone(),
            self.error.clone(),
        ]
    }
}

/// A machine for programs.
pub fn json(app: &App, row: &Row, swarms: &Swarms) -> Json {
    let record = row.record.as_ref().ok();
    let error = match &row.record {
        Ok(_) => row.error.as_deref().map(one_line),
        Err(broken) => Some(broken.to_string()),
    };
    json!({
        "name": row.name,
        "active": record.is_some_and(|record| active(app, row, record).host),
        "driver": record.map(|record| &record.config.driver_name),
        "state": row.state,
        "url": row.url,
        "swarm": record.and_then(|record| swarms.master_of(record)),
        "engine": row.version,
        "error": error,
        "certificates": expiry::json(&row.lives),
    })
}

/// docker-machine does not name a driver that it lacks.
fn driver(app: &App, name: &str) -> String {
    if app.has(Habit::OwnWordsInTables) && !app.drivers().has(name) {
        "not-found".to_owned()
    } else {
        name.to_owned()
    }
}

/// docker-machine's drivers know a URL only while the host runs.
fn url(app: &App, row: &Row) -> String {
    let is_shown = !app.has(Habit::HostMustRun) || matches!(row.state, None | Some(State::Running));
    row.url.clone().filter(|_| is_shown).unwrap_or_default()
}

fn active(app: &App, row: &Row, record: &Record) -> Active {
    let is_up = matches!(row.state, None | Some(State::Running));
    match (app.docker_host(), row.url.as_deref()) {
        (Some(target), Some(url)) if is_up => {
            Active { host: url == target, swarm: swarms::url(record, url).as_deref() == Some(target) }
        }
        _ => Active::default(),
    }
}

/// What is wrong, or soon will be; docker-machine knew nothing of the latter.
fn trouble(app: &App, row: &Row, record: &Record) -> Option<String> {
    let missing = missing(app, record);
    if app.has(Habit::OwnWordsInTables) {
        return missing
            .map(|error| classic_driver(&error))
            .or_else(|| row.error.as_deref().and_then(classic));
    }
    unfinished(record)
        .or_else(|| row.error.as_deref().map(one_line))
        .or_else(|| missing.map(|error| error.to_string()))
        .or_else(|| expiry::mark(&row.lives))
}

fn missing(app: &App, record: &Record) -> Option<DriverError> {
    let driver = &record.config.driver_name;
    (!app.drivers().has(driver)).then(|| DriverError::Missing { driver: driver.clone() })
}

/// docker-machine's sentence; that a host does not run is none, since its state says so.
fn classic(error: &QueryError) -> Option<String> {
    match error {
        QueryError::NotRunning { .. } => None,
        QueryError::Engine { source, .. } => {
            Some(format!("Unable to query docker version: {}", classic_version(source)))
        }
        QueryError::Ops(_) | QueryError::NotSwarmMaster { .. } | QueryError::SwarmSilent { .. } => {
            Some(one_line(error))
        }
    }
}

fn one_line(error: &QueryError) -> String {
    in_one_line(error).replace('\n', " ")
}

fn unfinished(record: &Record) -> Option<String> {
    let is_unfinished = record.side.stage < Stage::Provisioned;
    is_unfinished.then(|| "its create did not finish: the same command goes on".to_owned())
}
