//! What machines are and do, changing nothing: from the store alone, or by asking the driver and the engine.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    OpsError, World,
    fan_out::fan_out,
    login::{self, LoginError},
};
use crate::{
    driver::DriverError,
    engine::api::{Api, ApiError, Endpoint, Version},
    machine::{MachineName, State},
    retry::Deadline,
    secret::Secret,
    store::{Record, StoreError},
};

/// The port of engines whose URL names none.
const ENGINE_PORT: u16 = 2376;
/// How many machines are looked at at once: looking is one connection each, and a dead one takes the whole deadline.
const LOOKS_AT_ONCE: usize = 512;

/// One machine of a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The folder's name; of a broken record it may be no machine name.
    pub name: String,
    /// The record, or what is wrong with it.
    pub record: Result<Record, String>,
    /// What the host is doing; `None` when nobody asked.
    pub state: Option<State>,
    /// The engine's URL as last known.
    pub url: Option<String>,
    /// The engine's version; `None` when it was not asked or did not answer.
    pub version: Option<String>,
    /// What is wrong.
    pub error: Option<String>,
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
    /// No address is known yet.
    #[error("the address of {name}'s engine is not known")]
    NoUrl {
        /// The machine.
        name: MachineName,
    },
    /// The stored URL is of a form we do not know.
    #[error("the URL of {name}'s engine, {url:?}, is of no form that is known here")]
    BadUrl {
        /// The machine.
        name: MachineName,
        /// The URL.
        url: String,
    },
    /// A file that a client needs is not there.
    #[error("{path} is missing", path = path.display())]
    NoCertificate {
        /// The machine.
        name: MachineName,
        /// The file.
        path: PathBuf,
    },
    /// The engine did not answer, or not to us.
    #[error("the engine of {name} does not answer")]
    Engine {
        /// The machine.
        name: MachineName,
        /// At which link of the chain.
        #[source]
        source: ApiError,
    },
    /// The engine is reached over SSH, and there is no login.
    #[error("the host of {name} cannot be logged in to")]
    Login {
        /// The machine.
        name: MachineName,
        /// At which step.
        #[source]
        source: Box<LoginError>,
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
        record: record.map_err(|error| error.to_string()),
        state: None,
        url: None,
        version: None,
        error: None,
    };
    match row.record.as_ref().map(|record| url(world, record)) {
        Ok(Ok(url)) => row.url = url,
        Ok(Err(error)) => row.error = Some(error.to_string()),
        Err(broken) => row.error = Some(broken.clone()),
    }
    row
}

/// Asks driver and engine of every machine at once; none takes longer than `at_most`.
pub async fn look(world: &World, rows: Vec<Row>, at_most: Duration) -> Vec<Row> {
    let names =
        rows.iter().filter_map(|row| row.record.as_ref().ok().map(|record| record.name.clone())).collect();
    let mut looked = fan_out(names, LOOKS_AT_ONCE, |name| {
        let (world, row) = (world.clone(), rows.iter().find(|row| row.name == name.as_str()).cloned());
        async move { looked_at(&world, row?, Deadline::after(at_most)).await }
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

async fn looked_at(world: &World, row: Row, deadline: Deadline) -> Option<Row> {
    let record = row.record.clone().ok()?;
    let looking = async {
        let state = state(world, &record).await?;
        let version = match state {
            State::Running if row.url.is_some() => Some(version(world, &record, deadline).await),
            _ => None,
        };
        Ok::<_, OpsError>((state, version))
    };
    Some(match deadline.bound("the host and its engine", looking).await {
        Err(_) => Row { state: Some(State::Timeout), ..row },
        Ok(Err(error)) => Row { state: Some(State::Error), error: Some(error.to_string()), ..row },
        Ok(Ok((state, None))) => Row { state: Some(state), ..row },
        Ok(Ok((state, Some(Ok(version))))) => {
            Row { state: Some(state), version: Some(version.version), ..row }
        }
        Ok(Ok((state, Some(Err(error))))) => {
            Row { state: Some(state), error: Some(in_one_line(&error)), ..row }
        }
    })
}

/// An error with its causes on one line, for a cell.
fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text.replace('\n', " ")
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

/// The same, and an error when the host is not running.
pub async fn must_run(world: &World, record: &Record) -> Result<(), QueryError> {
    match state(world, record).await? {
        State::Running => Ok(()),
        state => Err(QueryError::NotRunning { name: record.name.clone(), state }),
    }
}

/// The engine's URL as last known: what our side file says, else what the driver's state says.
pub fn url(world: &World, record: &Record) -> Result<Option<String>, OpsError> {
    if let Some(url) = &record.side.url {
        return Ok(Some(url.clone()));
    }
    Ok(world.driver(record)?.url(&world.context(&record.name), &record.config.driver)?)
}

/// The same, and an error when none is known.
pub fn known_url(world: &World, record: &Record) -> Result<String, QueryError> {
    url(world, record)?.ok_or_else(|| QueryError::NoUrl { name: record.name.clone() })
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
    let api = Api::new(endpoint(world, record, deadline).await?);
    api.version(deadline).await.map_err(|source| QueryError::Engine { name: record.name.clone(), source })
}

async fn endpoint(world: &World, record: &Record, deadline: Deadline) -> Result<Endpoint, QueryError> {
    let url = known_url(world, record)?;
    match url.split_once("://") {
        Some(("ssh", _)) => over_ssh(world, record, deadline).await,
        Some(("unix", path)) => Ok(Endpoint::Unix(path.into())),
        Some(("tcp", address)) => over_tls(world, record, address, &url),
        _ => Err(QueryError::BadUrl { name: record.name.clone(), url }),
    }
}

async fn over_ssh(world: &World, record: &Record, deadline: Deadline) -> Result<Endpoint, QueryError> {
    let failed = |source| QueryError::Login { name: record.name.clone(), source: Box::new(source) };
    let place = login::endpoint(world, record).map_err(failed)?;
    let session = login::log_in(world, record, &place, deadline).await.map_err(failed)?;
    Ok(Endpoint::Stream(Arc::new(session)))
}

/// With the files that the user's client will take: those of the machine's folder where they are, else those the record
/// names.
fn over_tls(world: &World, record: &Record, address: &str, url: &str) -> Result<Endpoint, QueryError> {
    let Some((host, port)) = host_and_port(address) else {
        return Err(QueryError::BadUrl { name: record.name.clone(), url: url.to_owned() });
    };
    let auth = &record.config.host_options.auth_options;
    let read = |file, named: &str| client_file(world, record, file, named);
    Ok(Endpoint::Tls {
        host,
        port,
        authority: read("ca.pem", &auth.ca_cert_path)?,
        certificate: read("cert.pem", &auth.client_cert_path)?,
        key: Secret::new(read("key.pem", &auth.client_key_path)?),
    })
}

fn client_file(world: &World, record: &Record, file: &str, named: &str) -> Result<String, QueryError> {
    let own = world.store.machine_dir(&record.name).join(file);
    std::fs::read_to_string(&own)
        .or_else(|_| std::fs::read_to_string(named))
        .map_err(|_| QueryError::NoCertificate { name: record.name.clone(), path: own })
}

/// `10.0.0.5:2376`, `[fe80::1]:2376`, `host`.
fn host_and_port(address: &str) -> Option<(String, u16)> {
    let address = address.trim_end_matches('/');
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))),
    };
    let port = port.map_or(Some(ENGINE_PORT), |port| port.parse().ok())?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_engines_come_in_three_forms() {
        let table = [
            ("10.0.0.5:2376", Some(("10.0.0.5", 2376))),
            ("[fe80::1]:23761", Some(("fe80::1", 23761))),
            ("[fe80::1]", Some(("fe80::1", 2376))),
            ("n1.example.org/", Some(("n1.example.org", 2376))),
            ("10.0.0.5:x", None),
            (":2376", None),
        ];
        for (address, wanted) in table {
            let wanted = wanted.map(|(host, port)| (host.to_owned(), port));
            assert_eq!(host_and_port(address), wanted, "{address}");
        }
    }
}
