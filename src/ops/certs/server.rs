//! A machine's server certificate and the copies in its folder, in the order in which the client is never locked out: before
//! the host is changed, the client trusts what is served there and what will be; after it, the rest follows.

use std::path::PathBuf;

use super::{Authority, CertsError, FEW_DAYS, Found, Pair, ca_pair, now, recorded, user};
use crate::{
    machine::MachineName,
    ops::{World, contexts},
    store::{Lock, Record, Store, StoreError},
    tls::{self, Identity, Role, San, UnixTime},
};

/// What a host needs to be a TLS server.
#[derive(Clone, Debug)]
pub struct Server {
    /// The certificates of the CAs to trust, PEM.
    pub authority: String,
    /// The server's certificate and key.
    pub identity: Identity,
}

/// Whether a server certificate that fits may stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Yes.
    Fitting,
    /// No: a new one is wanted.
    None,
}

/// Where the copies are in a machine's folder.
const CA: &str = "ca.pem";
const CLIENT: &str = "cert.pem";
const CLIENT_KEY: &str = "key.pem";

/// What makes a server certificate fit.
struct Wanted<'a> {
    ca: &'a Identity,
    names: &'a [San],
    role: Role,
    now: UnixTime,
}

/// Finds or makes the server certificate, and lets the client trust it beside the one that is served now. One that stays is signed by
/// this CA, for all these names, and good for a while. [`settle`] follows when the host has it.
pub fn issue_server(
    world: &World,
    lock: &Lock,
    record: &Record,
    authority: &Authority,
    names: &[San],
    keep: Keep,
) -> Result<Server, CertsError> {
    let store = &world.store;
    let wanted = Wanted { ca: &authority.ca, names, role: role(record), now: now() };
    let identity = server(world, lock.name(), &wanted, keep)?;
    ServerFiles::of(store, lock.name()).pair().prepare(&identity)?;
    let trusted = authority.trusted(store)?;
    let meanwhile = match text(store, lock.name(), CA)? {
        // A copy that is no certificate lets nobody in, so there is nothing to keep of it.
        Some(known) => tls::trusted(&[&known, &trusted]).unwrap_or_else(|_| trusted.clone()),
        None => trusted.clone(),
    };
    put(store, lock, CA, &meanwhile)?;
    if text(store, lock.name(), CLIENT)?.is_none() || text(store, lock.name(), CLIENT_KEY)?.is_none() {
        put_client(store, lock, authority)?;
    }
    contexts::keep(world, record);
    Ok(Server { authority: trusted, identity })
}

/// The host has what [`issue_server`] handed out: so have the copies in the machine's folder.
pub fn settle(
    world: &World,
    lock: &Lock,
    record: &Record,
    authority: &Authority,
    server: &Server,
) -> Result<(), CertsError> {
    ServerFiles::of(&world.store, lock.name()).pair().finish()?;
    put_client(&world.store, lock, authority)?;
    put(&world.store, lock, CA, &server.authority)?;
    contexts::keep(world, record);
    Ok(())
}

/// What [`issue_server`] would hand out, without writing anything; where there is no CA yet, of one that is forgotten again.
pub fn preview_server(
    world: &World,
    record: &Record,
    names: &[San],
    keep: Keep,
) -> Result<Server, CertsError> {
    let files = recorded(&world.store, record);
    let ca = match ca_pair(&files).read()? {
        Found::Both(ca) => ca,
        Found::Neither | Found::OnlyCertificate | Found::OnlyKey => {
            tls::make_authority(&user(&world.env), now())?
        }
    };
    let wanted = Wanted { ca: &ca, names, role: role(record), now: now() };
    let identity = server(world, &record.name, &wanted, keep)?;
    // The client is no part of it.
    let authority = Authority { client: ca.clone(), ca, files }.trusted(&world.store)?;
    Ok(Server { authority, identity })
}

/// Copies the client's certificate and key into a machine's folder.
pub(super) fn put_client(store: &Store, lock: &Lock, authority: &Authority) -> Result<(), StoreError> {
    let (certificate, key) = (&authority.client.certificate, authority.client.key.expose());
    if text(store, lock.name(), CLIENT)?.as_ref() == Some(certificate)
        && text(store, lock.name(), CLIENT_KEY)?.as_deref() == Some(key)
    {
        return Ok(());
    }
    store.write_together(lock, &[(CLIENT, certificate.as_bytes()), (CLIENT_KEY, key.as_bytes())])
}

/// The machine's server certificate, or one that an earlier run made and may have brought to the host, or a new one.
fn server(
    world: &World,
    name: &MachineName,
    wanted: &Wanted<'_>,
    keep: Keep,
) -> Result<Identity, CertsError> {
    let fits = |identity: &Identity| still_fits(identity, wanted);
    let files = ServerFiles::of(&world.store, name);
    match files.pair().read()? {
        Found::Both(there) if keep == Keep::Fitting && fits(&there) => return Ok(there),
        Found::Both(_) | Found::OnlyCertificate | Found::OnlyKey | Found::Neither => {}
    }
    if let Some(staged) = files.pair().staged()?.filter(fits) {
        return Ok(staged);
    }
    let organization = format!("{}.{name}", user(&world.env));
    Ok(tls::make_server_as(wanted.role, wanted.ca, &organization, wanted.names, wanted.now)?)
}

/// A classic swarm master calls the engines of its swarm with its own certificate.
fn role(record: &Record) -> Role {
    if record.config.host_options.swarm_options.master { Role::ServerAndClient } else { Role::Server }
}

fn still_fits(server: &Identity, wanted: &Wanted<'_>) -> bool {
    let Ok(about) = tls::read(&server.certificate) else { return false };
    // One that ends with its CA cannot be made to last longer.
    let lasts = tls::days_left(&about, wanted.now) >= FEW_DAYS
        || tls::read(&wanted.ca.certificate)
            .is_ok_and(|ca| about.not_after >= ca.not_after && about.not_after > wanted.now);
    lasts
        && (about.is_client || wanted.role == Role::Server)
        && tls::server_names_cover(&about, wanted.names)
        && tls::check(server, &wanted.ca.certificate).is_ok()
}

/// Where a machine's server certificate and its key are.
struct ServerFiles {
    certificate: PathBuf,
    key: PathBuf,
}

impl ServerFiles {
    fn of(store: &Store, name: &MachineName) -> Self {
        let folder = store.machine_dir(name);
        Self { certificate: folder.join("server.pem"), key: folder.join("server-key.pem") }
    }

    fn pair(&self) -> Pair<'_> {
        Pair { certificate: &self.certificate, key: &self.key }
    }
}

pub(super) fn text(store: &Store, name: &MachineName, file: &str) -> Result<Option<String>, StoreError> {
    Ok(store.read_file(name, file)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Writes a copy where it differs.
fn put(store: &Store, lock: &Lock, file: &str, wanted: &str) -> Result<(), StoreError> {
    if store.read_file(lock.name(), file)?.as_deref() == Some(wanted.as_bytes()) {
        return Ok(());
    }
    store.write_file(lock, file, 0o600, wanted.as_bytes())
}
