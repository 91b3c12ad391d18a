//! One machine's folder, from the outside in: owners and modes, the two records, then what follows from them.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Advice, Fix, Found, certificates, paths, places::open_to_others, record};
use crate::{
    machine::MachineName,
    ops::{OpsError, World, env_files},
    store::{Record, Stage},
};

/// An unfinished file of docker-machine's that is older than this was not left a moment ago.
const ABANDONED: Duration = Duration::from_secs(60);

pub(super) fn look(world: &World, name: &MachineName) -> Result<Vec<Found>, OpsError> {
    let folder = world.store.machine_dir(name);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = owners(world, name, &folder);
    found.extend(open_to_others(Some(name.as_str()), &folder));
    for file in files(&folder).iter().filter(|file| is_private(file)) {
        found.extend(open_to_others(Some(name.as_str()), file));
    }
    found.extend(leftovers(name, &folder));
    found.extend(match record::look(world, name) {
        Ok(record) => understood(world, &record)?,
        Err(broken) => broken,
    });
    Ok(found)
}

/// What can be seen once the record is read.
fn understood(world: &World, record: &Record) -> Result<Vec<Found>, OpsError> {
    let mut found = Vec::new();
    let name = record.name.as_str();
    if record.is_outdated() {
        let old = Found::note(name, "config-old", "config.json has the form of a docker-machine before 0.6");
        found.push(old.mended_by("writes it in the form of 0.16, the old one beside it", Fix::Save));
    }
    found.extend(paths::look(world, record)?);
    if record.side.stage < Stage::Provisioned {
        let far = match record.side.stage {
            Stage::Recorded => "its host may not exist",
            Stage::Created | Stage::Provisioned => "its host exists",
        };
        let half = Found::note(name, "half-made", format!("its create did not finish; {far}"));
        found.push(half.advised(Advice::CreateAgain { driver: record.config.driver_name.clone() }));
        return Ok(found);
    }
    found.extend(certificates::look(world, record)?);
    if env_files::are_stale(&world.store, record)? {
        let stale =
            Found::fault(name, "env-files", "env.sh or its neighbour is missing or says what was before");
        found.push(stale.mended_by("writes them anew", Fix::EnvFiles));
    }
    Ok(found)
}

/// Files directly in the folder; what a driver keeps in folders of its own is its business.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

fn file_name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn is_private(file: &Path) -> bool {
    let name = file_name(file);
    let is_public = file.extension().is_some_and(|ending| ending == "pub");
    let is_key = name.starts_with("id_") && !is_public;
    is_key
        || name.starts_with("config.json")
        || matches!(name.as_str(), "rmachine.json" | "key.pem" | "server-key.pem")
}

fn owners(world: &World, name: &MachineName, folder: &Path) -> Vec<Found> {
    let Ok(store) = fs::metadata(world.store.root()) else { return Vec::new() };
    let is_root = rustix::process::geteuid().is_root();
    let files = files(folder);
    let all = std::iter::once(folder).chain(files.iter().map(PathBuf::as_path));
    let others = all.filter(|path| fs::metadata(path).is_ok_and(|meta| meta.uid() != store.uid()));
    others
        .map(|path| {
            let what = format!("{} does not belong to the owner of the store", path.display());
            let found = Found::fault(name.as_str(), "owner", what);
            if is_root {
                found.mended_by("gives it to the owner of the store", Fix::Own(path.to_owned()))
            } else {
                found.advised(Advice::TakeOver)
            }
        })
        .collect()
}

fn leftovers(name: &MachineName, folder: &Path) -> Vec<Found> {
    let is_abandoned = |file: &Path| {
        let modified = fs::metadata(file).and_then(|meta| meta.modified());
        modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > ABANDONED))
    };
    let has_config = folder.join("config.json").exists();
    let is_leftover = |file: &&PathBuf| {
        let name = file_name(file);
        name.starts_with(".rmachine-unfinished-")
            || (has_config && name.starts_with("config.json.tmp") && is_abandoned(file))
    };
    let all = files(folder);
    let leftovers = all.iter().filter(is_leftover).map(|file| {
        let what = format!("{} was being written by a process that died", file_name(file));
        Found::note(name.as_str(), "leftover", what)
            .mended_by("moves it into the backup", Fix::SetAside(file.clone()))
    });
    leftovers.collect()
}
