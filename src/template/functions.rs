//! The functions of templates: Go's own, and docker-machine's `json` and `prettyjson`.

mod compare;
mod escape;

pub(super) use compare::{eq, le, lt};
pub(super) use escape::{html, js, urlquery};

use super::value::{List, Value};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    And,
    Call,
    Eq,
    Ge,
    Gt,
    Html,
    Index,
    Js,
    Json,
    Le,
    Len,
    Lt,
    Ne,
    Not,
    Or,
    PrettyJson,
    Print,
    Printf,
    Println,
    Slice,
    Urlquery,
}

impl Function {
    /// The function of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "and" => Self::And,
            "call" => Self::Call,
            "eq" => Self::Eq,
            "ge" => Self::Ge,
            "gt" => Self::Gt,
            "html" => Self::Html,
            "index" => Self::Index,
            "js" => Self::Js,
            "json" => Self::Json,
            "le" => Self::Le,
            "len" => Self::Len,
            "lt" => Self::Lt,
            "ne" => Self::Ne,
            "not" => Self::Not,
            "or" => Self::Or,
            "prettyjson" => Self::PrettyJson,
            "print" => Self::Print,
            "printf" => Self::Printf,
            "println" => Self::Println,
            "slice" => Self::Slice,
            "urlquery" => Self::Urlquery,
            _ => return None,
        })
    }

    /// How many things it takes at least, and whether it takes more.
    pub(super) fn arity(self) -> (usize, bool) {
        match self {
            Self::Html | Self::Js | Self::Urlquery | Self::Print | Self::Println => (0, true),
            Self::And | Self::Or | Self::Call | Self::Eq | Self::Index | Self::Printf | Self::Slice => {
                (1, true)
            }
            Self::Json | Self::PrettyJson | Self::Len | Self::Not => (1, false),
            Self::Ge | Self::Gt | Self::Le | Self::Lt | Self::Ne => (2, false),
        }
    }
}

/// Whether there is a function of this name.
pub(super) fn is_function(name: &str) -> bool {
    Function::named(name).is_some()
}

/// `index x 1 2`: `x[1][2]`.
pub(super) fn index(values: &[Value]) -> Result<Value, String> {
    let mut item = values[0].clone();
    if let Value::Nothing = item {
        return Err("index of untyped nil".into());
    }
    for key in &values[1..] {
        item = match &item {
            Value::Nothing | Value::NilPointer(_) => return Err("index of nil pointer".into()),
            Value::List(list) => match list.items().get(place(key, list.items().len())?) {
                Some(item) => item.clone(),
                None => return Err("reflect: slice index out of range".into()),
            },
            Value::Text(text) => match text.as_bytes().get(place(key, text.len())?) {
                Some(byte) => Value::Int(i64::from(*byte)),
                None => return Err("reflect: string index out of range".into()),
            },
            Value::Map(map) => match key {
                Value::Text(key) => map.entries.get(&**key).cloned().unwrap_or_else(|| map.element.zero()),
                Value::Nothing => return Err("value is nil; should be of type string".into()),
                key => {
                    let found = key.type_name().unwrap_or_default();
                    return Err(format!("value has type {found}; should be string"));
                }
            },
            Value::Struct(object) => return Err(format!("can't index item of type {}", object.type_name)),
            other => {
                return Err(format!("can't index item of type {}", other.type_name().unwrap_or_default()));
            }
        };
    }
    Ok(item)
}

/// A place in what has that many; the end itself is let through, as Go does.
fn place(key: &Value, length: usize) -> Result<usize, String> {
    let number = match key {
        Value::Int(number) => *number,
        Value::Named(named) => named.number,
        Value::Nothing => return Err("cannot index slice/array with nil".into()),
        other => {
            let found = other.type_name().unwrap_or_default();
            return Err(format!("cannot index slice/array with type {found}"));
        }
    };
    let place = usize::try_from(number).ok().filter(|place| *place <= length);
    place.ok_or_else(|| format!("index out of range: {number}"))
}

/// `slice x 1 2`: `x[1:2]`.
pub(super) fn slice(values: &[Value]) -> Result<Value, String> {
    let (item, keys) = (&values[0], &values[1..]);
    if let Value::Nothing = item {
        return Err("slice of untyped nil".into());
    }
    if keys.len() > 3 {
        return Err(format!("too many slice indexes: {}", keys.len()));
    }
    let length = match item {
        Value::Text(_) if keys.len() == 3 => return Err("cannot 3-index slice a string".into()),
        Value::Text(text) => text.len(),
        Value::List(list) => list.items().len(),
        other => return Err(format!("can't slice item of type {}", other.type_name().unwrap_or_default())),
    };
    let mut bounds = [0, length, length];
    for (bound, key) in bounds.iter_mut().zip(keys) {
        *bound = place(key, length)?;
    }
    let [from, to, most] = bounds;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    if keys.len() == 3 && to > most {
        return Err(format!("invalid slice index: {to} > {most}"));
    }
    Ok(match item {
        Value::Text(text) => Value::from(String::from_utf8_lossy(&text.as_bytes()[from..to]).as_ref()),
        Value::List(list) => {
            Value::List(List { element: list.element, items: Some(list.items()[from..to].into()) })
        }
        other => other.clone(),
    })
}

/// How many bytes, items or entries.
pub(super) fn len(item: &Value) -> Result<Value, String> {
    let length = match item {
        Value::Text(text) => text.len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.entries.len(),
        Value::Nothing | Value::NilPointer(_) => return Err("len of nil pointer".into()),
        Value::Struct(object) => return Err(format!("len of type {}", object.type_name)),
        other => return Err(format!("len of type {}", other.type_name().unwrap_or_default())),
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}

/// Nothing that a template of ours is given is a function.
pub(super) fn call<T>(item: &Value) -> Result<T, String> {
    Err(match item.type_name() {
        None => "call of nil".into(),
        Some(type_name) => format!("non-function of type {type_name}"),
    })
}
