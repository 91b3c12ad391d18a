//! One machine's `config.json` on the disk: read, understood whatever its version, and saved beside a docker-machine that may do
//! the same.
//!
//! docker-machine takes no lock and saves by deleting the file and renaming a new one to its place. So a save reads the file as it is
//! now, changes in it what we changed, looks once more before the new one takes its place, and once after it has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;

use super::{
    Config, StoreError, files,
    json::Node,
    migrate,
    record::{CONFIG_VERSION, check_not_from_the_future, node, parse, to_value},
};
use crate::{machine::MachineName, retry};

/// docker-machine's file.
pub(super) const CONFIG: &str = "config.json";
/// Where docker-machine keeps the old bytes of a file that it brought to a new version.
pub(super) const BACKUP: &str = "config.json.bak";
/// Begins the names of files that docker-machine is about to put into the place of `config.json`.
pub(super) const TEMPORARY: &str = "config.json.tmp";
/// How often a save begins again because another program saved at the same moment: at first it gives way, then it insists.
const TRIES: (usize, usize) = (20, 40);

/// The file of one machine.
pub(super) struct ConfigFile<'a> {
    pub(super) path: PathBuf,
    folder: &'a Path,
    name: &'a MachineName,
}

/// The part of the file that every version has; the first docker-machine wrote none, which counts as 0.
#[derive(Deserialize)]
struct Versioned {
    #[serde(default, rename = "ConfigVersion")]
    version: u64,
}

impl<'a> ConfigFile<'a> {
    pub(super) fn of(name: &'a MachineName, folder: &'a Path) -> Self {
        Self { path: folder.join(CONFIG), folder, name }
    }

    /// The bytes; `None` where there is no file, also after the time that another program may take to replace it.
    pub(super) fn read(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = || files::read_if_there(&self.path).transpose();
        if let Some(bytes) = retry::briefly(bytes) {
            return bytes.map(Some);
        }
        // Where its successor is there already, somebody is about to rename it.
        let bytes = if self.has_successor() { retry::patiently(bytes) } else { bytes() };
        bytes.transpose()
    }

    fn has_successor(&self) -> bool {
        let entries = fs::read_dir(self.folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with(TEMPORARY))
    }

    /// What the bytes say, and whether they are of an older version.
    pub(super) fn understand(&self, bytes: &[u8]) -> Result<(Config, bool), StoreError> {
        let version = self.version(bytes)?;
        if version == u64::from(CONFIG_VERSION) {
            return Ok((self.typed(bytes)?, false));
        }
        let text = self.document(bytes)?.to_text();
        Ok((self.typed(text.as_bytes())?, true))
    }

    /// A future file may have any form, so its version is looked at before anything else of it.
    fn version(&self, bytes: &[u8]) -> Result<u64, StoreError> {
        let Versioned { version } = parse(&self.path, bytes)?;
        check_not_from_the_future(&self.path, version, CONFIG_VERSION)?;
        Ok(version)
    }

    /// Go takes null for the empty value of any type, and so do we where a field is not what we expect.
    fn typed(&self, bytes: &[u8]) -> Result<Config, StoreError> {
        parse(&self.path, bytes).or_else(|error| {
            let mut value: Value = parse(&self.path, bytes)?;
            if let Some(options) = value.get_mut("HostOptions") {
                drop_nulls(options);
            }
            serde_json::from_value(value).map_err(|_| error)
        })
    }

    /// The file as a document of the current version, with every field that it has.
    pub(super) fn document(&self, bytes: &[u8]) -> Result<Node, StoreError> {
        let version = self.version(bytes)?;
        let document = node(&self.path, bytes)?;
        if version == u64::from(CONFIG_VERSION) {
            return Ok(document);
        }
        let root = self.folder.parent().and_then(Path::parent).unwrap_or(self.folder);
        Ok(migrate::to_current(document, version, self.name.as_str(), root))
    }

    /// Three-way by key: what changed from `saved` to `ours` goes into the file as it is now, brought to the current version.
    /// `read` is the file as it was once read, for when it is gone.
    pub(super) fn save(&self, saved: &Config, ours: &Config, read: &[u8]) -> Result<(), StoreError> {
        let (base, changed) = (to_value(saved), to_value(ours));
        let (polite, most) = TRIES;
        for attempt in 0..most {
            let theirs = self.read()?;
            let mut document = match theirs.as_deref().unwrap_or(read) {
                [] if theirs.is_none() => Node::from(&changed),
                bytes => self.document(bytes)?,
            };
            document.merge(&base, &changed);
            let text = document.to_text();
            // The file is as it should be: nothing was to be done, or the try before this one has done it.
            if theirs.as_deref() == Some(text.as_bytes()) {
                return Ok(());
            }
            if let Some(old) = &theirs
                && self.version(old)? < u64::from(CONFIG_VERSION)
            {
                files::write_atomically(&self.folder.join(BACKUP), 0o600, old)?;
            }
            let is_as_read =
                || attempt >= polite || files::read_if_there(&self.path).is_ok_and(|now| now == theirs);
            files::write_atomically_if(&self.path, 0o600, text.as_bytes(), is_as_read)?;
        }
        // It was written, and another program that had read the file before puts its own over it each time. So does docker-machine
        // at the end of a long command; docs/differences.md says what that costs.
        Ok(())
    }
}

fn drop_nulls(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|_, member| !member.is_null());
        members.values_mut().for_each(drop_nulls);
    }
}
