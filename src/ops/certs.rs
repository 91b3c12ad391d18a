//! The certificates of a store: one CA and one client for all its machines, one server for each.
//!
//! The CA and the client are made under the store-wide lock, so that of twenty first creates one makes them and the others
//! find them. Nothing that is valid is ever replaced.

mod bootstrap;
mod pair;

use std::path::{Path, PathBuf};

use super::{LOCK_WAIT, World, create::AuthorityPaths};
use crate::{
    checkpoint::{Checkpoint, Checkpoints},
    env::Env,
    event::Events,
    machine::MachineName,
    retry::Deadline,
    secret::Secret,
    store::{AuthorityFiles, Lock, Record, Store, StoreError},
    tls::{self, Identity, San, TlsError, UnixTime},
};
use bootstrap::Work;
use pair::{Found, Pair};

/// A server certificate with fewer days left is made anew, and a CA with fewer is worth a note.
const FEW_DAYS: i64 = 30;
/// The server's certificate in a machine's folder.
const SERVER: &str = "server.pem";
/// Its key.
const SERVER_KEY: &str = "server-key.pem";

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

/// What a host needs to be a TLS server.
#[derive(Clone, Debug)]
pub struct Server {
    /// The CA's certificate, PEM.
    pub authority: String,
    /// The server's certificate and key.
    pub identity: Identity,
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
    let _lock = world.store.lock_certs(Deadline::after(LOCK_WAIT), events).await?;
    let work = Work { user: user(&world.env), now: now(), events };
    let files = paths(&world.store, given);
    let ca = work.authority(&files)?;
    checkpoints.reach(Checkpoint::CaMade);
    let is_users_own = given.client_certificate.is_some() || given.client_key.is_some();
    let client = work.client(&files, &ca, is_users_own)?;
    checkpoints.reach(Checkpoint::ClientCertificateMade);
    Ok(Authority { ca, client, files })
}

/// Puts everything that a client and the host need into the machine's folder. The server certificate stays as long as it
/// fits: signed by this CA, for all these names, and good for a while.
pub fn issue_server(
    world: &World,
    lock: &Lock,
    record: &Record,
    names: &[San],
) -> Result<Server, CertsError> {
    let store = &world.store;
    let files = recorded(store, record);
    let ca = Pair { certificate: &files.ca_certificate, key: &files.ca_key }.read_both()?;
    let client = Pair { certificate: &files.client_certificate, key: &files.client_key }.read_both()?;
    let identity = server(world, lock.name(), &ca, names)?;
    let wanted: [(&str, &str); 5] = [
        ("ca.pem", &ca.certificate),
        ("cert.pem", &client.certificate),
        ("key.pem", client.key.expose()),
        (SERVER_KEY, identity.key.expose()),
        (SERVER, &identity.certificate),
    ];
    for (file, text) in wanted {
        if store.read_file(lock.name(), file)?.as_deref() != Some(text.as_bytes()) {
            store.write_file(lock, file, 0o600, text.as_bytes())?;
        }
    }
    Ok(Server { authority: ca.certificate, identity })
}

/// What [`issue_server`] would hand out, without writing anything; where there is no CA yet, of one that is forgotten again.
pub fn preview_server(world: &World, record: &Record, names: &[San]) -> Result<Server, CertsError> {
    let files = recorded(&world.store, record);
    let ca = match (Pair { certificate: &files.ca_certificate, key: &files.ca_key }).read()? {
        Found::Both(ca) => ca,
        Found::Neither | Found::OnlyCertificate | Found::OnlyKey => {
            tls::make_authority(&user(&world.env), now())?
        }
    };
    let identity = server(world, &record.name, &ca, names)?;
    Ok(Server { authority: ca.certificate, identity })
}

/// The machine's server certificate, or a new one where that does not fit.
fn server(world: &World, name: &MachineName, ca: &Identity, names: &[San]) -> Result<Identity, CertsError> {
    let now = now();
    let text = |file| -> Result<Option<String>, StoreError> {
        Ok(world.store.read_file(name, file)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    if let (Some(certificate), Some(key)) = (text(SERVER)?, text(SERVER_KEY)?) {
        let there = Identity { certificate, key: Secret::new(key) };
        if still_fits(&there, ca, names, now) {
            return Ok(there);
        }
    }
    Ok(tls::make_server(ca, &format!("{}.{name}", user(&world.env)), names, now)?)
}

fn still_fits(server: &Identity, ca: &Identity, names: &[San], now: UnixTime) -> bool {
    let Ok(about) = tls::read(&server.certificate) else { return false };
    // One that ends with its CA cannot be made to last longer.
    let lasts = tls::days_left(&about, now) >= FEW_DAYS
        || tls::read(&ca.certificate)
            .is_ok_and(|ca| about.not_after >= ca.not_after && about.not_after > now);
    lasts && tls::server_names_cover(&about, names) && tls::check(server, &ca.certificate).is_ok()
}

/// Where a machine's record says that the CA and the client are; in a store that was moved, where they are now.
fn recorded(store: &Store, record: &Record) -> AuthorityFiles {
    let auth = &record.config.host_options.auth_options;
    let own = store.authority_files();
    let there = |path: &str, own: PathBuf| if Path::new(path).is_file() { PathBuf::from(path) } else { own };
    AuthorityFiles {
        ca_certificate: there(&auth.ca_cert_path, own.ca_certificate),
        ca_key: there(&auth.ca_private_key_path, own.ca_key),
        client_certificate: there(&auth.client_cert_path, own.client_certificate),
        client_key: there(&auth.client_key_path, own.client_key),
    }
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
