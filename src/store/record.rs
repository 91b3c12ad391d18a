//! One machine's record: docker-machine's file and ours, with what they were when they were last the same as the disk.

use std::path::Path;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Config, Side, StoreError, files, json::Node};
use crate::{machine::MachineName, retry};

/// docker-machine's file.
const CONFIG: &str = "config.json";
/// Ours.
const SIDE: &str = "rmachine.json";
/// docker-machine's last version of its schema.
pub(super) const CONFIG_VERSION: u32 = 3;
/// Ours.
pub(super) const SIDE_VERSION: u32 = 1;

/// One machine's record: docker-machine's file and ours.
#[derive(Clone, Debug)]
pub struct Record {
    /// The machine; the folder's name wins over the one in the file.
    pub name: MachineName,
    /// `config.json`.
    pub config: Config,
    /// `rmachine.json`; a default one where there is none.
    pub side: Side,
    /// Both as they are on the disk as far as we know: what differs is ours to save.
    saved: Box<(Config, Side)>,
}

impl Record {
    /// A record that is on no disk yet.
    pub fn new(name: MachineName, config: Config, side: Side) -> Self {
        let saved = Box::new((config.clone(), side.clone()));
        Self { name, config, side, saved }
    }

    /// Reads both files of a machine's folder.
    pub(super) fn read(name: &MachineName, folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(CONFIG);
        // docker-machine deletes the file before it puts the new one in its place.
        let bytes = retry::briefly(|| files::read_if_there(&path).transpose())
            .unwrap_or_else(|| Err(StoreError::NoConfig { path: path.clone() }))?;
        check_config_version(&path, &bytes)?;
        let config = parse(&path, &bytes)?;
        Ok(Self::new(name.clone(), config, read_side(folder)?))
    }

    /// Writes both files into a folder that has none.
    pub(super) fn write_new(&self, folder: &Path) -> Result<(), StoreError> {
        write_node(&folder.join(CONFIG), &Node::from(&to_value(&self.config)))?;
        write_node(&folder.join(SIDE), &Node::from(&to_value(&self.side)))
    }

    /// `config.json` as it would be saved now: the file in its own order and with everything it holds, and what we changed.
    pub(super) fn document(&self, folder: &Path) -> Result<Node, StoreError> {
        let path = folder.join(CONFIG);
        let ours = to_value(&self.config);
        let Some(bytes) = files::read_if_there(&path)? else { return Ok(Node::from(&ours)) };
        let ConfigVersioned { version } = parse(&path, &bytes)?;
        if version != u64::from(CONFIG_VERSION) {
            return Ok(Node::from(&ours));
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| malformed(&path, &error))?;
        let mut node = Node::parse(text).map_err(|error| malformed(&path, &error))?;
        node.merge(&to_value(&self.saved.0), &ours);
        Ok(node.with_gos_escapes())
    }

    /// Writes what changed since the files were read or last written, and nothing else. The driver's state goes first:
    /// a stage must not say more than the state can prove.
    pub(super) fn write_changes(&mut self, folder: &Path) -> Result<(), StoreError> {
        write_merged(&folder.join(CONFIG), &self.saved.0, &self.config)?;
        self.saved.0 = self.config.clone();
        write_merged(&folder.join(SIDE), &self.saved.1, &self.side)?;
        self.saved.1 = self.side.clone();
        Ok(())
    }
}

/// The part of `config.json` that every version has; the first docker-machine wrote none, which counts as 0.
#[derive(Deserialize)]
struct ConfigVersioned {
    #[serde(default, rename = "ConfigVersion")]
    version: u64,
}

/// The part of `rmachine.json` that every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

fn read_side(folder: &Path) -> Result<Side, StoreError> {
    let path = folder.join(SIDE);
    let Some(bytes) = files::read_if_there(&path)? else { return Ok(Side::default()) };
    let Versioned { version } = parse(&path, &bytes)?;
    check_not_from_the_future(&path, version, SIDE_VERSION)?;
    parse(&path, &bytes)
}

/// A future file may have any form, so its version is looked at before anything else of it.
fn check_config_version(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let ConfigVersioned { version } = parse(path, bytes)?;
    check_not_from_the_future(path, version, CONFIG_VERSION)?;
    if version < u64::from(CONFIG_VERSION) {
        return Err(StoreError::Outdated { path: path.to_owned(), version });
    }
    Ok(())
}

fn check_not_from_the_future(path: &Path, version: u64, known: u32) -> Result<(), StoreError> {
    if version > u64::from(known) {
        return Err(StoreError::FromTheFuture { path: path.to_owned(), version, known });
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, StoreError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(StoreError::Empty { path: path.to_owned() });
    }
    // serde would take a list for a struct.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(malformed(path, &"it is not an object"));
    }
    serde_json::from_slice(bytes).map_err(|error| malformed(path, &error))
}

fn malformed(path: &Path, error: &impl ToString) -> StoreError {
    StoreError::Malformed { path: path.to_owned(), reason: error.to_string() }
}

fn to_value(file: &impl Serialize) -> Value {
    // Our two files have text keys and no fallible serializer, so there is nothing that can fail.
    serde_json::to_value(file).unwrap_or_default()
}

/// Three-way by key: what changed from `saved` to `ours` goes into the file as it is now.
fn write_merged<T: Serialize + PartialEq>(path: &Path, saved: &T, ours: &T) -> Result<(), StoreError> {
    if saved == ours {
        return Ok(());
    }
    let Some(theirs) = retry::briefly(|| files::read_if_there(path).transpose()).transpose()? else {
        return write_node(path, &Node::from(&to_value(ours)));
    };
    let text = std::str::from_utf8(&theirs).map_err(|error| malformed(path, &error))?;
    let mut node = Node::parse(text).map_err(|error| malformed(path, &error))?;
    node.merge(&to_value(saved), &to_value(ours));
    write_node(path, &node)
}

fn write_node(path: &Path, node: &Node) -> Result<(), StoreError> {
    files::write_atomically(path, 0o600, node.to_text().as_bytes())
}
