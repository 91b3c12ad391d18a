//! Private key files: OpenSSH's form, PKCS#1, PKCS#8 and SEC1, in the clear or behind a passphrase.

use std::{
    fs,
    io::{self, Read},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use russh::keys::{Certificate, PrivateKey, PublicKey, decode_secret_key};

use super::{KeyError, passphrase};
use crate::{prompt::Prompt, secret::Secret};

/// A key file that was read.
#[derive(Debug)]
pub(in crate::ssh) struct KeyFile {
    path: PathBuf,
    key: Key,
}

#[derive(Debug)]
enum Key {
    Clear(Arc<PrivateKey>),
    Locked { public: Option<PublicKey>, text: Secret },
}

impl KeyFile {
    /// Reads a file, without asking for anything.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = read_private(path)?;
        let not_a_key = |reason: String| KeyError::NotAKey { path: path.to_owned(), reason };
        let key = if is_locked(&text) {
            Key::Locked { public: public_of_locked(path, &text), text: Secret::new(text) }
        } else if PublicKey::from_openssh(text.trim()).is_ok() {
            return Err(KeyError::IsPublic { path: path.to_owned() });
        } else {
            Key::Clear(Arc::new(
                decode_secret_key(&text, None).map_err(|error| not_a_key(error.to_string()))?,
            ))
        };
        Ok(Self { path: path.to_owned(), key })
    }

    /// Where it is.
    pub fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Whether a passphrase is needed before it can sign.
    pub fn is_locked(&self) -> bool {
        matches!(self.key, Key::Locked { .. })
    }

    /// The public half, where it can be seen without the passphrase.
    pub fn public(&self) -> Option<&PublicKey> {
        match &self.key {
            Key::Clear(key) => Some(key.public_key()),
            Key::Locked { public, .. } => public.as_ref(),
        }
    }

    /// The certificate that lies beside it, as `ssh-keygen -s` puts it there.
    pub fn certificate(&self) -> Option<Certificate> {
        let text = fs::read_to_string(beside(&self.path, "-cert.pub")).ok()?;
        let certificate = Certificate::from_openssh(&text).ok()?;
        let is_ours = self.public().is_none_or(|public| public.key_data() == certificate.public_key());
        is_ours.then_some(certificate)
    }

    /// The private key; asks for the passphrase once per process.
    pub fn unlock(&self, prompt: &dyn Prompt) -> Result<Arc<PrivateKey>, KeyError> {
        match &self.key {
            Key::Clear(key) => Ok(Arc::clone(key)),
            Key::Locked { text, .. } => passphrase::unlock(&self.path, text, prompt),
        }
    }
}

fn read_private(path: &Path) -> Result<String, KeyError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyError::Missing { path: path.to_owned() },
        _ => KeyError::Unreadable { path: path.to_owned(), source },
    };
    let mut file = fs::File::open(path).map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| KeyError::NotAKey { path: path.to_owned(), reason: "it is not text".to_owned() })?;
    let mode = meta.permissions().mode() & 0o777;
    // As OpenSSH: only our own files are judged, and public keys may be open.
    let is_ours = meta.uid() == rustix::process::getuid().as_raw();
    if is_ours && mode & 0o077 != 0 && text.contains("PRIVATE KEY") {
        return Err(KeyError::TooOpen { path: path.to_owned(), mode });
    }
    Ok(text)
}

/// Whether the text is an encrypted key.
fn is_locked(text: &str) -> bool {
    if text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
        return PrivateKey::from_openssh(text).is_ok_and(|key| key.is_encrypted());
    }
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED")
}

/// OpenSSH's form shows the public half in the clear; for the others it stands beside.
fn public_of_locked(path: &Path, text: &str) -> Option<PublicKey> {
    if let Ok(key) = PrivateKey::from_openssh(text) {
        return Some(key.public_key().clone());
    }
    read_public(&beside(path, ".pub"))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(ending);
    beside.into()
}

/// A public key file.
pub(super) fn read_public(path: &Path) -> Option<PublicKey> {
    PublicKey::from_openssh(fs::read_to_string(path).ok()?.trim()).ok()
}
