//! The certificates of a store: one CA and one client for all its machines, one server for each.
//!
//! The CA and the client are made under the store-wide lock, so that of twenty first creates one makes them and the others
//! find them. Nothing that is valid is ever replaced.

mod age;
mod bootstrap;
mod client;
mod pair;
mod renew;
mod rotation;
mod server;

use std::path::{Path, PathBuf};

use super::{LOCK_WAIT, World, create::AuthorityPaths};
use crate::{
    checkpoint::{Checkpoint, Checkpoints},
    env::Env,
    event::Events,
    retry::Deadline,
    store::{AuthorityFiles, Record, Store, StoreError},
    tls::{self, Identity, TlsError, UnixTime},
};
use bootstrap::Work;
use pair::{Found, Pair};

pub use age::{Life, Lives, MaxAge, lives};
pub use client::{NewClient, copy_client, renew_client, sharing};
pub use renew::{Renewal, Renewed, preview_renewal, renew};
pub use rotation::{Change, Changed, Phase, Rotation, outlook, rotate};
pub use server::{Keep, Server, issue_server, preview_server, settle};

/// A server certificate with fewer days left is made anew, and a CA with fewer is worth a note.
const FEW_DAYS: i64 = 30;

/// Why there are no certificates to work with.
#[derive(Debug, thiserror::Error)]
pub enum CertsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The CA's key is there without its certificate; a new CA over it would lock us out of every machine of the old one.
    #[error("{key} is there, but the CA's certificate {certificate} is missing", key = key.display(), certificate = certificate.display())]
    AuthorityWithoutCertificate {
        /// What is missing.
        certificate: PathBuf,
        /// What is there.
        key: PathBuf,
    },
    /// The CA's certificate is there without its key, so that it can sign nothing.
    #[error("{certificate} is there, but the CA's key {key} is missing", key = key.display(), certificate = certificate.display())]
    AuthorityWithoutKey {
        /// What is there.
        certificate: PathBuf,
        /// What is missing.
        key: PathBuf,
    },
    /// The CA is too old; every machine of the store needs a new certificate of a new one.
    #[error("the CA {path} has expired", path = path.display())]
    AuthorityExpired {
        /// The CA's certificate.
        path: PathBuf,
    },
    /// A certificate or key that should be there is not.
    #[error("{path} is missing", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A certificate or key cannot be used.
    #[error("{path} cannot be used", path = path.display())]
    Unfit {
        /// The certificate.
        path: PathBuf,
        /// Why.
        #[source]
        source: TlsError,
    },
    /// A certificate that the user pointed at is not ours to replace.
    #[error("{path} is not of this store, so it is yours to replace", path = path.display())]
    UsersOwn {
        /// The certificate.
        path: PathBuf,
    },
    /// A certificate could not be made.
    #[error(transparent)]
    NotMade(#[from] TlsError),
}

/// The CA and the client, both usable.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The CA.
    pub ca: Identity,
    /// The client.
    pub client: Identity,
    /// Where they are.
    pub files: AuthorityFiles,
}

impl Authority {
    /// The CAs that engines and clients trust: the one that signs and, while one gives way to another, that one too. In the end engines
    /// forget it one by one; until all have, it stays in the CA's file.
    pub fn trusted(&self, store: &Store) -> Result<String, CertsError> {
        let is_last = self.files == store.authority_files()
            && Rotation::load(store)?.is_some_and(|rotation| rotation.phase == Phase::DropOld);
        if is_last {
            return Ok(tls::certificates(&self.ca.certificate)?.swap_remove(0));
        }
        Ok(tls::trusted(&[&self.ca.certificate])?)
    }
}

/// Where the CA and the client certificate are: where the user says, else in the store.
pub fn paths(store: &Store, given: &AuthorityPaths) -> AuthorityFiles {
    let own = store.authority_files();
    AuthorityFiles {
        ca_certificate: given.ca_certificate.clone().unwrap_or(own.ca_certificate),
        ca_key: given.ca_key.clone().unwrap_or(own.ca_key),
        client_certificate: given.client_certificate.clone().unwrap_or(own.client_certificate),
        client_key: given.client_key.clone().unwrap_or(own.client_key),
    }
}

/// Makes the CA and the client certificate, or finds them made.
pub async fn ensure_authority(
    world: &World,
    given: &AuthorityPaths,
    events: &Events,
    checkpoints: Checkpoints,
) -> Result<Authority, CertsError> {
    let lock = world.store.lock_certs(Deadline::after(LOCK_WAIT), events).await?;
    let work = Work { user: user(&world.env), now: now(), events };
    let files = paths(&world.store, given);
    let ca = work.authority(&files)?;
    checkpoints.reach(Checkpoint::CaMade);
    let is_users_own = given.client_certificate.is_some() || given.client_key.is_some();
    let former = client_pair(&files).read()?;
    let client = work.client(&files, &ca, is_users_own)?;
    checkpoints.reach(Checkpoint::ClientCertificateMade);
    let authority = Authority { ca, client, files };
    if matches!(former, Found::Both(former) if former != authority.client) {
        drop(lock);
        client::copy_to_others(world, &authority).await;
    }
    Ok(authority)
}

/// The CA and the client of a machine as its record has them, whole: what a killed process began to write is finished first.
pub async fn current(world: &World, record: &Record) -> Result<Authority, CertsError> {
    let events = world.events.of(&record.name);
    let _lock = world.store.lock_certs(Deadline::after(LOCK_WAIT), &events).await?;
    let files = recorded(&world.store, record);
    ca_pair(&files).finish()?;
    client_pair(&files).finish()?;
    client::read(&files)
}

/// Where a machine's record says that the CA and the client are; in a store that was moved, where they are now.
pub(super) fn recorded(store: &Store, record: &Record) -> AuthorityFiles {
    let auth = &record.config.host_options.auth_options;
    let own = store.authority_files();
    // A certificate and the key of another one are no pair.
    let pair = |certificate: &str, key: &str, own: (PathBuf, PathBuf)| {
        if Path::new(certificate).is_file() { (certificate.into(), key.into()) } else { own }
    };
    let (ca_certificate, ca_key) =
        pair(&auth.ca_cert_path, &auth.ca_private_key_path, (own.ca_certificate, own.ca_key));
    let (client_certificate, client_key) =
        pair(&auth.client_cert_path, &auth.client_key_path, (own.client_certificate, own.client_key));
    AuthorityFiles { ca_certificate, ca_key, client_certificate, client_key }
}

fn ca_pair(files: &AuthorityFiles) -> Pair<'_> {
    Pair { certificate: &files.ca_certificate, key: &files.ca_key }
}

fn client_pair(files: &AuthorityFiles) -> Pair<'_> {
    Pair { certificate: &files.client_certificate, key: &files.client_key }
}

/// Who certificates belong to, as docker-machine writes it.
fn user(env: &Env) -> String {
    env.var("USER").unwrap_or("unknown").to_owned()
}

fn now() -> UnixTime {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests;
