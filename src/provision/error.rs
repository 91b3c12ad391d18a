//! What can go wrong between the decision and a working engine.

use super::refusal::Refusal;
use crate::remote::RemoteError;

/// Why provisioning did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The host is left alone.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What the change brings could not be packed.
    #[error("cannot pack what the host is to get")]
    Parcel(#[source] std::io::Error),
    /// A script could not be run.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// What the host says of itself cannot be understood.
    #[error("what {host} says of itself cannot be understood: {reason}")]
    Answer {
        /// The host.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A step failed.
    #[error("{step} failed on {host}: {reason}{}", .after)]
    Failed {
        /// The host.
        host: String,
        /// Which.
        step: String,
        /// Why.
        reason: String,
        /// The last lines of the engine's journal, or of the program that failed.
        log: Vec<String>,
        /// What became of the host.
        after: After,
    },
    /// The connection went away in the middle.
    #[error(
        "the connection to {host} was lost while it was being changed; it finishes or undoes that by itself"
    )]
    Left {
        /// The host.
        host: String,
        /// How it went away.
        #[source]
        source: RemoteError,
    },
    /// The script ended without saying how.
    #[error("the change of {host} broke off ({ending}); running the same command again undoes it first")]
    Silent {
        /// The host.
        host: String,
        /// Its exit, and what it complained about.
        ending: String,
    },
    /// There is nothing to release.
    #[error("{host} is not adopted, or was released already")]
    NotAdopted {
        /// The host.
        host: String,
    },
}

impl ProvisionError {
    /// Whether the engine did not come up with what was changed.
    pub fn is_engine_down(&self) -> bool {
        matches!(self, Self::Failed { step, .. } if STARTING.contains(&step.as_str()))
    }

    /// Whether the host is as it was before.
    pub fn left_host_untouched(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::Parcel(_)
            | Self::Remote(_)
            | Self::Answer { .. }
            | Self::NotAdopted { .. } => true,
            Self::Failed { after, .. } => matches!(after, After::Untouched | After::Undone),
            Self::Left { .. } | Self::Silent { .. } => false,
        }
    }
}

/// The steps at which the engine has to come up.
const STARTING: [&str; 3] = ["starting the engine", "restarting the engine", "waiting for the engine"];

/// What became of a host after a step had failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum After {
    /// Nothing had been changed.
    Untouched,
    /// It is as it was before.
    Undone,
    /// Its files are as they were before, but the engine did not come back.
    EngineDown(String),
    /// It could not be put back; the next run tries again.
    NotUndone(String),
}

impl std::fmt::Display for After {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Untouched => out.write_str("; nothing was changed"),
            Self::Undone => out.write_str("; everything was put back as it was"),
            Self::EngineDown(reason) => {
                write!(
                    out,
                    "; all files were put back as they were, but the engine did not come back ({reason})"
                )
            }
            Self::NotUndone(reason) => {
                write!(
                    out,
                    "; putting it back failed too ({reason}), running the same command again tries again"
                )
            }
        }
    }
}
