//! What daemon.json becomes: what is there, without what we put there earlier, with what is wished for now.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::listen::{Listen, command};
use crate::{
    engine::options::{self, Options, Surroundings},
    provision::{
        Access, Materials, Wishes,
        facts::{Engine, Facts, Running},
        refusal::Refusal,
        state::{Carried, OLD_DROP_IN, TLS_FOLDER},
        unit::{self, ExecStart, Flag},
    },
};

/// The settings that belong together.
const TLS_KEYS: [&str; 5] = ["tls", "tlsverify", "tlscacert", "tlscert", "tlskey"];
/// Where an engine without `-H` and without `hosts` listens.
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// daemon.json before and after.
pub(super) struct Merged {
    /// As it is.
    pub(super) before: Options,
    /// As it will be.
    pub(super) after: Options,
    /// What we lay over it.
    pub(super) ours: Options,
    /// The part of that which was docker-machine's, with its variables.
    pub(super) carried: Carried,
    /// Whether that is a difference.
    pub(super) changed: bool,
}

/// Merges, and refuses what the engine or its other clients would not bear.
pub(super) fn merge(
    facts: &Facts,
    wishes: &Wishes,
    materials: &Materials<'_>,
    listen: &Listen,
) -> Result<Merged, Refusal> {
    let before = current(facts)?;
    let origin = facts.origin.as_ref().and_then(|origin| origin.config.as_deref());
    let origin = origin.and_then(|bytes| options::parse(bytes).ok()).unwrap_or_default();
    let earlier = facts.state.clone().unwrap_or_default();
    let base = options::unmerge(before.clone(), &earlier.daemon, &origin);

    let carried = match takes_over(facts, wishes) {
        Some(engine) => carry(facts, engine)?,
        None => earlier.carried,
    };
    let mut ours = options::merge(carried.daemon.clone(), &wishes.daemon);
    let start = facts.engine.as_ref().and_then(|engine| command(facts, engine, wishes.access));
    if !start.as_ref().is_some_and(|(_, flags)| flags.iter().any(|flag| flag.name == "label")) {
        let label = format!("provider={}", materials.provider);
        ours = options::merge(ours, &object(json!({ "labels": [label] })));
    }
    if wishes.access == Access::Tls {
        ours = options::merge(ours, &tls());
        if !listen.by_activation {
            ours = options::merge(ours, &hosts(&base, &listen.addresses));
        }
        judge_own_access(facts, &base, &ours)?;
    }
    if let Some((command, flags)) = start {
        judge_flags(&command, &flags, &base, &ours)?;
    }
    let after = options::merge(base, &ours);
    judge_options(facts, &ours, &after)?;
    Ok(Merged { changed: before != after, before, after, ours, carried })
}

fn object(value: Value) -> Options {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Options::new()
        }
    }
}

/// daemon.json as it is.
pub(super) fn current(facts: &Facts) -> Result<Options, Refusal> {
    let path = || facts.config_path.clone();
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b'-');
    if !facts.config_path.bytes().all(is_plain) {
        return Err(Refusal::OddPath { path: path() });
    }
    let Some(file) = &facts.config else { return Ok(Options::new()) };
    let bytes = file.bytes.as_deref().ok_or_else(|| Refusal::HugeConfig { path: path() })?;
    options::parse(bytes).map_err(|source| Refusal::BrokenConfig { path: path(), source })
}

fn tls() -> Options {
    object(json!({
        "tlsverify": true,
        "tlscacert": format!("{TLS_FOLDER}/ca.pem"),
        "tlscert": format!("{TLS_FOLDER}/server.pem"),
        "tlskey": format!("{TLS_FOLDER}/server-key.pem"),
    }))
}

fn hosts(base: &Options, addresses: &[SocketAddr]) -> Options {
    let known = base.get("hosts").and_then(Value::as_array).cloned();
    let mut hosts = known.unwrap_or_else(|| vec![DEFAULT_HOST.into()]);
    hosts.extend(addresses.iter().map(|address| Value::from(format!("tcp://{address}"))));
    object(json!({ "hosts": hosts }))
}

/// Settings of other people's that ours would break.
fn judge_own_access(facts: &Facts, base: &Options, ours: &Options) -> Result<(), Refusal> {
    let path = || facts.config_path.clone();
    let foreign = |key: &&&str| base.get(**key).is_some_and(|value| ours.get(**key) != Some(value));
    if let Some(key) = TLS_KEYS.iter().find(foreign) {
        return Err(Refusal::OwnTls { path: path(), key: (*key).to_owned() });
    }
    let hosts = base.get("hosts").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    match hosts.into_iter().find(|host| host.starts_with("tcp://")) {
        None => Ok(()),
        Some(address) => Err(Refusal::OwnListener { path: path(), address: address.to_owned() }),
    }
}

/// The engine refuses to start when an option is both a flag and in daemon.json (<https://github.com/moby/moby/issues/25471>).
fn judge_flags(command: &ExecStart, flags: &[Flag], base: &Options, ours: &Options) -> Result<(), Refusal> {
    let new = ours.keys().filter(|key| !base.contains_key(*key));
    for key in new {
        let is_given = |flag: &&Flag| match options::spec_of_key(key) {
            Some(spec) => spec.has_name(&flag.name),
            None => flag.name == *key,
        };
        if let Some(Flag { name: flag, .. }) = flags.iter().find(is_given) {
            let unit = command.path.clone();
            return Err(if TLS_KEYS.contains(&key.as_str()) {
                Refusal::OwnTls { path: unit, key: format!("--{flag}") }
            } else {
                Refusal::FlagConflict { key: key.clone(), flag: flag.clone(), unit }
            });
        }
    }
    Ok(())
}

/// What docker-machine's drop-in says by flags, as settings: it gives way to ours, and nothing of it may be lost.
fn carry(facts: &Facts, engine: &Engine) -> Result<Carried, Refusal> {
    let mut settings = Options::new();
    for flag in &engine.flags {
        if flag.name == "host" || TLS_KEYS.contains(&flag.name.as_str()) {
            continue;
        }
        let unknown = || Refusal::UnknownFlag {
            unit: OLD_DROP_IN.to_owned(),
            flag: flag.name.clone(),
            value: flag.value.clone(),
        };
        options::set_flag(&mut settings, &flag.name, &flag.value).map_err(|_| unknown())?;
    }
    let old = facts.texts.iter().find(|file| file.path == OLD_DROP_IN);
    let environment = old.map(|file| unit::environment_lines(&file.text)).unwrap_or_default();
    Ok(Carried { daemon: settings, environment })
}

/// The engine, where docker-machine's drop-in starts it and is to be replaced.
pub(super) fn takes_over<'a>(facts: &'a Facts, wishes: &Wishes) -> Option<&'a Engine> {
    let engine = facts.engine.as_ref()?;
    let is_old = engine.command.as_ref().is_some_and(|command| command.path == OLD_DROP_IN);
    (is_old && wishes.access == Access::Tls).then_some(engine)
}

/// Checks each option for this engine, and all of them together with the unit's flags. An engine from 23.0 on looks at
/// the rest itself, so that one newer than our table is not refused what it knows.
fn judge_options(facts: &Facts, ours: &Options, after: &Options) -> Result<(), Refusal> {
    let version = facts.engine.as_ref().and_then(|engine| engine.version.as_ref());
    match version {
        Some(old) if !old.is_at_least(23, 0) => options::check(after, version)?,
        Some(_) | None => options::check_typed(ours, version)?,
    }
    let flags = facts.engine.iter().flat_map(|engine| &engine.flags);
    let flags = options::from_flags(flags.map(|flag| (flag.name.as_str(), flag.value.as_str())));
    let running = facts.engine.as_ref().and_then(|engine| engine.running.as_ref());
    let around = Surroundings {
        version: version.cloned(),
        is_in_swarm: running.is_some_and(|running| running.is_in_swarm),
        cgroup_driver: running.and_then(|running| running.cgroup_driver.clone()),
        log_drivers: running.map(log_drivers).unwrap_or_default(),
    };
    Ok(options::judge(&options::merge(flags, after), &around)?)
}

fn log_drivers(running: &Running) -> Vec<String> {
    let list = running.info["Plugins"]["Log"].as_array().into_iter().flatten();
    let mut drivers: Vec<String> = list.filter_map(|name| name.as_str().map(str::to_owned)).collect();
    // It is always there, and not listed.
    if !drivers.is_empty() {
        drivers.push("none".to_owned());
    }
    drivers
}
