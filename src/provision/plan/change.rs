//! What can be changed on a host, one by one.

use serde::{Deserialize, Serialize};

use super::Source;
use crate::provision::facts::Container;

/// One change of a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// Install packages or run the vendor's script.
    Install(Source),
    /// Give the host another name.
    Hostname {
        /// The name it has.
        from: String,
        /// The name it gets.
        to: String,
    },
    /// Make a folder, where it is not there.
    Folder {
        /// Its path.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// Write a file.
    Write {
        /// Its path.
        path: String,
        /// Its mode.
        mode: u32,
        /// What it will hold.
        content: Content,
        /// Whether there was one.
        replaces: bool,
        /// What it is for.
        purpose: String,
    },
    /// Remove a file.
    Remove {
        /// Its path.
        path: String,
        /// Why.
        purpose: String,
    },
    /// Make a link.
    Link {
        /// Its path.
        path: String,
        /// Where it leads.
        target: String,
        /// What it is for.
        purpose: String,
    },
    /// Start the engine with the host from now on.
    Enable,
    /// Start the engine.
    Start,
    /// Let the engine read its configuration again, without a restart.
    Reload {
        /// The keys that change.
        because: Vec<String>,
    },
    /// Restart the engine.
    Restart {
        /// What needs it.
        because: Vec<String>,
        /// What becomes of the containers that run.
        containers: Fate,
    },
}

/// What a file will hold. Certificates and keys are no part of a plan: they come from the [`Materials`](crate::provision::Materials) when it is applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// This text.
    Text(String),
    /// The CA's certificate.
    Authority,
    /// The server certificate.
    Certificate,
    /// Its key.
    Key,
}

/// What becomes of running containers when the engine restarts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
pub enum Fate {
    /// None run.
    NoneRun,
    /// They go on: live-restore is on already.
    GoOn {
        /// Which.
        containers: Vec<Container>,
    },
    /// They go on: live-restore is switched on for the restart.
    Held {
        /// Which.
        containers: Vec<Container>,
    },
    /// They stop.
    Stop {
        /// Which.
        containers: Vec<Container>,
        /// Why they cannot be kept.
        reason: String,
    },
}
