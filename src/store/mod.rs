//! The store: docker-machine's folder layout and `config.json`, with locks, atomic writes and a side file of our own.
//!
//! ```text
//! <store>/certs/{ca.pem,ca-key.pem,cert.pem,key.pem}
//! <store>/machines/NAME/{config.json,rmachine.json,ca.pem,cert.pem,key.pem,server.pem,server-key.pem,id_*,env.sh,NAME.env}
//! <store>/cache/
//! <store>/.rmachine/locks/NAME    <store>/.rmachine/staging/
//! ```
//!
//! Reads take no lock. A machine's folder appears whole, by one rename. docker-machine, which never locks and saves by
//! remove-then-rename, may work beside us: every save reads the file again and changes only the fields we changed.

mod config;
mod side;

use std::path::{Path, PathBuf};

pub use config::{AuthOptions, Config, EngineOptions, HostOptions, SwarmOptions};
pub use side::{Side, Stage};

use crate::{env::Env, event::Events, machine::MachineName, retry::Deadline};

/// One store.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// One machine's record: docker-machine's file and ours.
#[derive(Clone, Debug)]
pub struct Record {
    /// The machine; the folder's name wins over the one in the file.
    pub name: MachineName,
    /// `config.json`.
    pub config: Config,
    /// `rmachine.json`; a default one where there is none.
    pub side: Side,
}

/// Holds a machine's lock; released when dropped or when the process dies.
#[derive(Debug)]
pub struct Lock {
    name: MachineName,
}

/// What can be wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No folder of that name.
    #[error("machine {name:?} does not exist")]
    NotFound {
        /// The name that was looked for.
        name: String,
        /// Names that are near it.
        nearest: Vec<String>,
    },
    /// The name is taken.
    #[error("machine {0:?} already exists")]
    AlreadyExists(MachineName),
}

impl Store {
    /// The store at this path; it need not exist yet.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `flag`, else `$MACHINE_STORAGE_PATH`, else `~/.docker/machine`.
    pub fn locate(env: &Env, flag: Option<&Path>) -> Result<Self, StoreError> {
        let _ = (env, flag);
        todo!()
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `<store>/certs`.
    pub fn certs_dir(&self) -> PathBuf {
        self.root.join("certs")
    }

    /// `<store>/cache`.
    pub fn cache_dir(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// `<store>/machines/NAME`.
    pub fn machine_dir(&self, name: &MachineName) -> PathBuf {
        self.root.join("machines").join(name.as_str())
    }

    /// The folders of `machines/` that do not begin with a dot, sorted; they may be no machine names, or broken.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        todo!()
    }

    /// Reads a machine's record without a lock. Retries briefly while `config.json` is missing.
    pub fn load(&self, name: &MachineName) -> Result<Record, StoreError> {
        let _ = name;
        todo!()
    }

    /// Takes a machine's lock, waiting until the deadline and saying who holds it.
    pub async fn lock(
        &self,
        name: &MachineName,
        deadline: Deadline,
        events: &Events,
    ) -> Result<Lock, StoreError> {
        let _ = (name, deadline, events);
        todo!()
    }

    /// Takes the lock of a machine that must not exist yet: "already exists" is decided here.
    pub async fn reserve(
        &self,
        name: &MachineName,
        deadline: Deadline,
        events: &Events,
    ) -> Result<Lock, StoreError> {
        let _ = (name, deadline, events);
        todo!()
    }

    /// Makes the machine's folder with everything in it, by one rename of a staging folder. `files` are further files of the
    /// folder (0600).
    pub fn create(&self, lock: &Lock, record: &Record, files: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let _ = (lock, record, files);
        todo!()
    }

    /// Saves what changed between the record as it was loaded or last saved and as it is now.
    pub fn save(&self, lock: &Lock, record: &mut Record) -> Result<(), StoreError> {
        let _ = (lock, record);
        todo!()
    }

    /// Writes a file of the machine's folder: mode from creation, fsync, rename.
    pub fn write_file(&self, lock: &Lock, name: &str, mode: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let _ = (lock, name, mode, bytes);
        todo!()
    }

    /// Removes the machine's folder: renamed into staging first, so that it is gone at once, then deleted.
    pub fn remove(&self, lock: &Lock) -> Result<(), StoreError> {
        let _ = lock;
        todo!()
    }
}

impl Lock {
    /// Whose lock this is.
    pub fn name(&self) -> &MachineName {
        &self.name
    }
}
