//! What is to be set and unset, applied to a machine's record: our wishes and docker-machine's fields say the same afterwards.

use std::net::IpAddr;

use serde_json::Value;

use crate::{
    engine::options::{self, Options, spec_of_word},
    ops::{OpsError, provision::stored_wishes},
    provision::Wishes,
    store::Record,
};

/// A change of the wishes.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Options to set: lists are replaced, entries of maps added or replaced.
    pub set: Options,
    /// Where to listen, if that is said.
    pub listen: Vec<IpAddr>,
    /// The port, if that is said.
    pub port: Option<u16>,
    /// Variables of the environment to set, `KEY=VALUE`.
    pub env: Vec<String>,
    /// Options to take back, each as `OPTION` or `OPTION=ENTRY` of a list or map.
    pub unset: Vec<String>,
    /// Variables to take back, by their names.
    pub unset_env: Vec<String>,
}

impl Edit {
    /// Applies it to the record. What is taken back must be there.
    pub fn apply(&self, record: &mut Record) -> Result<(), OpsError> {
        let mut wishes = stored_wishes(record)?;
        self.set(&mut wishes);
        for word in &self.unset {
            unset(&mut wishes, word).map_err(|option| self.not_set(record, &wishes, option))?;
        }
        for name in &self.unset_env {
            let before = wishes.env.len();
            wishes.env.retain(|variable| !is_about(variable, name));
            if wishes.env.len() == before {
                return Err(self.not_set(record, &wishes, name.clone()));
            }
        }
        store(record, &wishes);
        Ok(())
    }

    fn set(&self, wishes: &mut Wishes) {
        for (key, value) in &self.set {
            match (wishes.daemon.get_mut(key), value) {
                (Some(Value::Object(old)), Value::Object(new)) => old.extend(new.clone()),
                (_, value) => {
                    wishes.daemon.insert(key.clone(), value.clone());
                }
            }
        }
        if !self.listen.is_empty() {
            wishes.listen.clone_from(&self.listen);
        }
        if let Some(port) = self.port {
            wishes.port = port;
        }
        for variable in &self.env {
            let name = variable.split('=').next().unwrap_or(variable);
            wishes.env.retain(|old| !is_about(old, name));
            wishes.env.push(variable.clone());
        }
    }

    fn not_set(&self, record: &Record, wishes: &Wishes, option: String) -> OpsError {
        let variables = wishes.env.iter().filter_map(|variable| variable.split('=').next());
        let known = if self.unset_env.contains(&option) {
            variables.map(str::to_owned).collect()
        } else {
            wishes.daemon.keys().cloned().collect()
        };
        OpsError::OptionNotSet { machine: record.name.to_string(), option, known }
    }
}

fn is_about(variable: &str, name: &str) -> bool {
    variable.split_once('=').is_some_and(|(key, _)| key == name)
}

/// Takes one option back, or an entry of it; hands the word back where there is none.
fn unset(wishes: &mut Wishes, word: &str) -> Result<(), String> {
    let gone = || word.to_owned();
    let (name, entry) = word.split_once('=').map_or((word, None), |(name, entry)| (name, Some(entry)));
    if matches!(name, "hosts" | "host") {
        wishes.listen.clear();
        return Ok(());
    }
    let spec = spec_of_word(name);
    let key = spec.map_or(name, |spec| spec.key);
    let part = spec.and_then(|spec| spec.parts.iter().find(|part| **part == name)).copied();
    let Some(entry) = entry.or(part) else {
        return wishes.daemon.shift_remove(key).map(drop).ok_or_else(gone);
    };
    let value = wishes.daemon.get_mut(key).ok_or_else(gone)?;
    let is_empty = match value {
        Value::Object(map) => {
            map.shift_remove(entry).ok_or_else(gone)?;
            map.is_empty()
        }
        Value::Array(list) => {
            let before = list.len();
            list.retain(|value| value.as_str() != Some(entry));
            if list.len() == before {
                return Err(gone());
            }
            list.is_empty()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(gone()),
    };
    if is_empty {
        wishes.daemon.shift_remove(key);
    }
    Ok(())
}

/// Options that have a field of their own in docker-machine's file.
const OWN_FIELDS: [&str; 4] = ["labels", "insecure-registries", "registry-mirrors", "storage-driver"];

/// Writes the wishes, and what docker-machine's fields can hold of them.
fn store(record: &mut Record, wishes: &Wishes) {
    record.side.wishes = serde_json::to_value(wishes).unwrap_or_default();
    let fields = &mut record.config.host_options.engine_options;
    let texts = |key: &str| -> Vec<String> {
        let list = wishes.daemon.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|value| value.as_str().map(str::to_owned)).collect()
    };
    fields.labels = Some(texts("labels"));
    fields.insecure_registry = Some(texts("insecure-registries"));
    fields.registry_mirror = Some(texts("registry-mirrors"));
    let driver = wishes.daemon.get("storage-driver").and_then(Value::as_str);
    driver.unwrap_or_default().clone_into(&mut fields.storage_driver);
    fields.env = Some(wishes.env.clone());
    let others = wishes.daemon.iter().filter(|(key, _)| !OWN_FIELDS.contains(&key.as_str()));
    fields.arbitrary_flags = Some(others.flat_map(|(key, value)| options::flag_words(key, value)).collect());
}

/// What docker-machine's fields wish, for a machine that only they describe.
pub fn of_docker_machine(record: &Record) -> Result<Wishes, options::OptionError> {
    let fields = &record.config.host_options.engine_options;
    let words = |flag: &'static str, values: &Option<Vec<String>>| -> Vec<String> {
        values.iter().flatten().map(|value| format!("{flag}={value}")).collect()
    };
    let driver: Vec<String> = Some(&fields.storage_driver)
        .filter(|driver| !driver.is_empty())
        .map(|driver| format!("storage-driver={driver}"))
        .into_iter()
        .collect();
    let all = [
        fields.arbitrary_flags.clone().unwrap_or_default(),
        words("label", &fields.labels),
        words("insecure-registry", &fields.insecure_registry),
        words("registry-mirror", &fields.registry_mirror),
        driver,
    ];
    let daemon = options::set_words(all.iter().flatten().map(String::as_str))?;
    Ok(Wishes { daemon, env: fields.env.clone().unwrap_or_default(), ..Wishes::default() })
}
