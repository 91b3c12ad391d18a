//! Options as people type them, `KEY=VALUE` or `KEY` alone, and as flags of dockerd: to settings and back.

use serde_json::{Map, Value};

use super::{
    Options,
    error::OptionError,
    form::{Form, Item},
    spec::{OptionSpec, nearest_word, spec_of_flag, spec_of_word},
};

/// Sets what these words say. A list or map grows by each word that names it; a single value is given once.
pub fn set_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Options, OptionError> {
    let mut options = Options::new();
    for word in words {
        set_word(&mut options, word)?;
    }
    Ok(options)
}

/// Sets what one word says: `mtu=1450`, `live-restore`, `log-opt=max-size=10m`; dashes before it are forgiven.
pub fn set_word(options: &mut Options, word: &str) -> Result<(), OptionError> {
    let word = word.trim_start_matches('-');
    let (name, text) = match word.split_once('=') {
        Some((name, text)) => (name, Some(text)),
        None => (word, None),
    };
    let spec = spec_of_word(name)
        .ok_or_else(|| OptionError::Unknown { key: name.to_owned(), nearest: nearest_word(name) })?;
    if let Some(reason) = spec.managed {
        return Err(OptionError::Managed { key: spec.key.to_owned(), reason });
    }
    set(options, spec, name, text.unwrap_or(if spec.form == Form::Switch { "true" } else { "" }))
}

/// Sets what a flag of dockerd says.
pub fn set_flag(options: &mut Options, flag: &str, text: &str) -> Result<(), OptionError> {
    let unknown = || OptionError::Unknown { key: flag.to_owned(), nearest: nearest_word(flag) };
    set(options, spec_of_flag(flag).ok_or_else(unknown)?, flag, text)
}

/// What flags of dockerd say, as settings; those that mean nothing to us are left out.
pub fn from_flags<'a>(flags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Options {
    let mut options = Options::new();
    for (flag, text) in flags {
        // What the engine runs with was understood by it.
        let _ = set_flag(&mut options, flag, text);
    }
    options
}

fn set(options: &mut Options, spec: &OptionSpec, name: &str, text: &str) -> Result<(), OptionError> {
    let part = spec.parts.contains(&name).then_some(name);
    let value = match part {
        Some(part) => spec.form.typed(&format!("{part}={text}")),
        None => spec.form.typed(text),
    };
    let value = value.and_then(|value| spec.form.check(&value).map(|()| value)).map_err(|mistake| {
        OptionError::WrongForm { key: spec.key.to_owned(), mistake, found: format!("{text:?}") }
    })?;
    match (options.get_mut(spec.key), value) {
        (Some(Value::Array(list)), Value::Array(more)) => {
            for value in more {
                if !list.contains(&value) {
                    list.push(value);
                }
            }
        }
        (Some(Value::Object(map)), Value::Object(more)) => join(map, more),
        (Some(first), second) if *first != second => {
            return Err(OptionError::Twice {
                key: spec.key.to_owned(),
                first: first.to_string(),
                second: second.to_string(),
            });
        }
        (_, value) => {
            options.insert(spec.key.to_owned(), value);
        }
    }
    Ok(())
}

/// Adds entries, of maps within as well.
fn join(map: &mut Map<String, Value>, more: Map<String, Value>) {
    for (name, value) in more {
        match (map.get_mut(&name), value) {
            (Some(Value::Object(inner)), Value::Object(more)) => join(inner, more),
            (_, value) => {
                map.insert(name, value);
            }
        }
    }
}

/// An option as docker-machine stores it: `flag=value`, one per value. Nothing where no flag can say it.
pub fn flag_words(key: &str, value: &Value) -> Vec<String> {
    let Some(spec) = spec_of_word(key) else { return Vec::new() };
    spoken(spec, value).into_iter().map(|text| format!("{}={text}", spec.flag)).collect()
}

fn spoken(spec: &OptionSpec, value: &Value) -> Vec<String> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let entries = |map: &Map<String, Value>| -> Vec<String> {
        map.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect()
    };
    match (spec.form, value) {
        (Form::Pools, Value::Array(pools)) => pools
            .iter()
            .map(|pool| format!("base={},size={}", plain(&pool["base"]), plain(&pool["size"])))
            .collect(),
        (Form::Ulimits, Value::Object(map)) => map
            .iter()
            .map(|(name, limit)| format!("{name}={}:{}", plain(&limit["Soft"]), plain(&limit["Hard"])))
            .collect(),
        (Form::Map(Item::Text | Item::Switch), Value::Object(map)) => entries(map),
        (Form::Runtimes | Form::NetworkOptions | Form::Proxies | Form::Object, _) => Vec::new(),
        (_, Value::Array(list)) => list.iter().map(plain).collect(),
        (_, value) => vec![plain(value)],
    }
}
