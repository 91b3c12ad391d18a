//! `<store>/.rmachine/staging/`: machines' folders that are not there yet, or not there any more.
//!
//! `NAME+new` and `NAME+old` belong to the holder of NAME's lock (a plus is in no machine's name). Whoever can take that lock may
//! delete them: their maker is dead.

use std::{fs, path::PathBuf};

use super::{Store, StoreError, files, lock::LockFile};
use crate::machine::MachineName;

const NEW: &str = "+new";
const OLD: &str = "+old";

impl Store {
    pub(super) fn staging_dir(&self) -> PathBuf {
        self.own_dir().join("staging")
    }

    pub(super) fn staged_new(&self, name: &MachineName) -> PathBuf {
        self.staging_dir().join(format!("{name}{NEW}"))
    }

    pub(super) fn staged_old(&self, name: &MachineName) -> PathBuf {
        self.staging_dir().join(format!("{name}{OLD}"))
    }

    /// Whose folders are there.
    pub(super) fn staged(&self) -> Result<Vec<MachineName>, StoreError> {
        let names = files::visible_dirs(&self.staging_dir())?;
        let owners =
            names.iter().filter_map(|name| name.strip_suffix(NEW).or_else(|| name.strip_suffix(OLD)));
        Ok(owners.filter_map(|name| name.parse().ok()).collect())
    }

    /// Deletes what dead processes left; `held` is the name whose lock the caller has.
    pub(super) fn sweep_staging(&self, held: Option<&MachineName>) {
        for entry in fs::read_dir(self.staging_dir()).into_iter().flatten().flatten() {
            let file_name = entry.file_name();
            let file_name = file_name.to_string_lossy();
            let Some(owner) = file_name.strip_suffix(NEW).or_else(|| file_name.strip_suffix(OLD)) else {
                continue;
            };
            let Ok(owner) = owner.parse::<MachineName>() else { continue };
            let taken = if held == Some(&owner) { None } else { self.try_lock(&owner) };
            if held == Some(&owner) || taken.is_some() {
                let _ = files::remove_dir(&entry.path());
            }
        }
    }

    fn try_lock(&self, name: &MachineName) -> Option<super::Lock> {
        let file = LockFile::try_take(&self.lock_path(name), self.verb).ok()??;
        Some(super::Lock::new(name.clone(), self.machine_dir(name), file))
    }
}
