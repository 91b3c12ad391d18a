//! The store's own places: modes of its folders, what does not belong under `machines/`, what dead processes left.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{Fix, Found, Level};
use crate::{
    machine::MachineName,
    ops::{OpsError, World},
    store::StoreError,
};

/// The bits of group and others.
const OTHERS: u32 = 0o077;

pub(super) fn look(world: &World) -> Result<Vec<Found>, OpsError> {
    let store = &world.store;
    let mut found = Vec::new();
    for folder in [store.certs_dir(), store.machines_dir(), store.own_dir()] {
        found.extend(open_to_others(None, &folder));
    }
    found.extend(strays(&store.machines_dir())?);
    for name in store.leftovers()? {
        found.extend(leftover(world, &name));
    }
    Ok(found)
}

/// A folder or file that others than its owner may read; docker-machine gave them 0700 and 0600, too.
pub(super) fn open_to_others(machine: Option<&str>, path: &Path) -> Option<Found> {
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o7777;
    if mode & OTHERS == 0 {
        return None;
    }
    let what = format!("others than its owner may use {} (mode {mode:04o})", path.display());
    let repair = format!("takes that from them (mode {:04o})", mode & 0o700);
    Some(Found::new(machine, "mode", Level::Fault, what).mended_by(repair, Fix::Private(path.to_owned())))
}

/// Files beside the machines' folders. docker-machine leaves them alone, and so does every command but this one.
fn strays(machines: &Path) -> Result<Vec<Found>, OpsError> {
    let entries = match fs::read_dir(machines) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", machines))?,
    };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || entry.path().is_dir() {
            continue;
        }
        let what = format!("{} is no machine's folder", entry.path().display());
        let stray = Found::new(None, "stray", Level::Note, what);
        found.push(stray.mended_by("moves it into the backup", Fix::SetAside(entry.path())));
    }
    Ok(found)
}

/// A lock without a machine, or a folder that is half made or half removed.
fn leftover(world: &World, name: &MachineName) -> Option<Found> {
    if world.store.holder(name).is_some() {
        return None;
    }
    let what = format!(
        "a process that died left a lock or a folder of {name} under {}",
        world.store.own_dir().display()
    );
    let mut found = Found::note(name.as_str(), "leftover", what);
    found = found.mended_by("deletes it, as the next command on that machine would", Fix::Sweep);
    Some(found)
}
