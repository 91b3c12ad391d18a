//! What machines are and do, changing nothing: from the store alone, or by asking the driver and the engine.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    OpsError, World,
    certs::{self, Lives},
    connect,
    fan_out::fan_out,
};
use crate::{
    driver::DriverError,
    engine::api::Version,
    machine::{MachineName, State},
    retry::Deadline,
    store::{Record, StoreError},
};

/// How many machines are looked at at once: looking is one connection each, and a dead one takes the whole deadline.
const LOOKS_AT_ONCE: usize = 512;

/// One machine of a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The folder's name; of a broken record it may be no machine name.
    pub name: String,
    /// The record, or what is wrong with it.
    pub record: Result<Record, Arc<StoreError>>,
    /// What the host is doing; `None` when nobody asked.
    pub state: Option<State>,
    /// The engine's URL as last known.
    pub url: Option<String>,
    /// The engine's version; `None` when it was not asked or did not answer.
    pub version: Option<String>,
    /// What is wrong, other than with the record.
    pub error: Option<Arc<QueryError>>,
    /// How long it took to answer, in whole milliseconds; nothing when nobody asked.
    pub took: Duration,
    /// Whether the time was over before everything was answered.
    pub is_late: bool,
    /// How long its certificates hold; empty where nobody looked.
    pub lives: Lives,
}

/// What to ask of each machine of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// What its host is doing.
    State,
    /// That, and the engine's version where it runs, or where its driver does not know whether it does.
    Engine,
    /// That, and the engine's version where it is known to run.
    EngineOfRunning,
}

/// Why a machine did not answer a question.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The host is down.
    #[error("the host of {name} is not running (it is {})", state.to_string().to_lowercase())]
    NotRunning {
        /// The machine.
        name: MachineName,
        /// What it is doing instead.
        state: State,
    },
    /// The engine did not answer, or not to us.
    #[error("the engine of {name} does not answer")]
    Engine {
        /// The machine.
        name: MachineName,
        /// Its address and port, as far as they are known.
        at: String,
        /// At which link of the chain.
        #[source]
        source: Box<OpsError>,
    },
    /// The machine is the master of no classic swarm.
    #[error("{name} is not the master of a classic swarm")]
    NotSwarmMaster {
        /// The machine.
        name: MachineName,
    },
    /// The engine of a classic swarm's master answers, the swarm does not.
    #[error("the engine of {name} answers, its classic swarm does not")]
    SwarmSilent {
        /// The machine.
        name: MachineName,
    },
    /// The record or its driver.
    #[error(transparent)]
    Ops(#[from] OpsError),
}

/// Every machine of the store, from the store alone.
pub fn stored(world: &World) -> Result<Vec<Row>, StoreError> {
    Ok(world.store.all()?.into_iter().map(|(name, record)| stored_row(world, name, record)).collect())
}

fn stored_row(world: &World, name: String, record: Result<Record, StoreError>) -> Row {
    let mut row = Row {
        name,
        record: record.map_err(Arc::new),
        state: None,
        url: None,
        version: None,
        error: None,
        took: Duration::ZERO,
        is_late: false,
        lives: Lives::default(),
    };
    match row.record.as_ref().map(|record| url(world, record)) {
        Ok(Ok(url)) => row.url = Some(url),
        // A host that is down may have no address; what is wrong with a record stands there.
        Ok(Err(OpsError::NoUrl { .. })) | Err(_) => {}
        Ok(Err(error)) => row.error = Some(Arc::new(error.into())),
    }
    row
}

/// Adds how long the certificates hold.
pub fn date_certificates(world: &World, rows: &mut [Row]) {
    for row in rows {
        if let Ok(record) = &row.record {
            row.lives = certs::lives(world, record);
        }
    }
}

/// Asks driver and engine of every machine at once; none takes longer than `at_most`.
pub async fn look(world: &World, rows: Vec<Row>, ask: Ask, at_most: Duration) -> Vec<Row> {
    let names =
        rows.iter().filter_map(|row| row.record.as_ref().ok().map(|record| record.name.clone())).collect();
    let mut looked = fan_out(names, LOOKS_AT_ONCE, |name| {
        let (world, row) = (world.clone(), rows.iter().find(|row| row.name == name.as_str()).cloned());
        async move { looked_at(&world, row?, ask, at_most).await }
    })
    .await
    .into_iter()
    .filter_map(|(_, row)| row)
    .peekable();
    let next_if = |row: Row| looked.next_if(|looked| looked.name == row.name).unwrap_or_else(|| broken(row));
    rows.into_iter().map(next_if).collect()
}

fn broken(row: Row) -> Row {
    Row { state: Some(State::Error), ..row }
}

async fn looked_at(world: &World, row: Row, ask: Ask, at_most: Duration) -> Option<Row> {
    let record = row.record.clone().ok()?;
    let late = Row { state: Some(State::Timeout), took: at_most, is_late: true, ..row.clone() };
    if at_most.is_zero() {
        return Some(late);
    }
    let (began, deadline) = (Instant::now(), Deadline::after(at_most));
    let looking = async {
        let state = state(world, &record).await?;
        let version = match (ask, state) {
            (Ask::Engine | Ask::EngineOfRunning, State::Running) | (Ask::Engine, State::None)
                if row.url.is_some() =>
            {
                Some(version(world, &record, deadline).await)
            }
            _ => None,
        };
        Ok::<_, OpsError>((state, version))
    };
    let Ok(outcome) = deadline.bound("the host and its engine", looking).await else { return Some(late) };
    let is_late = deadline.is_over();
    let took = if is_late { at_most } else { in_milliseconds(began.elapsed()) };
    let row = Row { took, is_late, ..row };
    Some(match outcome {
        Err(error) => Row { state: Some(State::Error), error: Some(Arc::new(error.into())), ..row },
        Ok((state, None)) => Row { state: Some(state), ..row },
        Ok((state, Some(Ok(version)))) => Row { state: Some(state), version: Some(version.version), ..row },
        Ok((state, Some(Err(error)))) => Row { state: Some(state), error: Some(Arc::new(error)), ..row },
    })
}

/// As docker-machine counted answers.
fn in_milliseconds(took: Duration) -> Duration {
    Duration::from_millis(u64::try_from((took.as_micros() + 500) / 1000).unwrap_or(u64::MAX))
}

/// What the host is doing; a host that is gone is a state, not an error.
pub async fn state(world: &World, record: &Record) -> Result<State, OpsError> {
    let driver = world.driver(record)?;
    let mut stored = record.config.driver.clone();
    match driver.state(&world.context(&record.name), &mut stored).await {
        Ok(state) => Ok(state),
        Err(DriverError::Gone) => Ok(State::NotFound),
        Err(error) => Err(error.into()),
    }
}

/// The same, and an error when the host is not running; where its driver is not here, nobody can tell.
pub async fn must_run(world: &World, record: &Record) -> Result<(), QueryError> {
    match state(world, record).await {
        Ok(State::Running) | Err(OpsError::Driver(DriverError::Missing { .. })) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(state) => Err(QueryError::NotRunning { name: record.name.clone(), state }),
    }
}

/// The engine's URL as last known.
pub fn url(world: &World, record: &Record) -> Result<String, OpsError> {
    connect::url(world, world.driver(record)?.as_ref(), record)
}

/// The host's address as last known.
pub fn ip(world: &World, record: &Record) -> Result<Option<String>, OpsError> {
    Ok(world.driver(record)?.ip(&world.context(&record.name), &record.config.driver)?)
}

/// The host runs and its engine answers to us.
pub async fn check(world: &World, record: &Record, deadline: Deadline) -> Result<Version, QueryError> {
    must_run(world, record).await?;
    version(world, record, deadline).await
}

/// One request to the engine, the way the user's client will come: a TLS handshake alone proves nothing.
pub async fn version(world: &World, record: &Record, deadline: Deadline) -> Result<Version, QueryError> {
    let at = url(world, record).unwrap_or_default();
    let at = at.split_once("://").map_or(at.as_str(), |(_, at)| at).to_owned();
    let failed =
        |source| QueryError::Engine { name: record.name.clone(), at: at.clone(), source: Box::new(source) };
    let api =
        connect::engine(world, world.driver(record)?.as_ref(), record, deadline).await.map_err(failed)?;
    api.version(deadline).await.map_err(|error| failed(error.into()))
}
