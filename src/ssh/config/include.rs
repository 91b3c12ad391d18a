//! The files that an `Include` names: `~`, paths relative to the configuration's folder, and patterns in every part.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use super::{pattern, tokens};

/// The paths that fit, in alphabetical order; those that are not there are left out.
pub(super) fn paths(arg: &str, folder: &Path, home: Option<&Path>) -> Vec<PathBuf> {
    let full = folder.join(tokens::tilde(arg, home));
    let mut found = vec![PathBuf::new()];
    for part in full.components() {
        found = found.into_iter().flat_map(|base| step(&base, part)).collect();
    }
    found.retain(|path| path.is_file());
    found
}

fn step(base: &Path, part: Component<'_>) -> Vec<PathBuf> {
    let name = part.as_os_str().to_string_lossy();
    if !name.contains(['*', '?']) {
        return vec![base.join(part)];
    }
    let Ok(entries) = fs::read_dir(base) else { return Vec::new() };
    let mut fitting: Vec<_> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|entry| (name.starts_with('.') || !entry.starts_with('.')) && pattern::matches(&name, entry))
        .map(|entry| base.join(entry))
        .collect();
    fitting.sort();
    fitting
}
