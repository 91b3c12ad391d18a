//! What the system's ssh needs to reach a machine as we do: in the machine's folder, `known_hosts` with the pinned keys and a
//! piece of `ssh_config`.
//!
//! The docker client runs `ssh` by itself for `ssh://` and takes no options for it, so key and host key can only come from
//! the user's configuration. That is never edited: the user is told the one line that includes the pieces of all machines.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{OpsError, World, connect};
use crate::{
    driver::Driver,
    env::Env,
    machine::MachineName,
    ssh::openssh,
    store::{Lock, Record, Store, StoreError},
};

/// The file with the pinned host keys, in the machine's folder.
const KNOWN_HOSTS: &str = "known_hosts";
/// The file with the machine's piece of configuration, in its folder.
const PIECE: &str = "ssh_config";

/// Writes both files of a machine whose engine is reached over SSH; of others, nothing.
pub(super) fn write(
    world: &World,
    driver: &dyn Driver,
    lock: &Lock,
    record: &Record,
) -> Result<(), OpsError> {
    if !is_over_ssh(record) {
        return Ok(());
    }
    let endpoint = connect::endpoint(world, driver, record)?;
    let known_hosts = write_known_hosts(&world.store, lock, &record.name, &record.side.host_keys)?;
    let piece = openssh::piece(&record.name, &endpoint, &known_hosts);
    world.store.write_file(lock, PIECE, 0o600, piece.as_bytes())?;
    Ok(())
}

/// Writes the pinned host keys for OpenSSH, where that has not been done; says where.
pub fn write_known_hosts(
    store: &Store,
    lock: &Lock,
    name: &MachineName,
    keys: &[String],
) -> Result<PathBuf, StoreError> {
    if !has_known_hosts(store, name, keys)? {
        let text = openssh::known_hosts(name, keys);
        store.write_file(lock, KNOWN_HOSTS, 0o600, text.as_bytes())?;
    }
    Ok(known_hosts(store, name))
}

/// Whether the pinned host keys stand in that file.
pub fn has_known_hosts(store: &Store, name: &MachineName, keys: &[String]) -> Result<bool, StoreError> {
    let text = openssh::known_hosts(name, keys);
    Ok(store.read_file(name, KNOWN_HOSTS)?.as_deref() == Some(text.as_bytes()))
}

/// Where that file is.
pub fn known_hosts(store: &Store, name: &MachineName) -> PathBuf {
    store.machine_dir(name).join(KNOWN_HOSTS)
}

/// Whether the piece of an ssh_config is missing, or leads into another folder than the machine's, though the client needs it.
pub(super) fn is_stale(store: &Store, record: &Record) -> Result<bool, StoreError> {
    if !is_over_ssh(record) {
        return Ok(false);
    }
    let folder = store.machine_dir(&record.name).display().to_string();
    let piece = store.read_file(&record.name, PIECE)?;
    Ok(!piece.is_some_and(|piece| String::from_utf8_lossy(&piece).contains(&folder)))
}

/// The line that `~/.ssh/config` lacks before `ssh` finds the way to this machine by itself; `None` where nothing is lacking.
pub fn missing_line(env: &Env, store: &Store, record: &Record) -> Option<String> {
    if !is_over_ssh(record) {
        return None;
    }
    let pieces = store.machines_dir().join("*").join(PIECE).display().to_string();
    let home = env.home.as_deref()?;
    let config = fs::read_to_string(home.join(".ssh/config")).unwrap_or_default();
    (!includes(&config, &pieces, home)).then(|| format!("Include \"{pieces}\""))
}

fn is_over_ssh(record: &Record) -> bool {
    record.side.url.as_deref().is_some_and(|url| url.starts_with("ssh://"))
}

fn includes(config: &str, pieces: &str, home: &Path) -> bool {
    let is_include = |line: &&str| line.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("include"));
    let home = format!("{}/", home.display());
    config.lines().map(str::trim).filter(is_include).any(|line| line.replace("~/", &home).contains(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_include_is_found_however_it_is_written() {
        let pieces = "/home/ann/.docker/machine/machines/*/ssh_config";
        for (config, is_there) in [
            ("Include /home/ann/.docker/machine/machines/*/ssh_config\nHost *\n", true),
            ("Host x\n  include=\"~/.docker/machine/machines/*/ssh_config\"\n", true),
            ("# Include /home/ann/.docker/machine/machines/*/ssh_config\n", false),
            ("Include ~/.ssh/more\n", false),
            ("", false),
        ] {
            assert_eq!(includes(config, pieces, Path::new("/home/ann")), is_there, "{config}");
        }
    }
}
