//! `create`: from a name and wishes to a working machine.

use std::path::PathBuf;

use super::{OpsError, World};
use crate::{driver::Flags, machine::MachineName, provision::Wishes};

/// What the user asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The machine's name.
    pub name: MachineName,
    /// The driver; `None` picks one that this machine can run.
    pub driver: Option<String>,
    /// The driver's flags.
    pub flags: Flags,
    /// What the engine should be like.
    pub wishes: Wishes,
    /// Further names for the server certificate.
    pub tls_sans: Vec<String>,
    /// Where the CA and the client certificate are, when not in the store.
    pub authority: AuthorityPaths,
    /// docker-machine's engine options as they are kept in `config.json`.
    pub engine_options: crate::store::EngineOptions,
    /// Classic swarm's options as they are kept in `config.json`.
    pub swarm_options: crate::store::SwarmOptions,
    /// Stop containers where adoption cannot avoid it.
    pub may_stop_containers: bool,
    /// Print the plan, change nothing.
    pub dry_run: bool,
}

/// `--tls-ca-cert` and its kin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorityPaths {
    /// `--tls-ca-cert`.
    pub ca_certificate: Option<PathBuf>,
    /// `--tls-ca-key`.
    pub ca_key: Option<PathBuf>,
    /// `--tls-client-cert`.
    pub client_certificate: Option<PathBuf>,
    /// `--tls-client-key`.
    pub client_key: Option<PathBuf>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A working machine.
    Created {
        /// Its name.
        name: MachineName,
        /// The engine's URL, where it has one.
        url: Option<String>,
        /// How long it took.
        took: std::time::Duration,
    },
    /// The plan of `--dry-run`, as text.
    Planned(String),
}

/// Creates a machine.
pub async fn create(world: &World, request: Request) -> Result<Outcome, OpsError> {
    let _ = (world, request);
    std::future::ready(()).await;
    todo!()
}
