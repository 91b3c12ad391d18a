//! JSON as Go writes it, because programs compare docker-machine's output.

use serde::Serialize;
use serde_json::{Value, ser::PrettyFormatter};

/// On one line.
pub fn compact(value: &Value) -> String {
    escaped(&value.to_string())
}

/// Indented by four spaces.
pub fn pretty(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut out = serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    // A Value has text keys only, and a vector takes all that is written.
    let _ = value.serialize(&mut out);
    escaped(&String::from_utf8_lossy(&bytes))
}

/// Go escapes what HTML would take for a tag; these characters stand in texts only.
pub fn escaped(json: &str) -> String {
    json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}
