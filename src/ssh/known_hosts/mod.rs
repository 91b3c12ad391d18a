//! known_hosts files: which keys a host is known by, which authorities may vouch for it, and which keys are revoked.
//!
//! russh's own helper knows plain and hashed names only; wildcards, negation, `@cert-authority` and `@revoked` decide
//! about trust as much, so this is a reader of our own. Lines that nobody can read are passed over, as OpenSSH does.

mod entry;
mod names;

use std::{fs, io, path::PathBuf};

pub use entry::{Entry, Marker};

/// A known_hosts file is there and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the known hosts in {}", path.display())]
pub struct KnownHostsError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// The entries of several files, in order.
#[derive(Debug, Default)]
pub struct KnownHosts(Vec<Entry>);

/// The port that is not written into known_hosts.
const DEFAULT_PORT: u16 = 22;

/// The name under which a host stands in known_hosts: in lower case, with its port when that is not 22.
pub fn name_of(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == DEFAULT_PORT { host } else { format!("[{host}]:{port}") }
}

impl KnownHosts {
    /// Reads the files; those that are not there hold nothing.
    pub fn load(files: &[PathBuf]) -> Result<Self, KnownHostsError> {
        let mut entries = Vec::new();
        for path in files {
            match fs::read(path) {
                Ok(bytes) => entries.extend(Entry::parse_all(path, &String::from_utf8_lossy(&bytes))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(KnownHostsError { path: path.clone(), source }),
            }
        }
        Ok(Self(entries))
    }

    /// The entries about a host, named as [`name_of`] does.
    pub fn about<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.0.iter().filter(move |entry| entry.is_about(name))
    }
}

#[cfg(test)]
mod tests;
