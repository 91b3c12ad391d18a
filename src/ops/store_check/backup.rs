//! What mending replaces is kept: `<store>/.rmachine/backup/TIME-PID/`, in the places that it had in the store.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use super::Fix;
use crate::store::{Store, StoreError, make_private_dir, write_atomically};

/// The folder of one run.
pub(super) struct Backup {
    root: PathBuf,
    folder: PathBuf,
    is_used: bool,
}

impl Backup {
    pub(super) fn new(store: &Store) -> Self {
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let folder = store.own_dir().join("backup").join(format!("{time}-{}", std::process::id()));
        Self { root: store.root().to_owned(), folder, is_used: false }
    }

    /// Where the old files are, where there are any.
    pub(super) fn used(self) -> Option<PathBuf> {
        self.is_used.then_some(self.folder)
    }

    /// Does what a fix says to a file of the store.
    pub(super) fn apply(&mut self, fix: &Fix) -> Result<(), StoreError> {
        match fix {
            Fix::Write { path, bytes } => {
                self.keep(path)?;
                write_atomically(path, 0o600, bytes)
            }
            Fix::Private(path) => {
                let meta = fs::metadata(path).map_err(StoreError::io("read", path))?;
                let mode = meta.permissions().mode() & 0o700;
                fs::set_permissions(path, Permissions::from_mode(mode))
                    .map_err(StoreError::io("change the mode of", path))
            }
            Fix::Own(path) => {
                let store = fs::metadata(&self.root).map_err(StoreError::io("read", &self.root))?;
                chown(path, Some(store.uid()), Some(store.gid()))
                    .map_err(StoreError::io("change the owner of", path))
            }
            Fix::SetAside(path) => {
                let place = self.place(path)?;
                fs::rename(path, &place).map_err(StoreError::io("move", path))
            }
            Fix::Save | Fix::EnvFiles | Fix::Sweep | Fix::Client | Fix::Context { .. } => Ok(()),
        }
    }

    /// Copies a file that is about to be replaced; fine when there is none.
    fn keep(&mut self, path: &Path) -> Result<(), StoreError> {
        let Some(bytes) = crate::store::read_if_there(path)? else { return Ok(()) };
        let place = self.place(path)?;
        write_atomically(&place, 0o600, &bytes)
    }

    fn place(&mut self, path: &Path) -> Result<PathBuf, StoreError> {
        let mut place = self.folder.join(path.strip_prefix(&self.root).unwrap_or(path));
        // A file that is replaced twice in one run is kept twice.
        while fs::symlink_metadata(&place).is_ok() {
            let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
            place.set_file_name(format!("{name}~"));
        }
        make_private_dir(place.parent().unwrap_or(&self.folder))?;
        self.is_used = true;
        Ok(place)
    }
}
