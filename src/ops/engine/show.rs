//! What an engine runs with: every option that is set, who set it, and what differs from what is stored.

use serde::Serialize;
use serde_json::Value;

use super::LOOK_WAIT;
use crate::{
    engine::options::{self, Options, table},
    machine::MachineName,
    ops::{
        OpsError, World,
        provision::{Converge, May, Scope},
    },
    provision::{Facts, Plan, ProvisionError},
    retry::Deadline,
};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum From {
    /// We set it.
    Ours,
    /// A list in which some entries are ours and some the host's.
    Both,
    /// The host's own daemon.json has it.
    Host,
    /// A flag in this unit file says it.
    Flag(String),
    /// The engine's default, or what it chose itself.
    Default,
}

/// One option.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its key.
    pub option: String,
    /// Its value.
    pub value: Value,
    /// Where that comes from.
    pub from: From,
}

/// An option that is not as the record wishes it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Its key.
    pub option: String,
    /// What the host has.
    pub host: Option<Value>,
    /// What `engine apply` would make of it.
    pub stored: Option<Value>,
}

/// An engine as it is.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// The machine.
    pub machine: String,
    /// The engine's version.
    pub version: Option<String>,
    /// Whether it answers.
    pub is_running: bool,
    /// Where it answers to clients, as last known.
    pub url: Option<String>,
    /// The file of its options.
    pub config: String,
    /// Options.
    pub options: Vec<Row>,
    /// Variables of its environment that we set, by name.
    pub environment: Vec<String>,
    /// Options that are not as the record wishes them.
    pub differences: Vec<Difference>,
    /// What else `engine apply` would do, one line each.
    pub changes: Vec<String>,
    /// Why `engine apply` would be refused, if it would.
    pub refused: Option<String>,
}

/// Looks at one machine; with `all`, at options that nobody has set too.
pub async fn show(world: &World, name: &MachineName, all: bool) -> Result<Shown, OpsError> {
    let record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    if !driver.profile().provisions {
        return Err(OpsError::NotProvisioned { driver: driver.name().to_owned() });
    }
    let deadline = Deadline::after(LOOK_WAIT);
    let scope = Scope::Everything;
    let options = Converge { scope, may: May::default(), shows_plan: false, deadline };
    let (facts, wishes, plan) = super::found(world, driver.as_ref(), &record, options).await?;
    let (plan, refused) = match plan {
        Ok(plan) => (Some(plan), None),
        Err(OpsError::Provision(ProvisionError::Refused(refusal))) => (None, Some(refusal.to_string())),
        Err(error) => return Err(error),
    };
    let engine = facts.engine.as_ref();
    let names = wishes.env.iter().filter_map(|variable| variable.split('=').next());
    Ok(Shown {
        machine: name.to_string(),
        version: engine.and_then(|engine| engine.version.as_ref()).map(ToString::to_string),
        is_running: engine.is_some_and(|engine| engine.running.is_some()),
        url: record.side.url.clone(),
        config: facts.config_path.clone(),
        options: rows(&facts, all),
        environment: names.map(str::to_owned).collect(),
        differences: plan.as_ref().map(differences).unwrap_or_default(),
        changes: plan.as_ref().map(changes).unwrap_or_default(),
        refused,
    })
}

fn differences(plan: &Plan) -> Vec<Difference> {
    let keys = options::changed_keys(plan.before(), plan.after());
    let one = |key: String| Difference {
        host: plan.before().get(&key).map(options::masked),
        stored: plan.after().get(&key).map(options::masked),
        option: key,
    };
    keys.into_iter().map(one).collect()
}

fn changes(plan: &Plan) -> Vec<String> {
    if plan.is_empty() { Vec::new() } else { plan.change_lines() }
}

/// Options of the file, then flags, then what the engine says of itself, then (with `all`) defaults.
fn rows(facts: &Facts, all: bool) -> Vec<Row> {
    let file = facts.config.as_ref().and_then(|file| options::parse(file.bytes.as_deref()?).ok());
    let file = file.unwrap_or_default();
    let ours = facts.state.as_ref().map(|state| state.daemon.clone()).unwrap_or_default();
    let mut rows: Vec<Row> = file
        .iter()
        .map(|(key, value)| Row {
            option: key.clone(),
            value: options::masked(value),
            from: of_file(&ours, key, value),
        })
        .collect();
    let is_known = |rows: &[Row], key: &str| rows.iter().any(|row| row.option == key);
    for (key, value) in flags(facts) {
        if !is_known(&rows, &key) {
            let unit = facts.engine.as_ref().and_then(|engine| engine.command.as_ref());
            let from = From::Flag(unit.map(|command| command.path.clone()).unwrap_or_default());
            rows.push(Row { option: key, value, from });
        }
    }
    for (key, value) in said(facts) {
        if !is_known(&rows, key) {
            rows.push(Row { option: key.to_owned(), value, from: From::Default });
        }
    }
    let version = facts.engine.as_ref().and_then(|engine| engine.version.as_ref());
    let defaults = table::all().filter(|spec| all && version.is_none_or(|version| spec.is_known_to(version)));
    for spec in defaults {
        if !is_known(&rows, spec.key) {
            let value = spec.form.typed(spec.default).unwrap_or_else(|_| spec.default.into());
            let value = if spec.default.is_empty() { Value::Null } else { value };
            rows.push(Row { option: spec.key.to_owned(), value, from: From::Default });
        }
    }
    rows
}

fn of_file(ours: &Options, key: &str, value: &Value) -> From {
    match (ours.get(key), value) {
        (Some(our), value) if our == value => From::Ours,
        (Some(Value::Array(our)), Value::Array(there)) if our.iter().any(|one| there.contains(one)) => {
            From::Both
        }
        (Some(_) | None, _) => From::Host,
    }
}

fn flags(facts: &Facts) -> Options {
    let flags = facts.engine.iter().flat_map(|engine| &engine.flags);
    options::from_flags(flags.map(|flag| (flag.name.as_str(), flag.value.as_str())))
}

/// What the engine itself says of some options, under their names.
fn said(facts: &Facts) -> Vec<(&'static str, Value)> {
    const NAMES: [(&str, &str); 9] = [
        ("storage-driver", "Driver"),
        ("log-driver", "LoggingDriver"),
        ("data-root", "DockerRootDir"),
        ("live-restore", "LiveRestoreEnabled"),
        ("debug", "Debug"),
        ("default-runtime", "DefaultRuntime"),
        ("experimental", "ExperimentalBuild"),
        ("labels", "Labels"),
        ("registry-mirrors", "Mirrors"),
    ];
    let running = facts.engine.as_ref().and_then(|engine| engine.running.as_ref());
    let Some(running) = running else { return Vec::new() };
    let of = |name: &str| match name {
        "Mirrors" => running.info["RegistryConfig"][name].clone(),
        name => running.info[name].clone(),
    };
    let is_something =
        |value: &Value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty());
    NAMES.iter().map(|(key, name)| (*key, of(name))).filter(|(_, value)| is_something(value)).collect()
}
