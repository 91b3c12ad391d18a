//! A certificate and its key are two files, and two files cannot be replaced by one rename. So both are first written
//! as one, beside the certificate; whoever finds that one finishes what it began.

use std::path::{Path, PathBuf};

use super::CertsError;
use crate::{
    secret::Secret,
    store::{StoreError, read_if_there, remove_if_there, write_atomically},
    tls::Identity,
};

const BEGIN_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// A certificate and its key as files.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) certificate: &'a Path,
    pub(super) key: &'a Path,
}

/// What of a pair is there.
pub(super) enum Found {
    Both(Identity),
    OnlyCertificate,
    OnlyKey,
    Neither,
}

impl Pair<'_> {
    pub(super) fn read(self) -> Result<Found, StoreError> {
        Ok(match (read_text(self.certificate)?, read_text(self.key)?) {
            (Some(certificate), Some(key)) => Found::Both(Identity { certificate, key: Secret::new(key) }),
            (Some(_), None) => Found::OnlyCertificate,
            (None, Some(_)) => Found::OnlyKey,
            (None, None) => Found::Neither,
        })
    }

    /// Both files, which must be there.
    pub(super) fn read_both(self) -> Result<Identity, CertsError> {
        match self.read()? {
            Found::Both(identity) => Ok(identity),
            Found::OnlyCertificate => Err(CertsError::Missing { path: self.key.to_owned() }),
            Found::OnlyKey | Found::Neither => Err(CertsError::Missing { path: self.certificate.to_owned() }),
        }
    }

    /// Writes both, even if this process is killed in between. Only under the lock of the certificates.
    pub(super) fn write(self, identity: &Identity) -> Result<(), StoreError> {
        self.stage(identity)?;
        self.finish()
    }

    /// Sees to it that [`Pair::finish`] ends with these, whatever an earlier run prepared.
    pub(super) fn prepare(self, identity: &Identity) -> Result<(), StoreError> {
        match self.read()? {
            Found::Both(there) if there == *identity => self.discard(),
            Found::Both(_) | Found::OnlyCertificate | Found::OnlyKey | Found::Neither => self.stage(identity),
        }
    }

    /// Writes both beside their places, where [`Pair::finish`] finds them.
    pub(super) fn stage(self, identity: &Identity) -> Result<(), StoreError> {
        let both = format!("{}{}", identity.key.expose(), identity.certificate);
        write_atomically(&self.unfinished(), 0o600, both.as_bytes())
    }

    /// What [`Pair::stage`] wrote and nobody finished.
    pub(super) fn staged(self) -> Result<Option<Identity>, StoreError> {
        let Some(both) = read_text(&self.unfinished())? else { return Ok(None) };
        Ok(both.find(BEGIN_CERTIFICATE).map(|at| {
            let (key, certificate) = both.split_at(at);
            Identity { certificate: certificate.to_owned(), key: Secret::new(key) }
        }))
    }

    /// Ends what a process that was killed in [`Pair::write`] began. Only under the lock of the certificates.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        if !self.unfinished().exists() {
            return Ok(());
        }
        if let Some(identity) = self.staged()? {
            write_atomically(self.key, 0o600, identity.key.expose().as_bytes())?;
            write_atomically(self.certificate, 0o600, identity.certificate.as_bytes())?;
        }
        self.discard()
    }

    /// Forgets what [`Pair::stage`] wrote.
    pub(super) fn discard(self) -> Result<(), StoreError> {
        remove_if_there(&self.unfinished())
    }

    fn unfinished(self) -> PathBuf {
        let name = self.certificate.file_name().unwrap_or_default().to_string_lossy();
        self.certificate.with_file_name(format!(".rmachine-new-{name}"))
    }
}

fn read_text(path: &Path) -> Result<Option<String>, StoreError> {
    Ok(read_if_there(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_a_killed_process_began_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("ca.pem"), folder.path().join("ca-key.pem"));
        let pair = Pair { certificate: &certificate, key: &key };
        fs::write(pair.unfinished(), format!("KEY\n{BEGIN_CERTIFICATE}\nX\n")).unwrap();
        pair.finish().unwrap();
        let Ok(Found::Both(found)) = pair.read() else { panic!("both must be there") };
        assert_eq!(found.key.expose(), "KEY\n");
        assert_eq!(found.certificate, format!("{BEGIN_CERTIFICATE}\nX\n"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
