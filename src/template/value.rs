//! What templates work on: values that know the Go type they had in docker-machine, because complaints and `%T` name it.

use std::{collections::BTreeMap, rc::Rc};

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Go's untyped nil: JSON's null, or a key that a map does not have.
    Nothing,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `float64`, as every number of a JSON document is.
    Float(f64),
    /// `string`
    Text(Rc<str>),
    /// A slice.
    List(List),
    /// A map with texts as keys.
    Map(Map),
    /// A struct, or a pointer to one.
    Struct(Rc<Struct>),
    /// A pointer to nothing, with the type it points at, such as `swarm.Options`.
    NilPointer(&'static str),
    /// A number with a name.
    Named(Rc<Named>),
}

/// What lists and maps hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Anything, as in a JSON document.
    Any,
    /// Texts.
    Text,
}

/// A slice.
#[derive(Clone, Debug)]
pub struct List {
    /// What it holds.
    pub element: Element,
    /// Its items; `None` is Go's nil slice, which JSON writes as null.
    pub items: Option<Rc<[Value]>>,
}

/// A map, in the order of its keys.
#[derive(Clone, Debug)]
pub struct Map {
    /// What it holds.
    pub element: Element,
    /// Its entries.
    pub entries: Rc<BTreeMap<String, Value>>,
}

/// A struct.
#[derive(Debug)]
pub struct Struct {
    /// Its type, such as `swarm.Options`.
    pub type_name: &'static str,
    /// Whether it is seen through a pointer.
    pub is_pointer: bool,
    /// Its fields in their order.
    pub fields: Vec<Field>,
}

/// A field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Its name in templates.
    pub name: &'static str,
    /// Its name in JSON.
    pub json: &'static str,
    /// Its value.
    pub value: Value,
}

/// A number with a name of its own and a text to show, such as a state or a duration.
#[derive(Debug)]
pub struct Named {
    /// Its type, such as `time.Duration`.
    pub type_name: &'static str,
    /// The number.
    pub number: i64,
    /// What it is shown as, also by its method `String`.
    pub text: String,
    /// Its further methods.
    pub methods: &'static [Method],
}

/// A method that takes nothing, by its name.
pub type Method = (&'static str, fn(i64) -> Value);

impl List {
    /// Its items.
    pub fn items(&self) -> &[Value] {
        self.items.as_deref().unwrap_or_default()
    }
}

impl Element {
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Text => "string",
        }
    }

    /// What Go gives for an entry that is not there.
    pub(super) fn zero(self) -> Value {
        match self {
            Self::Any => Value::Nothing,
            Self::Text => Value::from(""),
        }
    }
}

impl Struct {
    /// Its type as a complaint names it.
    pub(super) fn named(&self) -> String {
        format!("{}{}", if self.is_pointer { "*" } else { "" }, self.type_name)
    }
}

impl Field {
    /// A field that has one name everywhere.
    pub fn new(name: &'static str, value: impl Into<Value>) -> Self {
        Self { name, json: name, value: value.into() }
    }
}

impl Value {
    /// A list of texts, or Go's nil slice.
    pub fn texts(texts: Option<&[String]>) -> Self {
        let items = texts.map(|texts| texts.iter().map(|text| Self::from(text.as_str())).collect());
        Self::List(List { element: Element::Text, items })
    }

    /// The type as Go names it; of nothing, nothing.
    pub(super) fn type_name(&self) -> Option<String> {
        Some(match self {
            Self::Nothing => return None,
            Self::Bool(_) => "bool".into(),
            Self::Int(_) => "int".into(),
            Self::Float(_) => "float64".into(),
            Self::Text(_) => "string".into(),
            Self::List(list) => format!("[]{}", list.element.type_name()),
            Self::Map(map) => format!("map[string]{}", map.element.type_name()),
            Self::Struct(object) => object.named(),
            Self::NilPointer(type_name) => format!("*{type_name}"),
            Self::Named(named) => named.type_name.into(),
        })
    }

    /// Whether `if` takes it for true: what is not the zero of its type.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nothing | Self::NilPointer(_) => false,
            Self::Bool(truth) => *truth,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(list) => !list.items().is_empty(),
            Self::Map(map) => !map.entries.is_empty(),
            Self::Struct(_) => true,
            Self::Named(named) => named.number != 0,
        }
    }

    /// Whether it is Go's nil, of any type.
    pub(super) fn is_nil(&self) -> bool {
        match self {
            Self::Nothing | Self::NilPointer(_) => true,
            Self::List(list) => list.items.is_none(),
            Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Text(_)
            | Self::Map(_)
            | Self::Struct(_)
            | Self::Named(_) => false,
        }
    }
}

impl From<&serde_json::Value> for Value {
    /// As Go reads JSON into an `interface{}`: every number is a float64.
    fn from(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Nothing,
            serde_json::Value::Bool(truth) => Self::Bool(*truth),
            serde_json::Value::Number(number) => Self::Float(number.as_f64().unwrap_or_default()),
            serde_json::Value::String(text) => Self::from(text.as_str()),
            serde_json::Value::Array(items) => {
                let items = items.iter().map(Self::from).collect();
                Self::List(List { element: Element::Any, items: Some(items) })
            }
            serde_json::Value::Object(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect();
                Self::Map(Map { element: Element::Any, entries: Rc::new(entries) })
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}
