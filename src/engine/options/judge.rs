//! Options one by one: is there such a one in this engine, and is its value of its form?

use serde_json::Value;

use super::{
    Options,
    error::OptionError,
    spec::{OptionSpec, nearest_key, spec_of_key},
};
use crate::machine::EngineVersion;

/// Checks a whole file for an engine that cannot do it itself: a key that is not in the table is refused too.
pub fn check(options: &Options, version: Option<&EngineVersion>) -> Result<(), OptionError> {
    options.iter().try_for_each(|(key, value)| match spec_of_key(key) {
        None => Err(OptionError::Unknown { key: key.clone(), nearest: nearest_key(key) }),
        Some(spec) => one(spec, value, version),
    })
}

/// Checks the options that are in the table; for engines that will look at the others themselves.
pub fn check_typed(options: &Options, version: Option<&EngineVersion>) -> Result<(), OptionError> {
    let known = options.iter().filter_map(|(key, value)| Some((spec_of_key(key)?, value)));
    known.into_iter().try_for_each(|(spec, value)| one(spec, value, version))
}

fn one(spec: &OptionSpec, value: &Value, version: Option<&EngineVersion>) -> Result<(), OptionError> {
    let key = || spec.key.to_owned();
    if let Some(version) = version.filter(|version| !spec.is_known_to(version)) {
        let version = version.clone();
        return Err(match (spec.since, spec.until) {
            (Some(since), _) if !since.is_in(&version) => OptionError::TooNew { key: key(), since, version },
            (_, Some(until)) => OptionError::TooOld { key: key(), until, version },
            (_, None) => return Ok(()),
        });
    }
    spec.form.check(value).map_err(|mistake| OptionError::WrongForm {
        key: key(),
        mistake,
        found: value.to_string(),
    })
}
