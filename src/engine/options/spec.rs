//! What is known of one option, and how options are found by their names.

use std::fmt;

use super::{form::Form, table};
use crate::machine::EngineVersion;

/// A release series of the engine, such as 23.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release(pub u32, pub u32);

impl Release {
    /// Whether an engine is of this series or a later one.
    pub fn is_in(self, version: &EngineVersion) -> bool {
        version.is_at_least(self.0, self.1)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.0, self.1)
    }
}

/// What it takes until a changed value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The engine reads it when it starts.
    Restart,
    /// The engine reads it again on SIGHUP; without it, it goes back to its default.
    Reload,
    /// The engine reads it again on SIGHUP, but forgets a value only when it is told another one: this one, as JSON.
    ReloadKeeping(&'static str),
}

impl Effect {
    /// Whether a SIGHUP is enough.
    pub fn is_reload(self) -> bool {
        match self {
            Self::Restart => false,
            Self::Reload | Self::ReloadKeeping(_) => true,
        }
    }
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Its key in `daemon.json`.
    pub key: &'static str,
    /// dockerd's flag, without dashes: docker-machine's `--engine-opt` takes this one.
    pub flag: &'static str,
    /// Further flags that say a part of it.
    pub parts: &'static [&'static str],
    /// What its value looks like.
    pub form: Form,
    /// What it takes until a changed value counts.
    pub effect: Effect,
    /// The first series that knows it, where that is later than 20.10.
    pub since: Option<Release>,
    /// The first series that does not know it any more.
    pub until: Option<Release>,
    /// What the engine does without it; empty where it depends on the host.
    pub default: &'static str,
    /// What it is for: an imperative without a full stop.
    pub help: &'static str,
    /// A value, as one would type it.
    pub example: &'static str,
    /// Whether `create` has a flag of this name.
    pub has_flag: bool,
    /// Why it is not for the user to set.
    pub managed: Option<&'static str>,
}

impl OptionSpec {
    pub(super) const fn new(key: &'static str, form: Form, help: &'static str) -> Self {
        Self {
            key,
            flag: key,
            parts: &[],
            form,
            effect: Effect::Restart,
            since: None,
            until: None,
            default: "",
            help,
            example: "",
            has_flag: false,
            managed: None,
        }
    }

    pub(super) const fn flag(self, flag: &'static str) -> Self {
        Self { flag, ..self }
    }

    pub(super) const fn parts(self, parts: &'static [&'static str]) -> Self {
        Self { parts, ..self }
    }

    pub(super) const fn default(self, default: &'static str) -> Self {
        Self { default, ..self }
    }

    pub(super) const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    pub(super) const fn reload(self) -> Self {
        Self { effect: Effect::Reload, ..self }
    }

    pub(super) const fn reload_keeping(self, default: &'static str) -> Self {
        Self { effect: Effect::ReloadKeeping(default), ..self }
    }

    pub(super) const fn since(self, major: u32, minor: u32) -> Self {
        Self { since: Some(Release(major, minor)), ..self }
    }

    pub(super) const fn until(self, major: u32, minor: u32) -> Self {
        Self { until: Some(Release(major, minor)), ..self }
    }

    pub(super) const fn with_flag(self) -> Self {
        Self { has_flag: true, ..self }
    }

    pub(super) const fn managed(self, reason: &'static str) -> Self {
        Self { managed: Some(reason), ..self }
    }

    /// Whether an engine of this version takes it.
    pub fn is_known_to(&self, version: &EngineVersion) -> bool {
        self.since.is_none_or(|since| since.is_in(version))
            && !self.until.is_some_and(|until| until.is_in(version))
    }

    /// Whether a flag of dockerd says this option or a part of it.
    pub fn has_name(&self, flag: &str) -> bool {
        self.flag == flag || self.parts.contains(&flag)
    }
}

/// The option with this key.
pub fn spec_of_key(key: &str) -> Option<&'static OptionSpec> {
    table::all().find(|spec| spec.key == key)
}

/// The option with this flag.
pub fn spec_of_flag(flag: &str) -> Option<&'static OptionSpec> {
    table::all().find(|spec| spec.has_name(flag))
}

/// The option that people mean by this word: its key, or one of its flags.
pub fn spec_of_word(word: &str) -> Option<&'static OptionSpec> {
    spec_of_key(word).or_else(|| spec_of_flag(word))
}

/// The key that looks most like this one.
pub fn nearest_key(word: &str) -> Option<&'static str> {
    nearest(word, table::all().map(|spec| spec.key))
}

/// The key or flag that looks most like this word, of those that are for users to set.
pub fn nearest_word(word: &str) -> Option<&'static str> {
    let ours = table::all().filter(|spec| spec.managed.is_none());
    nearest(word, ours.flat_map(|spec| [spec.key, spec.flag].into_iter().chain(spec.parts.iter().copied())))
}

fn nearest(word: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    names
        .map(|name| {
            // Two letters changed for each other make a short word quite another one to Jaro and Winkler.
            let is_slip = word.len() > 2 && strsim::osa_distance(name, word) == 1;
            (if is_slip { 0.99 } else { strsim::jaro_winkler(name, word) }, name)
        })
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
