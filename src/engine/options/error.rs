//! What can be wrong with a `daemon.json` or an option.

use super::{form::Mistake, spec::Release};
use crate::machine::EngineVersion;

/// A text that is no `daemon.json`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// From 1; 0 at the end of a line.
    pub column: usize,
    /// What is wrong there.
    pub reason: String,
}

/// An option that the engine would refuse, or that is not for the user to set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// No such option.
    #[error("the engine knows no option {key:?}{}", .nearest.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default())]
    Unknown {
        /// The key or flag.
        key: String,
        /// The one that looks most like it.
        nearest: Option<&'static str>,
    },
    /// Its value is of another form.
    #[error("option {key:?} {}", .mistake.in_words(.found))]
    WrongForm {
        /// The key.
        key: String,
        /// What it must be.
        mistake: Mistake,
        /// The value, as JSON or as typed.
        found: String,
    },
    /// An option of newer engines.
    #[error("option {key:?} came with engine {since}, and this one is {version}")]
    TooNew {
        /// The key.
        key: String,
        /// The first release that knows it.
        since: Release,
        /// The engine's version.
        version: EngineVersion,
    },
    /// An option of older engines.
    #[error("option {key:?} went with engine {until}, and this one is {version}")]
    TooOld {
        /// The key.
        key: String,
        /// The first release without it.
        until: Release,
        /// The engine's version.
        version: EngineVersion,
    },
    /// Options that exclude each other, or that need one another.
    #[error("{one} and {other} cannot be together: {reason}")]
    Pair {
        /// Such as `bip=10.9.0.1/24`.
        one: String,
        /// Such as `bridge=br0`.
        other: String,
        /// Why.
        reason: &'static str,
    },
    /// An option that needs another one.
    #[error("{one} needs {needs}: {reason}")]
    Needs {
        /// Such as `ipv6=true`.
        one: String,
        /// Such as `fixed-cidr-v6`.
        needs: &'static str,
        /// Why.
        reason: &'static str,
    },
    /// An option with one value was given two.
    #[error("option {key:?} has one value, and two are given: {first} and {second}")]
    Twice {
        /// The key.
        key: String,
        /// One.
        first: String,
        /// The other.
        second: String,
    },
    /// An option that rmachine looks after itself.
    #[error("option {key:?} is not set by hand: {reason}")]
    Managed {
        /// The key.
        key: String,
        /// Who sets it, and what to use instead.
        reason: &'static str,
    },
}
