//! `daemon.json` as text and as data, and what of a change the engine takes up without a restart.

use super::{
    Options,
    error::ParseError,
    spec::{Effect, spec_of_key},
};

/// Reads a file; an empty one holds nothing.
pub fn parse(bytes: &[u8]) -> Result<Options, ParseError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Options::new());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or(&text).to_owned();
        ParseError { line: error.line(), column: error.column(), reason }
    })
}

/// Writes a file, as people would.
pub fn render(options: &Options) -> String {
    let mut text = serde_json::to_string_pretty(options).unwrap_or_default();
    text.push('\n');
    text
}

/// The keys whose values differ, in the order of the new file, removed ones last.
pub fn changed_keys(before: &Options, after: &Options) -> Vec<String> {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value))
        .map(|(key, _)| key)
        .chain(gone)
        .cloned()
        .collect()
}

/// Whether the engine reads this key again on SIGHUP. A key that is not known needs a restart.
pub fn is_reloadable(key: &str) -> bool {
    spec_of_key(key).is_some_and(|spec| spec.effect.is_reload())
}

/// What an engine that goes from one file to the other by SIGHUP has to be told beside the new file: it forgets some values
/// only when it is given another one, so each of those that are gone with its default.
pub fn to_forget(before: &Options, after: &Options) -> Options {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let told = gone.filter_map(|key| match spec_of_key(key)?.effect {
        Effect::ReloadKeeping(default) => Some((key.clone(), serde_json::from_str(default).ok()?)),
        Effect::Reload | Effect::Restart => None,
    });
    told.collect()
}
