//! One machine's record: docker-machine's file and ours, with what they were when they were last the same as the disk.

use std::{fmt, path::Path};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    Config, Side, StoreError,
    config_file::{CONFIG, ConfigFile},
    files,
    json::Node,
};
use crate::machine::MachineName;

/// Ours.
const SIDE: &str = "rmachine.json";
/// docker-machine's last version of its schema.
pub(super) const CONFIG_VERSION: u32 = 3;
/// Ours.
pub(super) const SIDE_VERSION: u32 = 1;

/// One machine's record: docker-machine's file and ours.
#[derive(Clone)]
pub struct Record {
    /// The machine; the folder's name wins over the one in the file.
    pub name: MachineName,
    /// `config.json`.
    pub config: Config,
    /// `rmachine.json`; a default one where there is none.
    pub side: Side,
    /// Both as they are on the disk as far as we know: what differs is ours to save.
    saved: Box<(Config, Side)>,
    /// `config.json` as it was read, with what our types cannot hold; empty for a new one.
    read: Box<[u8]>,
    /// Whether `config.json` has an older version on the disk: the next save writes the new one.
    is_outdated: bool,
}

impl fmt::Debug for Record {
    /// Without the bytes of the file, which hold the driver's passwords and tokens.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Record")
            .field("name", &self.name)
            .field("config", &self.config)
            .field("side", &self.side)
            .finish_non_exhaustive()
    }
}

impl Record {
    /// A record that is on no disk yet.
    pub fn new(name: MachineName, config: Config, side: Side) -> Self {
        let saved = Box::new((config.clone(), side.clone()));
        Self { name, config, side, saved, read: Box::default(), is_outdated: false }
    }

    /// Reads both files of a machine's folder.
    pub(super) fn read(name: &MachineName, folder: &Path) -> Result<Self, StoreError> {
        Self::read_with(name, folder, read_side(folder)?)
    }

    /// Reads docker-machine's file, for who needs no more: ours may be broken.
    pub(super) fn read_with(name: &MachineName, folder: &Path, side: Side) -> Result<Self, StoreError> {
        let file = ConfigFile::of(name, folder);
        let bytes = file.read()?.ok_or_else(|| StoreError::NoConfig { path: file.path.clone() })?;
        let (config, is_outdated) = file.understand(&bytes)?;
        Ok(Self { is_outdated, read: bytes.into(), ..Self::new(name.clone(), config, side) })
    }

    /// Whether `config.json` has an older version on the disk, which the next save replaces.
    pub fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    /// Writes both files into a folder that has none.
    pub(super) fn write_new(&self, folder: &Path) -> Result<(), StoreError> {
        write_node(&folder.join(CONFIG), &Node::from(&to_value(&self.config)))?;
        write_node(&folder.join(SIDE), &Node::from(&to_value(&self.side)))
    }

    /// `config.json` as it would be saved now: the file in its own order and with everything it holds, and what we changed.
    pub(super) fn document(&self, folder: &Path) -> Result<Node, StoreError> {
        let ours = to_value(&self.config);
        let file = ConfigFile::of(&self.name, folder);
        let Some(bytes) = file.read()? else { return Ok(Node::from(&ours)) };
        let mut node = file.document(&bytes)?;
        node.merge(&to_value(&self.saved.0), &ours);
        Ok(node.with_gos_escapes())
    }

    /// Writes what changed since the files were read or last written, and nothing else. The driver's state goes first:
    /// a stage must not say more than the state can prove.
    pub(super) fn write_changes(&mut self, folder: &Path) -> Result<(), StoreError> {
        if self.is_outdated || self.saved.0 != self.config {
            ConfigFile::of(&self.name, folder).save(&self.saved.0, &self.config, &self.read)?;
            self.saved.0 = self.config.clone();
            self.is_outdated = false;
        }
        if self.saved.1 != self.side {
            save_side(folder, &self.saved.1, &self.side)?;
            self.saved.1 = self.side.clone();
        }
        Ok(())
    }
}

/// The part of `rmachine.json` that every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

pub(super) fn read_side(folder: &Path) -> Result<Side, StoreError> {
    let path = folder.join(SIDE);
    let Some(bytes) = files::read_if_there(&path)? else { return Ok(Side::default()) };
    let Versioned { version } = parse(&path, &bytes)?;
    check_not_from_the_future(&path, version, SIDE_VERSION)?;
    parse(&path, &bytes)
}

/// Only we write this file, and only under the lock.
fn save_side(folder: &Path, saved: &Side, ours: &Side) -> Result<(), StoreError> {
    let path = folder.join(SIDE);
    let mut node = match files::read_if_there(&path)? {
        Some(bytes) => node(&path, &bytes)?,
        None => Node::from(&to_value(saved)),
    };
    node.merge(&to_value(saved), &to_value(ours));
    write_node(&path, &node)
}

pub(super) fn check_not_from_the_future(path: &Path, version: u64, known: u32) -> Result<(), StoreError> {
    if version > u64::from(known) {
        return Err(StoreError::FromTheFuture { path: path.to_owned(), version, known });
    }
    Ok(())
}

pub(super) fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, StoreError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(StoreError::Empty { path: path.to_owned() });
    }
    // serde would take a list for a struct.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed(path, &"it is not an object"));
    }
    serde_json::from_slice(bytes).map_err(|error| malformed(path, &error))
}

/// The file as a document that keeps every byte which nobody changes.
pub(super) fn node(path: &Path, bytes: &[u8]) -> Result<Node, StoreError> {
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(path, &error))?;
    Node::parse(text).map_err(|error| malformed(path, &error))
}

pub(super) fn malformed(path: &Path, error: &impl ToString) -> StoreError {
    StoreError::Malformed { path: path.to_owned(), reason: error.to_string() }
}

pub(super) fn to_value(file: &impl Serialize) -> Value {
    // Our two files have text keys and no fallible serializer, so there is nothing that can fail.
    serde_json::to_value(file).unwrap_or_default()
}

pub(super) fn write_node(path: &Path, node: &Node) -> Result<(), StoreError> {
    files::write_atomically(path, 0o600, node.to_text().as_bytes())
}
