//! Flags of drivers as data: what there is, and what was given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A value of a driver's flag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FlagValue {
    /// A switch.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

/// What values a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagKind {
    /// A switch.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// Several texts, by repeating the flag.
    List,
}

/// A flag of a driver, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagSpec {
    /// Its long name without dashes; begins with the driver's name.
    pub name: String,
    /// Other long names, such as `ip` of generic.
    pub aliases: Vec<String>,
    /// What it takes.
    pub kind: FlagKind,
    /// What it is when nobody says.
    pub default: Option<FlagValue>,
    /// The variable that gives it when it is not typed.
    pub env: Option<String>,
    /// One line of help: imperative, no full stop.
    pub help: String,
    /// Whether its value must not be shown.
    pub secret: bool,
}

impl FlagSpec {
    /// A flag that takes a text.
    pub fn text(name: &str, help: &str) -> Self {
        Self::new(name, FlagKind::Text, help)
    }

    /// A flag that takes a whole number and has a default.
    pub fn int(name: &str, default: i64, help: &str) -> Self {
        Self { default: Some(FlagValue::Int(default)), ..Self::new(name, FlagKind::Int, help) }
    }

    /// A switch.
    pub fn switch(name: &str, help: &str) -> Self {
        Self::new(name, FlagKind::Bool, help)
    }

    /// A flag that may be repeated.
    pub fn list(name: &str, help: &str) -> Self {
        Self::new(name, FlagKind::List, help)
    }

    fn new(name: &str, kind: FlagKind, help: &str) -> Self {
        Self {
            name: name.to_owned(),
            aliases: Vec::new(),
            kind,
            default: None,
            env: None,
            help: help.to_owned(),
            secret: false,
        }
    }

    /// With a default text.
    #[must_use]
    pub fn or(mut self, default: &str) -> Self {
        self.default = Some(FlagValue::Text(default.to_owned()));
        self
    }

    /// Which takes a whole number, and has no default.
    #[must_use]
    pub fn number(mut self) -> Self {
        self.kind = FlagKind::Int;
        self
    }

    /// With a variable.
    #[must_use]
    pub fn env(mut self, name: &str) -> Self {
        self.env = Some(name.to_owned());
        self
    }

    /// With another long name.
    #[must_use]
    pub fn alias(mut self, name: &str) -> Self {
        self.aliases.push(name.to_owned());
        self
    }
}

/// The flags that were given (typed, from a variable, from settings, or by default), by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags(pub BTreeMap<String, FlagValue>);

impl Flags {
    /// A text; empty counts as not given.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            FlagValue::Text(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            FlagValue::Bool(_) | FlagValue::Int(_) | FlagValue::List(_) => None,
        }
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            FlagValue::Int(number) => Some(*number),
            FlagValue::Bool(_) | FlagValue::Text(_) | FlagValue::List(_) => None,
        }
    }

    /// A switch; not given is off.
    pub fn is_on(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(FlagValue::Bool(true)))
    }

    /// A list; not given is empty.
    pub fn list(&self, name: &str) -> &[String] {
        match self.0.get(name) {
            Some(FlagValue::List(list)) => list,
            _ => &[],
        }
    }
}
