//! Names and absolute paths in `config.json`: a store that was moved or copied, a folder that was renamed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{Fix, Found};
use crate::{
    ops::{OpsError, World},
    store::{Node, Record},
};

pub(super) fn look(world: &World, record: &Record) -> Result<Vec<Found>, OpsError> {
    let mut found = Vec::new();
    found.extend(moved(world, record)?);
    found.extend(named(world, record)?);
    Ok(found)
}

/// Paths that lead into another store, or into the folder that this one once was.
fn moved(world: &World, record: &Record) -> Result<Option<Found>, OpsError> {
    let store = &world.store;
    let folder = store.machine_dir(&record.name);
    let mut changes: Vec<(PathBuf, PathBuf)> = Vec::new();
    let auth = &record.config.host_options.auth_options;
    let machine = Path::new(&auth.store_path);
    if is_folder_of_machine(machine) && !is_same(machine, &folder) {
        changes.push((machine.to_owned(), folder));
    }
    let of_machine = machine.parent().and_then(Path::parent).filter(|_| is_folder_of_machine(machine));
    let of_driver = record.config.driver["StorePath"].as_str().map(Path::new);
    let of_certs = Path::new(&auth.cert_dir).parent().filter(|_| auth.cert_dir.ends_with("/certs"));
    for root in [of_machine, of_driver, of_certs].into_iter().flatten() {
        if root.is_absolute() && root != Path::new("/") && !is_same(root, store.root()) {
            changes.push((root.to_owned(), store.root().to_owned()));
        }
    }
    let Some((from, to)) = changes.first().cloned() else { return Ok(None) };
    let mut document = store.node(&record.name)?;
    for (from, to) in &changes {
        replace(&mut document, from, to);
    }
    let what = format!("its paths lead to {}, but it is at {}", from.display(), to.display());
    let fix = Fix::Write {
        path: store.machine_dir(&record.name).join("config.json"),
        bytes: document.to_text().into_bytes(),
    };
    Ok(Some(Found::fault(record.name.as_str(), "moved", what).mended_by("has them lead here", fix)))
}

/// Whether it is `STORE/machines/NAME`.
fn is_folder_of_machine(path: &Path) -> bool {
    let above = path.parent().and_then(Path::file_name);
    path.is_absolute() && above.is_some_and(|name| name == "machines")
}

/// Whether both are one place, however it is written.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

/// Every text that is this path or one below it.
fn replace(document: &mut Node, from: &Path, to: &Path) {
    match document {
        Node::Object(members) => members.iter_mut().for_each(|(_, member)| replace(member, from, to)),
        Node::List(items) => items.iter_mut().for_each(|item| replace(item, from, to)),
        Node::Literal(_) => {
            let moved =
                document.as_text().and_then(|text| Some(to.join(Path::new(&text).strip_prefix(from).ok()?)));
            if let Some(moved) = moved {
                // Joining nothing leaves a slash at the end.
                *document = Node::text(moved.to_string_lossy().trim_end_matches('/'));
            }
        }
    }
}

/// The folder's name is the machine's. What the driver calls its host is changed only where that driver is here: VirtualBox
/// and its like know the host by that name.
fn named(world: &World, record: &Record) -> Result<Option<Found>, OpsError> {
    let folder = record.name.as_str();
    let known = record.config.driver["MachineName"].as_str().filter(|name| !name.is_empty());
    let is_ours = world.drivers().has(&record.config.driver_name);
    let other = known.filter(|name| is_ours && *name != folder);
    let name = Some(record.config.name.as_str()).filter(|name| *name != folder);
    let Some(wrong) = name.or(other) else { return Ok(None) };
    let mut document = world.store.node(&record.name)?;
    document.set("Name", Node::text(folder));
    if other.is_some()
        && let Some(driver) = document.member_mut("Driver")
    {
        driver.set("MachineName", Node::text(folder));
    }
    let fix = Fix::Write {
        path: world.store.machine_dir(&record.name).join("config.json"),
        bytes: document.to_text().into_bytes(),
    };
    let what = format!("config.json calls it {wrong:?}; the folder's name is the one that counts");
    Ok(Some(Found::fault(folder, "name", what).mended_by("writes the folder's name", fix)))
}
