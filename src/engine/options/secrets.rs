//! Passwords in settings: proxies have them in their URLs.

use serde_json::Value;

use super::Options;

/// A value with what stands between `//` and `@` in its texts hidden.
pub fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) => masked_text(text).into(),
        Value::Array(list) => list.iter().map(masked).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), masked(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn masked_text(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://***@{}", &rest[at + 1..]),
        None => text.to_owned(),
    }
}

/// Whether a password stands in one of these settings: then the file is not for everybody.
pub fn holds_secrets(options: &Options) -> bool {
    options.values().any(|value| masked(value) != *value)
}
