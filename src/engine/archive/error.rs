//! What can be wrong with an engine in a file.

use std::io;

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is another file than the one that is meant.
    #[error("the checksum of {path} is wrong: sha256 {expected} is demanded, and it has {found}")]
    WrongChecksum {
        /// The file.
        path: String,
        /// What was demanded.
        expected: String,
        /// What it has.
        found: String,
    },
    /// There is no engine in it.
    #[error("{path} holds no engine: {reason}")]
    NoEngine {
        /// The file.
        path: String,
        /// Why not.
        reason: String,
    },
    /// Nothing says which version it is.
    #[error("nothing says which version of the engine is in {path}")]
    NoVersion {
        /// The file.
        path: String,
    },
    /// The version cannot name a folder.
    #[error("{version:?}, the version of the engine in {path}, cannot be the name of a folder")]
    BadVersion {
        /// The file.
        path: String,
        /// The version.
        version: String,
    },
    /// A bundle cannot be written.
    #[error("cannot write {path}")]
    Unwritable {
        /// The file.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Nothing to make a bundle from.
    #[error("a bundle cannot be made from {path}: {reason}")]
    BadSource {
        /// The folder or file.
        path: String,
        /// Why not.
        reason: String,
    },
}
