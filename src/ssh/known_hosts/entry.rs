//! One line of known_hosts: a marker, names, a key.

use std::path::{Path, PathBuf};

use russh::keys::PublicKey;

use super::names::Names;

/// What a line says about its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// The host has this key.
    Key,
    /// This key signs the host's certificates.
    Authority,
    /// This key must not be accepted, as host key or as authority.
    Revoked,
}

/// A line of a file.
#[derive(Debug)]
pub struct Entry {
    /// What it says about the key.
    pub marker: Marker,
    /// The key.
    pub key: PublicKey,
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    names: Names,
}

impl Entry {
    /// Reads a file's text; lines that cannot be read are passed over.
    pub(super) fn parse_all(file: &Path, text: &str) -> Vec<Self> {
        let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        numbered
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .filter_map(|(number, line)| {
                let entry = Self::parse(file, number, line);
                if entry.is_none() {
                    tracing::debug!(file = %file.display(), line = number, "a known_hosts line cannot be read");
                }
                entry
            })
            .collect()
    }

    fn parse(file: &Path, number: usize, line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let mut names = words.next()?;
        let marker = match names {
            "@cert-authority" => Marker::Authority,
            "@revoked" => Marker::Revoked,
            other if other.starts_with('@') => return None,
            _ => Marker::Key,
        };
        if marker != Marker::Key {
            names = words.next()?;
        }
        let (kind, body) = (words.next()?, words.next()?);
        let key = PublicKey::from_openssh(&format!("{kind} {body}")).ok()?;
        Some(Self { marker, key, file: file.to_owned(), line: number, names: Names::parse(names)? })
    }

    /// Whether the line is about a host of this name.
    pub fn is_about(&self, name: &str) -> bool {
        self.names.fit(name)
    }

    /// Whether it holds this very key; comments do not matter.
    pub fn holds(&self, key: &PublicKey) -> bool {
        self.key.key_data() == key.key_data()
    }
}
