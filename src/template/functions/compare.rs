//! `eq` and its kin: only what is of one kind is compared, as in Go.

use std::{cmp::Ordering, rc::Rc};

use crate::template::value::Value;

const INCOMPATIBLE: &str = "incompatible types for comparison";
const INVALID: &str = "invalid type for comparison";

/// What can be compared.
enum Basic<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    match value {
        Value::Bool(truth) => Some(Basic::Bool(*truth)),
        Value::Int(number) => Some(Basic::Int(*number)),
        Value::Named(named) => Some(Basic::Int(named.number)),
        Value::Float(number) => Some(Basic::Float(*number)),
        Value::Text(text) => Some(Basic::Text(text)),
        Value::Nothing | Value::NilPointer(_) | Value::List(_) | Value::Map(_) | Value::Struct(_) => None,
    }
}

/// Whether the first is equal to any other.
pub(in super::super) fn eq(values: &[Value]) -> Result<bool, String> {
    let (first, others) = values.split_first().ok_or("missing argument for comparison")?;
    if others.is_empty() {
        return Err("missing argument for comparison".into());
    }
    for other in others {
        if is_equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[expect(clippy::float_cmp, reason = "a template compares floats as Go does")]
fn is_equal(one: &Value, other: &Value) -> Result<bool, String> {
    match (basic(one), basic(other)) {
        (Some(Basic::Bool(one)), Some(Basic::Bool(other))) => Ok(one == other),
        (Some(Basic::Int(one)), Some(Basic::Int(other))) => Ok(one == other),
        (Some(Basic::Float(one)), Some(Basic::Float(other))) => Ok(one == other),
        (Some(Basic::Text(one)), Some(Basic::Text(other))) => Ok(one == other),
        (None, None) => is_same(one, other),
        _ if matches!(one, Value::Nothing) || matches!(other, Value::Nothing) => Ok(false),
        _ => Err(INCOMPATIBLE.into()),
    }
}

/// Things that are neither numbers nor texts can be compared with nil, pointers with each other.
fn is_same(one: &Value, other: &Value) -> Result<bool, String> {
    if one.is_nil() || other.is_nil() {
        return Ok(one.is_nil() == other.is_nil());
    }
    match (one, other) {
        (Value::Struct(one), Value::Struct(other)) if one.is_pointer => Ok(Rc::ptr_eq(one, other)),
        (_, other) => {
            let type_name = other.type_name().unwrap_or_default();
            let shown = crate::template::print::printf("%s", std::slice::from_ref(other));
            Err(format!("non-comparable type {shown}: {type_name}"))
        }
    }
}

/// Whether the first of two is less.
pub(in super::super) fn lt(values: &[Value]) -> Result<bool, String> {
    Ok(order(&values[0], &values[1])? == Some(Ordering::Less))
}

/// Whether the first of two is less or equal.
pub(in super::super) fn le(values: &[Value]) -> Result<bool, String> {
    Ok(order(&values[0], &values[1])?.is_some_and(Ordering::is_le))
}

fn order(one: &Value, other: &Value) -> Result<Option<Ordering>, String> {
    match (basic(one), basic(other)) {
        (None, _) | (_, None) | (Some(Basic::Bool(_)), Some(Basic::Bool(_))) => Err(INVALID.into()),
        (Some(Basic::Int(one)), Some(Basic::Int(other))) => Ok(Some(one.cmp(&other))),
        (Some(Basic::Float(one)), Some(Basic::Float(other))) => Ok(one.partial_cmp(&other)),
        (Some(Basic::Text(one)), Some(Basic::Text(other))) => Ok(Some(one.cmp(other))),
        (Some(_), Some(_)) => Err(INCOMPATIBLE.into()),
    }
}
