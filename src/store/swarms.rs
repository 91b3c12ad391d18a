//! `<store>/.rmachine/swarms/NAME.json`: what a swarm is to be and how far it is. The rooms above know what it says.

use std::{fs, path::PathBuf};

use serde::{Serialize, de::DeserializeOwned};

use super::{Lock, Store, StoreError, files, nearest};
use crate::machine::MachineName;

/// The newest form of the file that we read.
const VERSION: u32 = 1;

/// The file: its version, and what it says.
#[derive(serde::Serialize, serde::Deserialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    swarm: T,
}

/// Read before the rest, whose form depends on it.
#[derive(serde::Deserialize)]
struct Version {
    version: u64,
}

impl Store {
    /// The swarms, sorted by name.
    pub fn swarms(&self) -> Result<Vec<MachineName>, StoreError> {
        let folder = self.swarms_dir();
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(StoreError::io("list", &folder))?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(StoreError::io("list", &folder))?;
            let file = entry.file_name().to_string_lossy().into_owned();
            names.extend(file.strip_suffix(".json").and_then(|name| name.parse().ok()));
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Whether there is a swarm of that name.
    pub fn has_swarm(&self, name: &MachineName) -> bool {
        self.swarm_path(name).exists()
    }

    /// Reads a swarm's record without a lock.
    pub fn load_swarm<T: DeserializeOwned>(&self, name: &MachineName) -> Result<T, StoreError> {
        let path = self.swarm_path(name);
        let bytes = files::read_if_there(&path)?.ok_or_else(|| self.no_swarm(name.as_str()))?;
        let malformed = |error: serde_json::Error| StoreError::Malformed {
            path: path.clone(),
            reason: error.to_string(),
        };
        let Version { version } = serde_json::from_slice(&bytes).map_err(malformed)?;
        if version > u64::from(VERSION) {
            return Err(StoreError::FromTheFuture { path, version, known: VERSION });
        }
        let read: Versioned<T> = serde_json::from_slice(&bytes).map_err(malformed)?;
        Ok(read.swarm)
    }

    /// Writes a swarm's record. The lock is the one of its name, which no machine may have.
    pub fn save_swarm<T: Serialize>(&self, lock: &Lock, swarm: &T) -> Result<(), StoreError> {
        let path = self.swarm_path(lock.name());
        files::make_private_dir(&self.swarms_dir())?;
        let mut bytes = serde_json::to_vec_pretty(&Versioned { version: VERSION, swarm })
            .map_err(|error| StoreError::Malformed { path: path.clone(), reason: error.to_string() })?;
        bytes.push(b'\n');
        files::write_atomically(&path, 0o600, &bytes)
    }

    /// Removes a swarm's record; fine when there is none.
    pub fn remove_swarm(&self, lock: &Lock) -> Result<(), StoreError> {
        let path = self.swarm_path(lock.name());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(StoreError::io("delete", path)(error))
            }
            _ => files::sync_dir(&self.swarms_dir()),
        }
    }

    /// "Does not exist", with the names that are near it.
    pub fn no_swarm(&self, name: &str) -> StoreError {
        let names = self.swarms().unwrap_or_default().iter().map(ToString::to_string).collect();
        StoreError::NoSwarm { name: name.to_owned(), nearest: nearest(name, names) }
    }

    fn swarms_dir(&self) -> PathBuf {
        self.own_dir().join("swarms")
    }

    fn swarm_path(&self, name: &MachineName) -> PathBuf {
        self.swarms_dir().join(format!("{name}.json"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::{Value, json};

    use super::*;
    use crate::{event::Events, retry::Deadline};

    #[tokio::test]
    async fn a_record_comes_back_as_it_was_written_and_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        let name: MachineName = "web".parse().unwrap();
        let lock = store
            .lock(&name, Deadline::after(std::time::Duration::from_secs(1)), &Events::silent())
            .await
            .unwrap();
        store.save_swarm(&lock, &json!({"cluster": "c"})).unwrap();
        assert_eq!(store.swarms().unwrap(), std::slice::from_ref(&name));
        assert_eq!(store.load_swarm::<Value>(&name).unwrap(), json!({"cluster": "c"}));
        let mode = fs::metadata(store.swarm_path(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        store.remove_swarm(&lock).unwrap();
        store.remove_swarm(&lock).unwrap();
        assert!(!store.has_swarm(&name));
    }

    #[test]
    fn a_record_of_another_version_and_a_broken_one_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path());
        fs::create_dir_all(store.swarms_dir()).unwrap();
        let write = |name: &str, text: &str| fs::write(store.swarms_dir().join(name), text).unwrap();
        write("new.json", r#"{"version":9,"shape":"other"}"#);
        write("broken.json", r#"{"version":1,"#);
        let load = |name: &str| store.load_swarm::<Value>(&name.parse().unwrap()).unwrap_err();
        assert!(matches!(load("new"), StoreError::FromTheFuture { version: 9, .. }));
        assert!(matches!(load("broken"), StoreError::Malformed { .. }));
        let StoreError::NoSwarm { nearest, .. } = load("brokn") else { panic!("it is not there") };
        assert_eq!(nearest, ["broken"]);
    }
}
