//! The engine's options: what there is, what each must look like, which exclude each other, and `daemon.json` as data.
//!
//! The file is kept as an ordered map, so that merging changes nothing but the keys it is about. [`table`] says of every
//! option what dockerd's reference says: <https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file>

mod error;
mod file;
mod form;
mod judge;
mod merge;
mod rules;
mod secrets;
mod spec;
pub mod table;
mod words;

use serde_json::{Map, Value};

pub use error::{OptionError, ParseError};
pub use file::{changed_keys, is_reloadable, parse, render, to_forget};
pub use form::{Family, Form, Item, Mistake};
pub use judge::{check, check_typed};
pub use merge::{merge, unmerge};
pub use rules::{Surroundings, judge};
pub use secrets::{holds_secrets, masked};
pub use spec::{
    Effect, OptionSpec, Release, nearest_key, nearest_word, spec_of_flag, spec_of_key, spec_of_word,
};
pub use words::{flag_words, from_flags, set_flag, set_word, set_words};

/// A `daemon.json`.
pub type Options = Map<String, Value>;

#[cfg(test)]
mod tests;
