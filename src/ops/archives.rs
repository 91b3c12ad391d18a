//! Engines in files: read and judged once, however many machines get them, and before anything is changed anywhere.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    engine::archive::{Archive, ArchiveError},
    provision::Wishes,
};

/// The ones that were read; copies share them.
#[derive(Clone, Debug, Default)]
pub struct Archives(Arc<Mutex<BTreeMap<PathBuf, Archive>>>);

impl Archives {
    /// The file that these wishes name, if they name one.
    pub fn wanted(&self, wishes: &Wishes) -> Result<Option<Archive>, ArchiveError> {
        let Some((path, sha256)) = wishes.archive_file() else { return Ok(None) };
        // Held while reading: the others wait for what they would only read again.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(archive) = known.get(path) {
            return Ok(Some(archive.clone()));
        }
        let archive = Archive::read(path, sha256, wishes.version.as_deref())?;
        known.insert(path.to_owned(), archive.clone());
        Ok(Some(archive))
    }
}
