//! The CA and the client's certificate, which all machines of the store share.

use std::path::Path;

use super::{Advice, Fix, Found, Level};
use crate::{
    ops::{OpsError, World},
    secret::Secret,
    store::{AuthorityFiles, StoreError, read_if_there},
    tls::{self, Identity, TlsError},
};

pub(super) fn look(world: &World) -> Result<Vec<Found>, OpsError> {
    let files = world.store.authority_files();
    let mut found = unfinished(world);
    for key in [&files.ca_key, &files.client_key] {
        found.extend(super::places::open_to_others(None, key));
    }
    match authority(&files)? {
        Authority::None => {}
        Authority::Broken(broken) => found.push(broken),
        Authority::Usable(ca) => found.extend(client(&files, &ca)?),
    }
    Ok(found)
}

enum Authority {
    /// No machine has needed one yet.
    None,
    Broken(Found),
    Usable(Identity),
}

/// A CA cannot be made anew without locking every machine out, so it is not.
fn authority(files: &AuthorityFiles) -> Result<Authority, OpsError> {
    let (certificate, key) = (read(&files.ca_certificate)?, read(&files.ca_key)?);
    let missing = |path: &Path| {
        let what = format!("{} is missing, its other half is there", path.display());
        let found = Found::new(None, "ca-missing", Level::Fault, what);
        Authority::Broken(found.advised(Advice::RestoreAuthority))
    };
    let identity = match (certificate, key) {
        (None, None) => return Ok(Authority::None),
        (None, Some(_)) => return Ok(missing(&files.ca_certificate)),
        (Some(_), None) => return Ok(missing(&files.ca_key)),
        (Some(certificate), Some(key)) => Identity { certificate, key: Secret::new(key) },
    };
    Ok(match is_authority(&identity) {
        Ok(()) => Authority::Usable(identity),
        Err(error) => {
            let what = format!("the CA {} cannot be used: {error}", files.ca_certificate.display());
            let found = Found::new(None, "ca-unfit", Level::Fault, what);
            Authority::Broken(found.advised(Advice::RestoreAuthority))
        }
    })
}

fn is_authority(ca: &Identity) -> Result<(), TlsError> {
    let about = tls::read(&ca.certificate)?;
    tls::check_key(ca)?;
    match (about.is_authority, about.not_after <= now()) {
        (false, _) => Err(TlsError::NotAnAuthority),
        (true, true) => Err(TlsError::AuthorityExpired),
        (true, false) => Ok(()),
    }
}

/// The client's certificate follows from the CA: it is made anew like `create` would.
fn client(files: &AuthorityFiles, ca: &Identity) -> Result<Option<Found>, OpsError> {
    let (certificate, key) = (read(&files.client_certificate)?, read(&files.client_key)?);
    let path = files.client_certificate.display();
    let what = match (certificate, key) {
        (None, None) => format!("the client's certificate {path} is missing"),
        (None, Some(_)) => format!("{path} is missing, its key is there"),
        (Some(_), None) => format!("{} is missing, its certificate is there", files.client_key.display()),
        (Some(certificate), Some(key)) => {
            let client = Identity { certificate, key: Secret::new(key) };
            match fits(&client, &ca.certificate) {
                Ok(()) => return Ok(None),
                Err(error) => format!("the client's certificate {path} cannot be used: {error}"),
            }
        }
    };
    let found = Found::new(None, "client-certificate", Level::Fault, what);
    Ok(Some(found.mended_by("makes it anew, as the next create would", Fix::Client)))
}

/// Whether a certificate is of this CA (or one of several in the file), has this key and has not expired.
pub(super) fn fits(identity: &Identity, authorities: &str) -> Result<(), TlsError> {
    tls::check_key(identity)?;
    let mut last = Err(TlsError::NotSignedByAuthority);
    for authority in each(authorities) {
        last = tls::check(identity, &authority);
        if last.is_ok() {
            break;
        }
    }
    last?;
    if tls::read(&identity.certificate)?.not_after <= now() { Err(TlsError::Expired) } else { Ok(()) }
}

/// The certificates of a file that may hold several.
pub(super) fn each(pem: &str) -> Vec<String> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    pem.split(BEGIN).skip(1).map(|rest| format!("{BEGIN}{rest}")).collect()
}

/// What a process that died was about to put into two files at once.
fn unfinished(world: &World) -> Vec<Found> {
    let entries = std::fs::read_dir(world.store.certs_dir()).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| name.starts_with(".rmachine-")).collect();
    names.sort();
    let found = names.into_iter().map(|name| {
        let what = format!("certs/{name} was being written by a process that died");
        Found::new(None, "leftover", Level::Note, what)
            .mended_by("ends what that began, as the next create would", Fix::Client)
    });
    found.collect()
}

pub(super) fn read(path: &Path) -> Result<Option<String>, StoreError> {
    Ok(read_if_there(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
