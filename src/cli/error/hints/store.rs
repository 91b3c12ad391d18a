//! Trouble with the store.

use std::path::Path;

use super::{Hints, To, did_you_mean, one};
use crate::store::StoreError;

pub(super) fn hints(error: &StoreError, to: To<'_>) -> Hints {
    let program = to.program;
    match error {
        StoreError::NotFound { nearest, .. } => {
            let mut hints = did_you_mean(nearest);
            hints.push(format!("{program} ls shows the machines"));
            hints
        }
        StoreError::NoSwarm { nearest, .. } => {
            let mut hints = did_you_mean(nearest);
            hints.push(format!("{program} swarm ls shows the swarms"));
            hints
        }
        StoreError::NameOfSwarm(_) => one("take another name"),
        StoreError::AlreadyExists(name) => {
            one(format!("take another name, or remove it first: {program} rm {name}"))
        }
        StoreError::NoHome => one("say where the store is: --storage-path FOLDER"),
        StoreError::NotAFolder { path } => one(format!("move {} away", path.display())),
        StoreError::NoConfig { path } | StoreError::Empty { path } | StoreError::Malformed { path, .. } => {
            one(forget(path, program))
        }
        StoreError::FromTheFuture { .. } => one(format!("use the newest {program} for this machine")),
        StoreError::Denied { path, .. } => one(format!("whose is it? ls -ld {}", path.display())),
        StoreError::Busy { .. } => one("wait for it to end, then try again"),
        StoreError::BadName(_) | StoreError::Io { .. } => Vec::new(),
    }
}

/// A machine's record that cannot be read is named by its folder; a swarm can be recorded again.
fn forget(path: &Path, program: &str) -> String {
    if let Some(swarm) = swarm_of(path) {
        return format!(
            "move it away; {program} swarm create with the same machines takes swarm {swarm} up again"
        );
    }
    let name = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    if path.file_name().is_some_and(|file| file == "rmachine.json") {
        return format!("{program} store check --repair keeps what can be read of it");
    }
    format!("mend the file, or forget the machine: {program} rm -f {name}")
}

fn swarm_of(path: &Path) -> Option<String> {
    let folder = path.parent()?.file_name()?;
    (folder == "swarms").then(|| path.file_stem().unwrap_or_default().to_string_lossy().into_owned())
}
