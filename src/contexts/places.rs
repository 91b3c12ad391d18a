//! Docker's folders in which a store has contexts. `DOCKER_CONFIG` may be another one when the machine goes, so the store keeps each
//! folder's path in `<store>/.rmachine/docker/ID`: a file of its own, so that programs at work at once take nothing from each other.

use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::PathBuf};

use serde_json::Value;

use super::{ContextError, Contexts, MARK, Result, id};
use crate::{
    env::Env,
    machine::MachineName,
    store::{Store, make_private_dir, read_if_there, write_atomically},
};

impl Contexts {
    /// Those of now, where docker has a folder at all, then every other one in which the store made contexts.
    pub fn everywhere(env: &Env, store: &Store) -> Result<Vec<Self>> {
        let mut all = match Self::locate(env) {
            Ok(here) => vec![here],
            Err(ContextError::NoHome) => Vec::new(),
            Err(error) => return Err(error),
        };
        for entry in fs::read_dir(kept(store)).into_iter().flatten().flatten() {
            let Some(path) = read_if_there(&entry.path())? else { continue };
            let folder = PathBuf::from(OsStr::from_bytes(&path));
            // A file that is being written holds less than a whole path.
            if folder.is_absolute() && all.iter().all(|known| known.folder != folder) {
                all.push(Self { folder });
            }
        }
        Ok(all)
    }

    /// Has the store remember that it makes contexts here; said before it does.
    pub fn remember(&self, store: &Store) -> Result<()> {
        let file = kept(store).join(id(&self.folder.to_string_lossy()));
        if !file.exists() {
            make_private_dir(&kept(store))?;
            write_atomically(&file, 0o600, self.folder.as_os_str().as_bytes())?;
        }
        Ok(())
    }

    /// The names of the store's contexts here, of machines and of swarms.
    pub fn names(&self, store: &Store) -> Vec<MachineName> {
        let root = store.root().to_string_lossy();
        let metas = fs::read_dir(self.folder.join("contexts/meta")).into_iter().flatten().flatten();
        let mut names: Vec<MachineName> = metas
            .filter_map(|entry| {
                let meta: Value =
                    serde_json::from_slice(&fs::read(entry.path().join("meta.json")).ok()?).ok()?;
                let ours = &meta["Metadata"][MARK];
                (ours["Store"].as_str() == Some(&*root)).then(|| meta["Name"].as_str()?.parse().ok())?
            })
            .collect();
        names.sort_unstable();
        names
    }
}

fn kept(store: &Store) -> PathBuf {
    store.own_dir().join("docker")
}
