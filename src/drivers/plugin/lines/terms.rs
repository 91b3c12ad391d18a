//! What is said in lines, in docker-machine's terms and back.

use serde_json::{Value as Json, json};

use super::super::{gob::Value, protocol};

/// A part of what was answered to `endpoint`.
pub(super) fn part(endpoint: &Json, path: &str) -> Value {
    match endpoint.pointer(path) {
        Some(Json::String(text)) => Value::Text(text.clone()),
        Some(Json::Number(number)) => Value::Int(number.as_i64().unwrap_or_default()),
        _ if path == "/ssh/port" => Value::Int(0),
        _ => Value::Text(String::new()),
    }
}

/// What a program of this protocol is asked when docker-machine's method is called.
pub(super) fn word(method: &str) -> String {
    let word = match method {
        "GetVersion" | "GetCreateFlags" => "describe",
        "SetConfigFromFlags" => "configure",
        "PreCreateCheck" => "check",
        "GetState" => "status",
        "GetURL" | "GetIP" | "GetSSHHostname" | "GetSSHPort" | "GetSSHUsername" | "GetSSHKeyPath" => {
            "endpoint"
        }
        verb => return verb.to_lowercase(),
    };
    word.to_owned()
}

/// The first flag of a description that cannot be one, in words.
pub(super) fn wrong_flag(driver: &str, flags: &Json) -> Option<String> {
    flags.as_array().into_iter().flatten().find_map(|flag| {
        let name = flag["name"].as_str().unwrap_or_default();
        let is_own = name.strip_prefix(driver).is_some_and(|rest| rest.len() > 1 && rest.starts_with('-'));
        if !is_own {
            return Some(format!("the flag {name:?}, whose name does not begin with {driver}-"));
        }
        let kind = flag["kind"].as_str().unwrap_or_default();
        (!KINDS.contains(&kind))
            .then(|| format!("the flag {name:?} of the kind {kind:?}; it may be {}", KINDS.join(", ")))
    })
}

/// The kinds of flags.
const KINDS: [&str; 4] = ["text", "number", "switch", "list"];

/// docker-machine's numbers of states.
pub(super) fn number(status: &str) -> i64 {
    ["unknown", "running", "paused", "saved", "stopped", "stopping", "starting", "error"]
        .iter()
        .position(|word| *word == status)
        .and_then(|place| i64::try_from(place).ok())
        .unwrap_or_default()
}

/// A flag of a description as docker-machine's plugins have them.
pub(super) fn flag(flag: &Json) -> Value {
    let text = |name: &str| flag[name].as_str().unwrap_or_default().to_owned();
    let (kind, value) = match flag["kind"].as_str() {
        Some("switch") => ("BoolFlag", None),
        Some("number") => ("IntFlag", flag["default"].as_i64().map(Value::Int)),
        Some("list") => {
            let list = flag["default"].as_array().into_iter().flatten();
            let list = list.filter_map(|text| text.as_str().map(|text| Value::Text(text.to_owned())));
            ("StringSliceFlag", Some(Value::List(list.collect())))
        }
        _ => ("StringFlag", flag["default"].as_str().map(|text| Value::Text(text.to_owned()))),
    };
    let fields = [("Name", "name"), ("Usage", "help"), ("EnvVar", "variable")];
    let mut fields: Vec<(String, Value)> =
        fields.map(|(field, name)| (field.to_owned(), Value::Text(text(name)))).into();
    fields.extend(value.map(|value| ("Value".to_owned(), value)));
    fields.push(("Secret".to_owned(), Value::Bool(flag["secret"] == json!(true))));
    Value::Interface(kind.to_owned(), Box::new(Value::Struct(fields)))
}

/// The flags that are given, as plain JSON.
pub(super) fn plain(value: &Value) -> Json {
    match value {
        Value::Bool(is_on) => json!(is_on),
        Value::Int(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::List(list) => list.iter().map(plain).collect(),
        Value::Map(entries) => entries
            .iter()
            .filter_map(|(name, value)| Some((name.text()?.to_owned(), plain(value))))
            .filter(|(name, _)| !protocol::OF_CREATE.iter().any(|(shared, _)| shared == name))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Interface(_, value) => value.field("Values").map_or_else(|| plain(value), plain),
        _ => Json::Null,
    }
}
