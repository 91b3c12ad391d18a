//! Configuration files with which OpenSSH's programs reach machines as we do: our key, and only the pinned host key.

use std::{fs, io::Write, path::PathBuf};

use tempfile::TempDir;

use super::{OpsError, World, connect, ssh_config};
use crate::{
    machine::SshEndpoint,
    ssh::openssh,
    store::{Lock, Record, StoreError},
};

/// The configuration of a mount, in the machine's folder: it is read again when the connection broke.
const MOUNT: &str = "sshfs_config";
/// The configuration of one copy.
const COPY: &str = "ssh_config";

/// A configuration file that goes when this is dropped.
pub struct Config {
    folder: TempDir,
}

impl Config {
    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join(COPY)
    }
}

/// A file with a block for each of these machines, for as long as it is held: folder 0700, files 0600.
pub fn for_a_copy(world: &World, records: &[Record]) -> Result<Config, OpsError> {
    let folder =
        tempfile::Builder::new().prefix("rmachine-").tempdir().map_err(StoreError::io("make", "a folder"))?;
    let write = |name: &str, text: &str| -> Result<PathBuf, OpsError> {
        let path = folder.path().join(name);
        private()
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(StoreError::io("write", &path))?;
        Ok(path)
    };
    let mut blocks = Vec::new();
    for record in records {
        let endpoint = endpoint(world, record)?;
        let known_hosts = match keys(record, &endpoint) {
            [] => None,
            keys => Some(write(
                &format!("known_hosts.{}", record.name),
                &openssh::known_hosts(&record.name, keys),
            )?),
        };
        blocks.push(openssh::block(&record.name, &endpoint, known_hosts.as_deref(), &world.env)?);
    }
    write(COPY, &openssh::file(&blocks, &world.env))?;
    Ok(Config { folder })
}

/// A file with the machine's block, in its folder.
pub fn for_a_mount(world: &World, lock: &Lock, record: &Record) -> Result<PathBuf, OpsError> {
    let endpoint = endpoint(world, record)?;
    let known_hosts = match keys(record, &endpoint) {
        [] => None,
        keys => Some(ssh_config::write_known_hosts(&world.store, lock, &record.name, keys)?),
    };
    let block = openssh::block(&record.name, &endpoint, known_hosts.as_deref(), &world.env)?;
    let text = openssh::file(&[block], &world.env);
    world.store.write_file(lock, MOUNT, 0o600, text.as_bytes())?;
    Ok(world.store.machine_dir(&record.name).join(MOUNT))
}

fn endpoint(world: &World, record: &Record) -> Result<SshEndpoint, OpsError> {
    connect::endpoint(world, world.driver(record)?.as_ref(), record)
}

/// The host keys that alone are accepted: those pinned at the first login, else those the driver made.
fn keys<'a>(record: &'a Record, endpoint: &'a SshEndpoint) -> &'a [String] {
    if record.side.host_keys.is_empty() { &endpoint.host_keys } else { &record.side.host_keys }
}

fn private() -> fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}
