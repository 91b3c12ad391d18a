//! Who we are: private keys from files and from the agent, in the order in which a server is offered them.

mod agent;
mod file;
mod lazy;
mod passphrase;

use std::{
    io,
    path::{Path, PathBuf},
};

pub(super) use agent::{Agent, AgentKey, open as open_agent};
pub(super) use file::KeyFile;
pub(super) use lazy::{Lazy, LazyError};

use russh::keys::{HashAlg, PublicKey};

use super::target::Identities;

/// A private key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no such file.
    #[error("there is no key file {}", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read the key file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the key file {} is open to others (mode {mode:04o})", path.display())]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds a public key.
    #[error("{} is a public key; the private one is needed", path.display())]
    IsPublic {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key that can be read.
    #[error("{} is not a private key that can be read: {reason}", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key is encrypted, and there is nobody to ask for the passphrase.
    #[error("the key {} is encrypted, and there is no terminal to ask for its passphrase", path.display())]
    NoPassphrase {
        /// The file.
        path: PathBuf,
    },
    /// The passphrase is not the key's.
    #[error("the passphrase of {} is wrong", path.display())]
    WrongPassphrase {
        /// The file.
        path: PathBuf,
    },
}

/// A key to offer.
pub(super) enum Candidate {
    /// From a file.
    File(KeyFile),
    /// From the agent, and the file that named it.
    Agent(AgentKey, Option<PathBuf>),
}

impl Candidate {
    /// The file it came from or was named by.
    pub fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::File(file) => Some(file.path()),
            Self::Agent(_, path) => path.as_ref(),
        }
    }

    /// The key as people know it, for messages.
    pub fn describe(&self, public: &PublicKey) -> String {
        let kind = public.algorithm();
        match self {
            Self::File(file) => format!("{} ({kind})", file.path().display()),
            Self::Agent(key, _) if key.comment.is_empty() => {
                format!("{} of the agent ({kind})", public.fingerprint(HashAlg::Sha256))
            }
            Self::Agent(key, _) => format!("{} of the agent ({kind})", key.comment),
        }
    }
}

/// The keys to offer, in order, and why others are not among them.
#[derive(Default)]
pub(super) struct Candidates {
    /// In order.
    pub keys: Vec<Candidate>,
    /// Files that were meant to be offered and cannot be.
    pub skipped: Vec<String>,
}

impl Candidates {
    /// Collects the keys. The one that was asked for is offered alone, because servers count each offer
    /// (`MaxAuthTries`); what is wrong with it is an error, what is wrong with others a remark.
    pub fn collect(identities: &Identities, mut in_agent: Vec<AgentKey>) -> Result<Self, KeyError> {
        let mut candidates = Self::default();
        if let Some(path) = &identities.explicit {
            candidates.keys.push(Self::from_path(path, &mut in_agent)?);
            return Ok(candidates);
        }
        for path in &identities.configured {
            candidates.add(path, &mut in_agent);
        }
        let mut from_defaults = Self::default();
        for path in identities.defaults.iter().filter(|path| path.exists()) {
            from_defaults.add(path, &mut in_agent);
        }
        if !identities.only {
            candidates.keys.extend(in_agent.into_iter().map(|key| Candidate::Agent(key, None)));
        }
        candidates.keys.extend(from_defaults.keys);
        candidates.skipped.extend(from_defaults.skipped);
        Ok(candidates)
    }

    fn add(&mut self, path: &Path, in_agent: &mut Vec<AgentKey>) {
        match Self::from_path(path, in_agent) {
            Ok(candidate) => self.keys.push(candidate),
            Err(error) => self.skipped.push(format!("not offered: {error}")),
        }
    }

    /// A file's key; where the agent holds it too and the file alone does not do, the agent's.
    fn from_path(path: &Path, in_agent: &mut Vec<AgentKey>) -> Result<Candidate, KeyError> {
        let file = KeyFile::read(path);
        let public = match &file {
            Ok(file) => file.public().cloned(),
            Err(KeyError::IsPublic { .. }) => file::read_public(path),
            Err(_) => None,
        };
        let held = public.and_then(|public| in_agent.iter().position(|key| key.is(&public)));
        let held = held.map(|index| in_agent.remove(index));
        match (file, held) {
            (Ok(file), Some(key)) if file.is_locked() => Ok(Candidate::Agent(key, Some(file.path().clone()))),
            (Err(KeyError::IsPublic { path }), Some(key)) => Ok(Candidate::Agent(key, Some(path))),
            (Ok(file), _) => Ok(Candidate::File(file)),
            (Err(error), _) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
