//! What can be wrong with a store, one variant per thing a user can do something about.

use std::{io, path::PathBuf};

use crate::{
    machine::{MachineName, NameError},
    retry::TimedOut,
};

/// What can be wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nobody said where the store is, and there is no home to look in.
    #[error("the home folder is not known, so the store of machines is not either")]
    NoHome,
    /// No folder of that name.
    #[error("machine {name:?} does not exist")]
    NotFound {
        /// The name that was looked for.
        name: String,
        /// Names that are near it, nearest first.
        nearest: Vec<String>,
    },
    /// No swarm of that name.
    #[error("swarm {name:?} does not exist")]
    NoSwarm {
        /// The name that was looked for.
        name: String,
        /// Names that are near it, nearest first.
        nearest: Vec<String>,
    },
    /// A swarm has the name; `env` and `config` take names of both.
    #[error("there is a swarm called {:?}", .0.as_str())]
    NameOfSwarm(MachineName),
    /// The name is taken.
    #[error("machine {:?} already exists", .0.as_str())]
    AlreadyExists(MachineName),
    /// A folder that is no machine name: something else put it there.
    #[error(transparent)]
    BadName(#[from] NameError),
    /// Where a machine's folder should be there is a file.
    #[error("{path} is not a folder", path = path.display())]
    NotAFolder {
        /// What is in the way.
        path: PathBuf,
    },
    /// The folder has no `config.json`: something else made it, or half deleted it.
    #[error("{path} is missing", path = path.display())]
    NoConfig {
        /// The file that should be there.
        path: PathBuf,
    },
    /// A file of nothing: a full disk, or a crash of a program that does not write as we do.
    #[error("{path} is empty", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be understood.
    #[error("{path} cannot be understood: {reason}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser said, with line and column.
        reason: String,
    },
    /// A later version of docker-machine or rmachine wrote it.
    #[error("{path} is from the future: it has version {version}, the newest known is {known}", path = path.display())]
    FromTheFuture {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
        /// Ours.
        known: u32,
    },
    /// The permissions forbid it.
    #[error("no permission to {doing} {path}", path = path.display())]
    Denied {
        /// What was to be done, such as `read`.
        doing: &'static str,
        /// To what.
        path: PathBuf,
    },
    /// Any other trouble with the file system.
    #[error("cannot {doing} {path}", path = path.display())]
    Io {
        /// What was to be done, such as `read`.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process held the lock until the deadline.
    #[error("{holder} is busy with {what}")]
    Busy {
        /// Who, such as `another rmachine (create, pid 312)`.
        holder: String,
        /// With what: a machine's name, or `the certificates`.
        what: String,
        /// How long it was waited for.
        #[source]
        source: TimedOut,
    },
}

impl StoreError {
    /// Wraps what the system said; a lack of permission is told apart, because its cure is another.
    pub(crate) fn io(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::PermissionDenied => Self::Denied { doing, path },
            _ => Self::Io { doing, path, source },
        }
    }
}
