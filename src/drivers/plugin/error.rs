//! What goes wrong with a plugin: it says no, it dies, it is silent, or it talks nonsense.

use std::{fmt, sync::Arc, time::Duration};

use super::gob::GobError;
use crate::{driver::DriverError, retry::seconds};

/// Why a plugin did not do what it was asked for. Cheap to clone: everybody who waits for a dead plugin hears why.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PluginError {
    /// It could not be started.
    #[error("cannot start {program}")]
    Start {
        /// Its file's name.
        program: String,
        /// What the system said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// It lacks what a program needs.
    #[error("{program} cannot be run: {reason}")]
    NoProgram {
        /// Its file's name.
        program: String,
        /// Such as `no one may execute it; chmod +x /usr/bin/docker-machine-driver-x`.
        reason: String,
    },
    /// It did not say where it listens.
    #[error("{program} did not say within {} where it listens{last_words}", seconds(*.after))]
    Silent {
        /// Its file's name.
        program: String,
        /// How long it had.
        after: Duration,
        /// What it said on stderr.
        last_words: LastWords,
    },
    /// It said something else first: the line should be the address of a port of this computer.
    #[error(
        "{program} is no driver plugin: its first line is {line:?}, and no address of this computer such as 127.0.0.1:4000"
    )]
    NoAddress {
        /// Its file's name.
        program: String,
        /// What it printed.
        line: String,
    },
    /// It listens nowhere, or does not speak net/rpc.
    #[error("{program} listens on {address} and does not speak the protocol of driver plugins: {reason}")]
    NoRpc {
        /// Its file's name.
        program: String,
        /// Where it said it listens.
        address: String,
        /// What went wrong.
        reason: String,
    },
    /// It speaks another version.
    #[error(
        "{program} speaks version {version} of the protocol of driver plugins; this program speaks version {}",
        super::protocol::VERSION
    )]
    Version {
        /// Its file's name.
        program: String,
        /// What it said.
        version: i64,
    },
    /// It said no. That is all that is known: errors travel as text.
    #[error("{message}")]
    Refused {
        /// The first line of what it said.
        message: String,
    },
    /// It cannot read a machine's state.
    #[error("the stored state cannot be read: {reason}")]
    BadState {
        /// The driver.
        driver: String,
        /// What it said.
        reason: String,
    },
    /// It is gone, or hung up.
    #[error("{program} {how}{last_words}")]
    Died {
        /// Its file's name.
        program: String,
        /// How it ended, such as `ended with exit status 1 during Create`.
        how: String,
        /// What it said on stderr before.
        last_words: LastWords,
    },
    /// It takes longer than anything should.
    #[error("{program} did not answer {method} within {}", seconds(*.after))]
    Late {
        /// Its file's name.
        program: String,
        /// What it was asked.
        method: String,
        /// How long it had.
        after: Duration,
    },
    /// What it sent is no gob.
    #[error("{program} sent what cannot be read")]
    Garbled {
        /// Its file's name.
        program: String,
        /// Why not.
        #[source]
        source: Arc<GobError>,
    },
    /// What it said is no JSON-RPC.
    #[error("{program} sent {what}")]
    Nonsense {
        /// Its file's name.
        program: String,
        /// What it sent.
        what: String,
    },
    /// An answer is of another kind than it must be.
    #[error("{program} answered {method} with something else than {expected}")]
    Answer {
        /// Its file's name.
        program: String,
        /// What it was asked.
        method: String,
        /// Such as `a text`.
        expected: &'static str,
    },
}

impl PluginError {
    /// As a driver's trouble, with what was being done.
    pub fn while_doing(self, doing: impl Into<String>) -> DriverError {
        match self {
            Self::BadState { driver, reason } => DriverError::BadState { driver, reason },
            error => DriverError::failed(doing, error),
        }
    }
}

/// The last lines that a plugin wrote to stderr.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastWords(pub Vec<String>);

impl fmt::Display for LastWords {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(out, "; its last words: {}", self.0.join(" | "))
    }
}
