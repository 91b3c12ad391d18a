//! One machine as cells of the table, or as JSON.

use serde_json::{Value, json};

use crate::{
    cli::{
        app::App,
        error::{classic_driver, classic_store},
    },
    driver::DriverError,
    drivers,
    env::Voice,
    machine::State,
    ops::query::Row,
    store::{Stage, StoreError},
};

/// docker-machine's columns. SWARM was classic swarm's and stays, empty, for those who count columns.
pub const HEADER: [&str; 8] = ["NAME", "ACTIVE", "DRIVER", "STATE", "URL", "SWARM", "DOCKER", "ERRORS"];

/// Days before a certificate's end from which on a list shows it.
const SOON: i64 = 30;

/// The cells of a machine.
pub fn cells(app: &App, row: &Row) -> [String; 8] {
    let record = match &row.record {
        Ok(record) => record,
        Err(broken) => return broken_cells(app, &row.name, broken),
    };
    let is_late = row.state == Some(State::Timeout);
    let active = if is_late { "" } else { active(app, row) };
    let docker = match &row.version {
        Some(version) => format!("v{version}"),
        None if is_late => String::new(),
        None => "Unknown".to_owned(),
    };
    [
        row.name.clone(),
        active.to_owned(),
        driver(app, &record.config.driver_name),
        row.state.map_or_else(String::new, |state| state.to_string()),
        url(app, row),
        String::new(),
        docker,
        trouble(app, row).unwrap_or_default().replace('\n', ""),
    ]
}

fn broken_cells(app: &App, name: &str, broken: &StoreError) -> [String; 8] {
    let error = if app.is_classic() { classic_store(broken) } else { broken.to_string() };
    let cells = [name, "", "not found", "Error", "", "", "", &error.replace('\n', "")];
    cells.map(str::to_owned)
}

/// docker-machine does not name a driver that it lacks.
fn driver(app: &App, name: &str) -> String {
    if app.is_classic() && drivers::find(name).is_none() { "not-found".to_owned() } else { name.to_owned() }
}

/// What is wrong, or soon will be; docker-machine knew nothing of the latter.
fn trouble(app: &App, row: &Row) -> Option<String> {
    let expiry = match row.days_left {
        Some(days) if days < 0 => Some("the certificate has expired".to_owned()),
        Some(days) if days < SOON => Some(format!("the certificate expires in {days} days")),
        Some(_) | None => None,
    };
    let is_unfinished = row.record.as_ref().is_ok_and(|record| record.side.stage < Stage::Provisioned);
    let unfinished = is_unfinished.then(|| "its create did not finish: the same command goes on".to_owned());
    let missing = row.record.as_ref().ok().map(|record| record.config.driver_name.clone());
    let missing = missing.filter(|driver| drivers::find(driver).is_none());
    let missing = missing.map(|driver| DriverError::Missing { driver });
    match app.voice() {
        Voice::DockerMachine => missing.map(|error| classic_driver(&error)).or_else(|| row.error.clone()),
        Voice::Rmachine => unfinished.or_else(|| row.error.clone()).or(expiry),
    }
}

/// docker-machine's drivers know a URL only while the host runs.
fn url(app: &App, row: &Row) -> String {
    let is_shown = !app.is_classic() || row.state == Some(State::Running);
    row.url.clone().filter(|_| is_shown).unwrap_or_default()
}

fn active(app: &App, row: &Row) -> &'static str {
    if is_active(app, row) { "*" } else { "-" }
}

fn is_active(app: &App, row: &Row) -> bool {
    let is_up = matches!(row.state, None | Some(State::Running));
    is_up && row.url.is_some() && row.url.as_deref() == app.env.var("DOCKER_HOST")
}

/// A machine for programs.
pub fn json(app: &App, row: &Row) -> Value {
    json!({
        "name": row.name,
        "active": is_active(app, row),
        "driver": row.record.as_ref().ok().map(|record| &record.config.driver_name),
        "state": row.state,
        "url": row.url,
        "engine": row.version,
        "error": row.error,
        "certificate_days_left": row.days_left,
    })
}

/// By name as people count: n2 before n10, capitals beside small letters.
pub fn sort(rows: &mut [Row]) {
    rows.sort_by_cached_key(|row| (natural(&row.name.to_lowercase()), row.name.clone()));
}

/// A name cut into texts and numbers.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts: Vec<(String, u64)> = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (number, tail) = tail.split_at(end);
        parts.push((text.to_owned(), number.parse().unwrap_or(0)));
        rest = tail;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_as_people_count() {
        let mut names = ["n10", "N1", "a", "n2", "n1b"];
        names.sort_by_cached_key(|name| (natural(&name.to_lowercase()), (*name).to_owned()));
        assert_eq!(names, ["a", "N1", "n1b", "n2", "n10"]);
    }
}
