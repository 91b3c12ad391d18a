//! Machines in a file, to be handed on: a tar archive in age's format (age-encryption.org/v1), encrypted with a passphrase. `age -d`
//! opens it, too.
//!
//! The first entry, `rmachine-export.json`, says what is inside; `NAME/FILE` are the files of a machine's folder.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use age::secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    machine::{MachineName, NameError},
    secret::Secret,
};

/// The version of the format.
const VERSION: u32 = 1;
/// The entry that says what is inside.
const MANIFEST: &str = "rmachine-export.json";
/// The most that a parcel may hold, in bytes: a machine is some kilobytes of keys and JSON.
const LARGEST: u64 = 64 << 20;

/// Machines with the files of their folders.
#[derive(Default)]
pub struct Parcel {
    /// The root of the store that they come from, which their paths begin with.
    pub store: PathBuf,
    /// The machines.
    pub machines: BTreeMap<MachineName, Files>,
}

/// Files of a machine's folder by their names.
pub type Files = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// Why a parcel cannot be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum ParcelError {
    /// It is something else.
    #[error("it is no file of rmachine export: {0}")]
    Foreign(String),
    /// The passphrase is another one.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// A newer program made it.
    #[error("it is of version {0}, and this program knows version {VERSION}")]
    FromTheFuture(u32),
    /// It was changed or cut.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// A machine in it has an impossible name.
    #[error(transparent)]
    BadName(#[from] NameError),
    /// It could not be encrypted.
    #[error("it cannot be made: {0}")]
    NotMade(String),
}

#[derive(Serialize, Deserialize)]
struct Manifest {
    version: u32,
    by: String,
    store: PathBuf,
    machines: Vec<String>,
}

/// The part that every version has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Makes a file of machines. Takes about a second of CPU: that is what makes a passphrase hard to guess.
pub fn seal(parcel: &Parcel, passphrase: &Secret) -> Result<Vec<u8>, ParcelError> {
    let failed = |error: &dyn ToString| ParcelError::NotMade(error.to_string());
    let mut sealed = Vec::new();
    let passphrase = SecretString::from(passphrase.expose().to_owned());
    let encryptor = age::Encryptor::with_user_passphrase(passphrase);
    let writer = encryptor.wrap_output(&mut sealed).map_err(|error| failed(&error))?;
    let writer = archive(parcel, writer).map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))?;
    Ok(sealed)
}

/// Opens one, whoever made it: names, sizes and kinds of entries are checked.
pub fn open(sealed: &[u8], passphrase: &Secret) -> Result<Parcel, ParcelError> {
    let decryptor =
        age::Decryptor::new_buffered(sealed).map_err(|error| ParcelError::Foreign(error.to_string()))?;
    if !decryptor.is_scrypt() {
        return Err(ParcelError::Foreign("it is encrypted for keys, not with a passphrase".to_owned()));
    }
    let identity = age::scrypt::Identity::new(SecretString::from(passphrase.expose().to_owned()));
    let opened =
        decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity)).map_err(|error| match error {
            age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
                ParcelError::WrongPassphrase
            }
            error => ParcelError::Damaged(error.to_string()),
        })?;
    unpacked(opened.take(LARGEST))
}

fn archive<W: Write>(parcel: &Parcel, writer: W) -> io::Result<W> {
    let mut tar = tar::Builder::new(writer);
    let manifest = Manifest {
        version: VERSION,
        by: env!("CARGO_PKG_VERSION").to_owned(),
        store: parcel.store.clone(),
        machines: parcel.machines.keys().map(ToString::to_string).collect(),
    };
    append(&mut tar, Path::new(MANIFEST), &serde_json::to_vec_pretty(&manifest)?)?;
    for (name, files) in &parcel.machines {
        for (file, bytes) in files {
            append(&mut tar, &Path::new(name.as_str()).join(file), bytes)?;
        }
    }
    tar.into_inner()
}

fn append<W: Write>(tar: &mut tar::Builder<W>, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    tar.append_data(&mut header, path, bytes)
}

fn unpacked(reader: impl Read) -> Result<Parcel, ParcelError> {
    let damaged = |error: &dyn ToString| ParcelError::Damaged(error.to_string());
    let mut tar = tar::Archive::new(reader);
    let mut entries = tar.entries().map_err(|error| damaged(&error))?;
    let mut next = || {
        let Some(entry) = entries.next() else { return Ok(None) };
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let mut bytes = Zeroizing::new(Vec::new());
        entry.read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(Some((path, bytes)))
    };
    let first = next().map_err(|error| damaged(&error))?;
    let (_, manifest) = first
        .filter(|(path, _)| path == Path::new(MANIFEST))
        .ok_or_else(|| ParcelError::Foreign(format!("its first entry is not {MANIFEST}")))?;
    let Versioned { version } = serde_json::from_slice(&manifest).map_err(|error| damaged(&error))?;
    if version > VERSION {
        return Err(ParcelError::FromTheFuture(version));
    }
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(|error| damaged(&error))?;
    let mut parcel = Parcel { store: manifest.store, machines: BTreeMap::new() };
    for name in manifest.machines {
        parcel.machines.insert(name.parse()?, Files::new());
    }
    while let Some((path, bytes)) = next().map_err(|error| damaged(&error))? {
        let (files, file) = place(&mut parcel, &path)
            .ok_or_else(|| damaged(&format!("the entry {} has no place here", path.display())))?;
        files.insert(file, bytes);
    }
    Ok(parcel)
}

/// Where an entry belongs: a plain file right below a machine that the manifest names.
fn place<'a>(parcel: &'a mut Parcel, path: &Path) -> Option<(&'a mut Files, String)> {
    let (machine, file) = path.to_str()?.split_once('/')?;
    if file.is_empty() || file.starts_with('.') || file.contains(['/', '\\']) {
        return None;
    }
    let files = parcel.machines.get_mut(&machine.parse().ok()?)?;
    Some((files, file.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel() -> Parcel {
        let files = Files::from([
            ("config.json".to_owned(), Zeroizing::new(b"{}".to_vec())),
            ("key.pem".to_owned(), Zeroizing::new(vec![7; 3000])),
        ]);
        Parcel { store: "/store".into(), machines: [("n1".parse().unwrap(), files)].into() }
    }

    #[test]
    fn what_is_sealed_opens_with_its_passphrase_alone() {
        let sealed = seal(&parcel(), &Secret::new("correct horse")).unwrap();
        assert!(sealed.starts_with(b"age-encryption.org/v1\n-> scrypt "));
        let opened = open(&sealed, &Secret::new("correct horse")).unwrap();
        assert_eq!((opened.store, opened.machines), (parcel().store, parcel().machines));
        assert!(matches!(open(&sealed, &Secret::new("wrong")), Err(ParcelError::WrongPassphrase)));
        let mut cut = sealed.clone();
        cut.truncate(sealed.len() - 100);
        assert!(matches!(open(&cut, &Secret::new("correct horse")), Err(ParcelError::Damaged(_))));
        assert!(matches!(open(b"PK\x03\x04", &Secret::new("x")), Err(ParcelError::Foreign(_))));
    }

    #[test]
    fn hostile_entries_have_no_place() {
        for path in [
            "n1/../../etc/passwd",
            "n1/a/b",
            "n1/.hidden",
            "n2/key.pem",
            "n1",
            "n1/",
            "/etc/passwd",
            "../n1/x",
        ] {
            assert!(place(&mut parcel(), Path::new(path)).is_none(), "{path}");
        }
        let mut ok = parcel();
        assert_eq!(place(&mut ok, Path::new("n1/id_rsa")).map(|(_, file)| file), Some("id_rsa".to_owned()));
        let future = br#"{"version":2,"new":true}"#;
        let mut tar = tar::Builder::new(Vec::new());
        append(&mut tar, Path::new(MANIFEST), future).unwrap();
        let bytes = tar.into_inner().unwrap();
        assert!(matches!(unpacked(bytes.as_slice()), Err(ParcelError::FromTheFuture(2))));
    }
}
