//! `config.json` and `rmachine.json`: whether they can be read, and what could take their place.

use std::{fs, path::PathBuf, time::SystemTime};

use serde_json::{Map, Value, json};

use super::{Advice, Fix, Found, told};
use crate::{
    machine::MachineName,
    ops::{World, query},
    store::{Record, Side, StoreError},
};

/// The record, or what is wrong with it.
pub(super) fn look(world: &World, name: &MachineName) -> Result<Record, Vec<Found>> {
    world.store.load(name).map_err(|error| match error {
        // It was removed a moment ago.
        StoreError::NotFound { .. } => Vec::new(),
        // docker-machine's file first: without it ours says nothing.
        error => match world.store.load_config(name) {
            Err(error) => vec![config(world, name, &error)],
            Ok(_) => vec![side(world, name, &error)],
        },
    })
}

fn config(world: &World, name: &MachineName, error: &StoreError) -> Found {
    let kind = match error {
        StoreError::NoConfig { .. } => "config-missing",
        StoreError::FromTheFuture { .. } => "config-future",
        _ => "config-broken",
    };
    let found = Found::fault(name.as_str(), kind, told(error));
    match error {
        StoreError::FromTheFuture { .. } => found.advised(Advice::UseNewest),
        StoreError::Denied { .. } | StoreError::Io { .. } => found.advised(Advice::TakeOver),
        _ => match successor(world, name) {
            Some((from, bytes)) => {
                let path = world.store.machine_dir(name).join("config.json");
                found.mended_by(format!("puts {from} in its place"), Fix::Write { path, bytes })
            }
            None => found.advised(Advice::Forget),
        },
    }
}

/// The newest file beside `config.json` that could take its place: one that docker-machine was about to rename when it died, or
/// the one from before its migration.
fn successor(world: &World, name: &MachineName) -> Option<(String, Vec<u8>)> {
    let folder = world.store.machine_dir(name);
    let mut candidates: Vec<(bool, SystemTime, PathBuf)> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let file = entry.file_name().to_string_lossy().into_owned();
            let is_new = file.starts_with("config.json.tmp") || file.starts_with(".rmachine-unfinished-");
            let modified =
                entry.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            (is_new || file == "config.json.bak").then(|| (is_new, modified, entry.path()))
        })
        .collect();
    candidates.sort();
    candidates.into_iter().rev().find_map(|(_, _, path)| {
        let bytes = fs::read(&path).ok()?;
        let file = path.file_name()?.to_string_lossy().into_owned();
        world.store.could_be_config(name, &bytes).then_some((file, bytes))
    })
}

fn side(world: &World, name: &MachineName, error: &StoreError) -> Found {
    let kind = match error {
        StoreError::FromTheFuture { .. } => "side-future",
        _ => "side-broken",
    };
    let found = Found::fault(name.as_str(), kind, told(error));
    match error {
        StoreError::FromTheFuture { .. } => found.advised(Advice::UseNewest),
        StoreError::Denied { .. } | StoreError::Io { .. } => found.advised(Advice::TakeOver),
        _ => {
            let path = world.store.machine_dir(name).join("rmachine.json");
            let bytes = salvaged(world, name).to_bytes();
            let what = "keeps what can be read of it; what was wished for at create is forgotten, the host is as it was";
            found.mended_by(what, Fix::Write { path, bytes })
        }
    }
}

fn salvaged(world: &World, name: &MachineName) -> Side {
    let text = world.store.read_file(name, "rmachine.json").ok().flatten().unwrap_or_default();
    let mut side = salvage(&String::from_utf8_lossy(&text));
    if side.url.is_none()
        && let Ok(record) = world.store.load_config(name)
    {
        side.url = query::url(world, &record).ok();
    }
    side
}

/// What can still be read of a broken `rmachine.json`: whole lines of plain values, and pinned keys, which stand alone on theirs.
fn salvage(text: &str) -> Side {
    let lines = text.lines().map(|line| line.trim().trim_end_matches(','));
    let mut side = Side::default();
    for line in lines {
        let Ok(member) = serde_json::from_str::<Map<String, Value>>(&format!("{{{line}}}")) else {
            if let Ok(key) = serde_json::from_str::<String>(line) {
                side.host_keys
                    .extend(Some(key).filter(|key| key.starts_with("ssh-") || key.starts_with("ecdsa-")));
            }
            continue;
        };
        for (name, value) in member {
            let mut whole = json!({ "version": 1 });
            whole[&name] = value;
            let Ok(read) = serde_json::from_value::<Side>(whole) else { continue };
            match name.as_str() {
                "stage" => side.stage = read.stage,
                "url" => side.url = read.url,
                "created_at" => side.created_at = read.created_at,
                "created_by" => side.created_by = read.created_by,
                _ => {}
            }
        }
    }
    side
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Stage;

    #[test]
    fn of_a_file_that_was_cut_off_whole_lines_are_kept() {
        let text = "{\n    \"version\": 1,\n    \"stage\": \"created\",\n    \"url\": \"tcp://10.0.0.5:2376\",\n    \"host_keys\": [\n        \"ssh-ed25519 AAAA\",\n        \"ssh-rsa BB";
        let side = salvage(text);
        assert_eq!((side.stage, side.url.as_deref()), (Stage::Created, Some("tcp://10.0.0.5:2376")));
        assert_eq!(side.host_keys, ["ssh-ed25519 AAAA"]);
        assert_eq!(salvage(""), Side::default());
    }
}
