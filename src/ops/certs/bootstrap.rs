//! The CA and the client: what is missing is made, what is there is checked, and what cannot be cured is told.

use std::path::Path;

use super::{
    CertsError, FEW_DAYS,
    pair::{Found, Pair},
};
use crate::{
    event::{Events, Phase},
    store::{AuthorityFiles, StoreError, make_private_dir},
    tls::{self, Identity, TlsError, UnixTime},
};

/// Making what is missing, under the lock.
pub(super) struct Work<'a> {
    pub(super) user: String,
    pub(super) now: UnixTime,
    pub(super) events: &'a Events,
}

impl Work<'_> {
    pub(super) fn authority(&self, files: &AuthorityFiles) -> Result<Identity, CertsError> {
        let (certificate, key) = (files.ca_certificate.clone(), files.ca_key.clone());
        let pair = Pair { certificate: &certificate, key: &key };
        pair.finish()?;
        match pair.read()? {
            Found::Both(ca) => self.usable_authority(ca, &certificate),
            Found::OnlyKey => Err(CertsError::AuthorityWithoutCertificate { certificate, key }),
            Found::OnlyCertificate => Err(CertsError::AuthorityWithoutKey { certificate, key }),
            Found::Neither => {
                self.events.phase(Phase::MakingAuthority(certificate.clone()));
                self.events.step(format!("making a CA: {}", certificate.display()));
                let ca = tls::make_authority(&self.user, self.now)?;
                make_folders(&[&certificate, &key])?;
                pair.write(&ca)?;
                Ok(ca)
            }
        }
    }

    /// The CA, which must be there.
    pub(super) fn existing_authority(&self, files: &AuthorityFiles) -> Result<Identity, CertsError> {
        let pair = Pair { certificate: &files.ca_certificate, key: &files.ca_key };
        pair.finish()?;
        self.usable_authority(pair.read_both()?, &files.ca_certificate)
    }

    fn usable_authority(&self, ca: Identity, path: &Path) -> Result<Identity, CertsError> {
        let unfit = |source| CertsError::Unfit { path: path.to_owned(), source };
        let about = tls::read(&ca.certificate).map_err(unfit)?;
        tls::check_key(&ca).map_err(unfit)?;
        if !about.is_authority {
            return Err(unfit(TlsError::NotAnAuthority));
        }
        if about.not_after <= self.now {
            return Err(CertsError::AuthorityExpired { path: path.to_owned() });
        }
        let left = tls::days_left(&about, self.now);
        if left < FEW_DAYS {
            self.events.note(format!("the CA {} expires in {left} days", path.display()));
        }
        Ok(ca)
    }

    /// The client's certificate follows from the CA, so one of the store's own that does not fit is made anew. One that the
    /// user pointed at is not ours to replace.
    pub(super) fn client(
        &self,
        files: &AuthorityFiles,
        ca: &Identity,
        is_users_own: bool,
    ) -> Result<Identity, CertsError> {
        let (certificate, key) = (&files.client_certificate, &files.client_key);
        let pair = Pair { certificate, key };
        pair.finish()?;
        let problem = match pair.read()? {
            Found::Both(client) => match self.check_client(&client, ca) {
                Ok(()) => return Ok(client),
                Err(source) => Some(CertsError::Unfit { path: certificate.clone(), source }),
            },
            Found::OnlyKey => Some(CertsError::Missing { path: certificate.clone() }),
            Found::OnlyCertificate => Some(CertsError::Missing { path: key.clone() }),
            Found::Neither => None,
        };
        match problem {
            Some(problem) if is_users_own => return Err(problem),
            Some(problem) => {
                self.events.note(format!("making the client's certificate anew: {}", told(&problem)));
            }
            None => self.events.step(format!("making a client certificate: {}", certificate.display())),
        }
        self.events.phase(Phase::MakingClient(certificate.clone()));
        let client = self.new_client(ca)?;
        make_folders(&[certificate, key])?;
        pair.write(&client)?;
        Ok(client)
    }

    /// A new client certificate, on no disk yet.
    pub(super) fn new_client(&self, ca: &Identity) -> Result<Identity, TlsError> {
        tls::make_client(ca, &format!("{}.<bootstrap>", self.user), self.now)
    }

    fn check_client(&self, client: &Identity, ca: &Identity) -> Result<(), TlsError> {
        tls::check(client, &ca.certificate)?;
        if tls::read(&client.certificate)?.not_after <= self.now { Err(TlsError::Expired) } else { Ok(()) }
    }
}

/// An error with its cause in one line.
fn told(error: &CertsError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

fn make_folders(files: &[&Path]) -> Result<(), StoreError> {
    files.iter().filter_map(|file| file.parent()).try_for_each(make_private_dir)
}
