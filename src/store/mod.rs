//! The store: docker-machine's folder layout and `config.json`, with locks, atomic writes and a side file of our own.
//!
//! ```text
//! <store>/certs/{ca.pem,ca-key.pem,cert.pem,key.pem}
//! <store>/machines/NAME/{config.json,rmachine.json,ca.pem,cert.pem,key.pem,server.pem,server-key.pem,id_*,env.sh,NAME.env}
//! <store>/cache/
//! <store>/.rmachine/swarms/NAME.json
//! <store>/.rmachine/id
//! <store>/.rmachine/locks/NAME    <store>/.rmachine/certs.lock    <store>/.rmachine/staging/
//! ```
//!
//! Reads take no lock. A machine's folder appears whole, by one rename. docker-machine, which never locks and saves by
//! remove-then-rename, may work beside us: every save reads the file again and changes only the fields we changed.

mod config;
mod config_file;
mod error;
mod files;
mod fresh;
mod json;
mod lock;
mod migrate;
mod record;
mod side;
mod staging;
mod swarms;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub use config::{AuthOptions, Config, EngineOptions, HostOptions, SwarmOptions};
pub use error::StoreError;
pub(crate) use files::{
    make_private_dir, read_if_there, remove_if_there, sweep_unfinished, write_atomically, write_together,
};
pub use fresh::{AuthorityFiles, FreshConfig};
pub(crate) use json::Node;
pub use lock::{CertsLock, Lock};
pub use record::Record;
pub use side::{Side, Stage};

use crate::{env::Env, event::Events, machine::MachineName, retry::Deadline};
use config_file::ConfigFile;
use lock::LockFile;

/// The variable that says where the store is.
pub const STORAGE_PATH: &str = "MACHINE_STORAGE_PATH";

/// One store.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    verb: &'static str,
}

/// A folder of `machines/` with its record, or with what is wrong with it.
pub type Listed = (String, Result<Record, StoreError>);

impl Store {
    /// The store at this path; it need not exist yet.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), verb: "" }
    }

    /// The same store, with the verb that others are told while they wait for our locks.
    #[must_use]
    pub fn acting(self, verb: &'static str) -> Self {
        Self { verb, ..self }
    }

    /// `flag`, else `$MACHINE_STORAGE_PATH`, else `~/.docker/machine`; always absolute, because the paths in
    /// `config.json` are.
    pub fn locate(env: &Env, flag: Option<&Path>) -> Result<Self, StoreError> {
        let named = flag.filter(|path| !path.as_os_str().is_empty()).or(env.var(STORAGE_PATH).map(Path::new));
        let root = match (named, &env.home) {
            (Some(path), _) => env.cwd.join(path),
            (None, Some(home)) => home.join(".docker/machine"),
            (None, None) => return Err(StoreError::NoHome),
        };
        Ok(Self::at(root))
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

    /// `<store>/machines`.
    pub fn machines_dir(&self) -> PathBuf {
        self.root.join("machines")
    }

    /// `<store>/machines/NAME`.
    pub fn machine_dir(&self, name: &MachineName) -> PathBuf {
        self.machines_dir().join(name.as_str())
    }

    /// Whether there is anything at the machine's place.
    pub fn exists(&self, name: &MachineName) -> bool {
        fs::symlink_metadata(self.machine_dir(name)).is_ok()
    }

    /// The folders of `machines/` that do not begin with a dot, sorted; they may be no machine names, or broken.
    pub fn names(&self) -> Result<Vec<String>, StoreError> {
        files::visible_dirs(&self.machines_dir())
    }

    /// Every folder of `machines/` with its record, or with what is wrong with it: one broken machine hides no other.
    pub fn all(&self) -> Result<Vec<Listed>, StoreError> {
        let load = |name: String| {
            let record = name.parse().map_err(StoreError::BadName).and_then(|name| self.load(&name));
            (name, record)
        };
        let is_there = |(_, record): &Listed| !matches!(record, Err(StoreError::NotFound { .. }));
        Ok(self.names()?.into_iter().map(load).filter(is_there).collect())
    }

    /// Reads a machine's record without a lock. Retries briefly while `config.json` is missing.
    pub fn load(&self, name: &MachineName) -> Result<Record, StoreError> {
        let folder = self.machine_dir(name);
        match fs::metadata(&folder) {
            Ok(meta) if meta.is_dir() => match Record::read(name, &folder) {
                // It was removed while we looked.
                Err(StoreError::NoConfig { .. }) if !folder.exists() => Err(self.not_found(name.as_str())),
                record => record,
            },
            Ok(_) => Err(StoreError::NotAFolder { path: folder }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(self.not_found(name.as_str())),
            Err(error) => Err(StoreError::io("read", folder)(error)),
        }
    }

    /// The same, for removing the machine: that it exists, and what its driver made, stands in docker-machine's file, so that
    /// a broken one of ours must not keep a host alive.
    pub fn load_to_remove(&self, name: &MachineName) -> Result<Record, StoreError> {
        match self.load(name) {
            Ok(record) => Ok(record),
            Err(broken) => {
                Record::read_with(name, &self.machine_dir(name), Side::default()).map_err(|_| broken)
            }
        }
    }

    /// docker-machine's file alone, with an empty one of ours.
    pub(crate) fn load_config(&self, name: &MachineName) -> Result<Record, StoreError> {
        Record::read_with(name, &self.machine_dir(name), Side::default())
    }

    /// `config.json` as it stands on the disk, brought to the current version, with every field and number as it is written.
    pub(crate) fn node(&self, name: &MachineName) -> Result<Node, StoreError> {
        let folder = self.machine_dir(name);
        let file = ConfigFile::of(name, &folder);
        let bytes = file.read()?.ok_or_else(|| StoreError::NoConfig { path: file.path.clone() })?;
        file.document(&bytes)
    }

    /// Whether these bytes could be the machine's `config.json`.
    pub(crate) fn could_be_config(&self, name: &MachineName, bytes: &[u8]) -> bool {
        let folder = self.machine_dir(name);
        let understood = ConfigFile::of(name, &folder).understand(bytes);
        understood.is_ok_and(|(config, _)| !config.driver_name.is_empty())
    }

    /// Who holds a machine's lock at this moment, for messages; nothing is written to find out.
    pub fn holder(&self, name: &MachineName) -> Option<String> {
        LockFile::holder(&self.lock_path(name))
    }

    /// The names for which a dead process left a lock or a folder that is half made or half removed.
    pub(crate) fn leftovers(&self) -> Result<Vec<MachineName>, StoreError> {
        let mut names = self.staged()?;
        let locks = files::files(&self.own_dir().join("locks"))?;
        let locks = locks.iter().filter_map(|name| name.parse::<MachineName>().ok());
        names.extend(locks.filter(|name| !self.exists(name)));
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Takes a machine's lock, waiting until the deadline and saying who holds it.
    pub async fn lock(
        &self,
        name: &MachineName,
        deadline: Deadline,
        events: &Events,
    ) -> Result<Lock, StoreError> {
        let path = self.lock_path(name);
        let file = LockFile::take(&path, self.verb, name.as_str(), deadline, events).await?;
        self.sweep_staging(Some(name));
        files::sweep_unfinished(&self.machine_dir(name));
        Ok(Lock::new(name.clone(), self.machine_dir(name), file))
    }

    /// Takes the lock of a machine that must not exist yet: "already exists" is decided here.
    pub async fn reserve(
        &self,
        name: &MachineName,
        deadline: Deadline,
        events: &Events,
    ) -> Result<Lock, StoreError> {
        let lock = self.lock(name, deadline, events).await?;
        if self.exists(name) {
            return Err(StoreError::AlreadyExists(name.clone()));
        }
        if self.has_swarm(name) { Err(StoreError::NameOfSwarm(name.clone())) } else { Ok(lock) }
    }

    /// Takes the lock of the CA and the client certificate, which all machines of a store share.
    pub async fn lock_certs(&self, deadline: Deadline, events: &Events) -> Result<CertsLock, StoreError> {
        let path = self.own_dir().join("certs.lock");
        let file = LockFile::take(&path, self.verb, "the certificates", deadline, events).await?;
        files::sweep_unfinished(&self.certs_dir());
        Ok(CertsLock::new(file))
    }

    /// Takes the lock of a change of the CA, which takes longer than anybody could wait for the certificates.
    pub async fn lock_rotation(&self, deadline: Deadline, events: &Events) -> Result<CertsLock, StoreError> {
        let path = self.own_dir().join("rotation.lock");
        let file = LockFile::take(&path, self.verb, "the change of the CA", deadline, events).await?;
        Ok(CertsLock::new(file))
    }

    /// Makes the machine's folder with everything in it, by one rename of a staging folder. `files` are further files of the
    /// folder (0600).
    pub fn create(&self, lock: &Lock, record: &Record, files: &[(&str, &[u8])]) -> Result<(), StoreError> {
        let staged = self.staged_new(lock.name());
        files::make_private_dir(&staged)?;
        record.write_new(&staged)?;
        for (name, bytes) in files {
            files::write_atomically(&staged.join(name), 0o600, bytes)?;
        }
        files::make_private_dir(&self.machines_dir())?;
        if self.exists(lock.name()) {
            return Err(StoreError::AlreadyExists(lock.name().clone()));
        }
        files::rename(&staged, &self.machine_dir(lock.name()))
    }

    /// Saves what changed between the record as it was loaded or last saved and as it is now.
    pub fn save(&self, lock: &Lock, record: &mut Record) -> Result<(), StoreError> {
        if !self.exists(lock.name()) {
            return Err(self.not_found(lock.name().as_str()));
        }
        record.write_changes(&self.machine_dir(lock.name()))
    }

    /// A machine's `config.json` as it stands in the file, key order and literals and all, with what we changed.
    pub(crate) fn document(&self, record: &Record) -> Result<Node, StoreError> {
        record.document(&self.machine_dir(&record.name))
    }

    /// Reads a file of the machine's folder; `None` when there is none.
    pub fn read_file(&self, name: &MachineName, file: &str) -> Result<Option<Vec<u8>>, StoreError> {
        files::read_if_there(&self.machine_dir(name).join(file))
    }

    /// Writes a file of the machine's folder: mode from creation, fsync, rename.
    pub fn write_file(&self, lock: &Lock, name: &str, mode: u32, bytes: &[u8]) -> Result<(), StoreError> {
        files::write_atomically(&self.machine_dir(lock.name()).join(name), mode, bytes)
    }

    /// Writes files of the machine's folder that belong together, 0600: all are on the disk before the first takes its place, so
    /// that whoever reads them meanwhile hardly ever finds one of each kind.
    pub fn write_together(&self, lock: &Lock, wanted: &[(&str, &[u8])]) -> Result<(), StoreError> {
        files::write_together(&self.machine_dir(lock.name()), wanted)
    }

    /// Removes the machine's folder: renamed into staging first, so that it is gone at once, then deleted. Fine when
    /// there is none.
    pub fn remove(&self, lock: &Lock) -> Result<(), StoreError> {
        if !self.exists(lock.name()) {
            return Ok(());
        }
        let staged = self.staged_old(lock.name());
        files::make_private_dir(&self.staging_dir())?;
        files::rename(&self.machine_dir(lock.name()), &staged)?;
        files::remove_dir(&staged)
    }

    /// `<store>/.rmachine`, which docker-machine does not look into.
    pub(crate) fn own_dir(&self) -> PathBuf {
        self.root.join(".rmachine")
    }

    fn lock_path(&self, name: &MachineName) -> PathBuf {
        self.own_dir().join("locks").join(name.as_str())
    }

    /// What tells this store from all others on a host that it has adopted; made when it is first asked for, and moved with the store.
    pub fn id(&self) -> Result<String, StoreError> {
        let path = self.own_dir().join("id");
        if let Some(id) = files::read_if_there(&path)? {
            return Ok(String::from_utf8_lossy(&id).trim().to_owned());
        }
        files::make_private_dir(&self.own_dir())?;
        files::write_first(&path, 0o600, format!("{:016x}\n", rand::random::<u64>()).as_bytes())?;
        self.id()
    }

    /// "Does not exist", with the names that are near it.
    pub fn not_found(&self, name: &str) -> StoreError {
        let nearest = nearest(name, self.names().unwrap_or_default());
        StoreError::NotFound { name: name.to_owned(), nearest }
    }
}

/// How like each other two names must be (Jaro-Winkler) for one to be suggested for the other.
const NEAR: f64 = 0.8;
/// How many names are suggested at most.
const MOST_SUGGESTED: usize = 3;

/// Those of `names` that somebody who typed `name` may have meant, nearest first.
pub fn nearest(name: &str, names: Vec<String>) -> Vec<String> {
    let likeness = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    let mut near: Vec<_> = names
        .into_iter()
        .map(|other| (likeness(&other), other))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().take(MOST_SUGGESTED).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests;
