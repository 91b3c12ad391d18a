//! Values as Go's `encoding/json` writes them: keys of maps sorted, fields of structs in their order, HTML's characters escaped.

use std::fmt::Write as _;

use super::{print::exponent_at_least, value::Value};

/// On one line.
pub(super) fn compact(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, None);
    out
}

/// Indented by four.
pub(super) fn pretty(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, Some(0));
    out
}

fn write(out: &mut String, value: &Value, depth: Option<usize>) {
    match value {
        Value::Nothing | Value::NilPointer(_) => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&float(*number)),
        Value::Text(text) => quote(out, text),
        Value::Named(named) => out.push_str(&named.number.to_string()),
        Value::List(list) if list.items.is_none() => out.push_str("null"),
        Value::List(list) => block(out, depth, ['[', ']'], list.items().iter(), |out, item, depth| {
            write(out, item, depth);
        }),
        Value::Map(map) => block(out, depth, ['{', '}'], map.entries.iter(), |out, (key, value), depth| {
            member(out, key, value, depth);
        }),
        Value::Struct(object) => {
            block(out, depth, ['{', '}'], object.fields.iter(), |out, field, depth| {
                member(out, field.json, &field.value, depth);
            });
        }
    }
}

fn member(out: &mut String, key: &str, value: &Value, depth: Option<usize>) {
    quote(out, key);
    out.push_str(if depth.is_some() { ": " } else { ":" });
    write(out, value, depth);
}

fn block<T>(
    out: &mut String,
    depth: Option<usize>,
    ends: [char; 2],
    items: impl ExactSizeIterator<Item = T>,
    each: impl Fn(&mut String, T, Option<usize>),
) {
    let is_empty = items.len() == 0;
    let inner = depth.map(|depth| depth + 1);
    out.push(ends[0]);
    for (place, item) in items.enumerate() {
        if place > 0 {
            out.push(',');
        }
        new_line(out, inner);
        each(out, item, inner);
    }
    if !is_empty {
        new_line(out, depth);
    }
    out.push(ends[1]);
}

fn new_line(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("    ", depth));
    }
}

/// Go writes plain digits up to 1e21, and exponents without a leading zero.
fn float(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        exponent_at_least(&format!("{number:e}"), 1)
    } else {
        format!("{number}")
    }
}

/// A string literal: long forms for control characters, and escapes for what HTML would take for a tag.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote(&mut out, text);
    out
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
