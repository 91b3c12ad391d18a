//! SSH keys that are made here, before a host first starts: its own, so that the first login is verified, and the one to log in with.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use russh::keys::{Algorithm, PrivateKey, PublicKey, ssh_key::LineEnding};

use crate::driver::{Context, DriverError, Result};

/// The login key's name in the machine's folder.
const LOGIN_KEY: &str = "id_ed25519";

/// Makes the login key where there is none; gives its path and its public half.
pub(in crate::drivers) fn login_key(context: &Context) -> Result<(PathBuf, String)> {
    let path = context.file(LOGIN_KEY);
    let public = keypair(&path, context.name.as_str())
        .map_err(|error| DriverError::failed("make the login key", error))?;
    Ok((path, public))
}

/// Makes a key pair where there is none; gives the public half in `authorized_keys` form.
pub(in crate::drivers) fn keypair(path: &Path, comment: &str) -> io::Result<String> {
    let private = match fs::read_to_string(path) {
        Ok(text) => PrivateKey::from_openssh(text).map_err(io::Error::other)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut key =
                PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(io::Error::other)?;
            key.set_comment(comment);
            let text = key.to_openssh(LineEnding::LF).map_err(io::Error::other)?;
            replace(path, text.as_bytes(), 0o600)?;
            key
        }
        Err(error) => return Err(error),
    };
    let public = PublicKey::from(&private).to_openssh().map_err(io::Error::other)?;
    let mut public_path = path.as_os_str().to_owned();
    public_path.push(".pub");
    replace(Path::new(&public_path), format!("{public}\n").as_bytes(), 0o644)?;
    Ok(public)
}

/// Writes a file whole or not at all, and with its mode from the beginning.
pub(in crate::drivers) fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
    file.persist(path)?;
    Ok(())
}
