//! The user's private key: looked at before anything happens, then copied into the machine's folder.

use std::{
    ffi::OsString,
    fs, io,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{
    driver::{DriverError, Result},
    env::Env,
};

/// Names that the store itself uses in a machine's folder; a key called so would overwrite them, or be overwritten.
const TAKEN: [&str; 8] = [
    "config.json",
    "rmachine.json",
    "ca.pem",
    "cert.pem",
    "key.pem",
    "server.pem",
    "server-key.pem",
    "env.sh",
];

/// The file a user means, as an absolute path: `~/` may come unexpanded out of a variable. Empty stays empty.
pub(super) fn absolute(env: &Env, given: Option<&str>) -> String {
    let Some(given) = given else { return String::new() };
    let path = match (given.strip_prefix("~/"), &env.home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => env.cwd.join(given),
    };
    path.to_string_lossy().into_owned()
}

/// Whether this is a private key file that sshd's client side would take, too.
pub(super) fn check(path: &Path) -> Result<()> {
    let shown = path.display();
    let refuse = |message: String, hint: Option<String>| Err(DriverError::Preflight { message, hint });
    let meta = match fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return refuse(format!("the SSH key {shown} does not exist"), None);
        }
        Err(error) => return Err(DriverError::failed(format!("look at the SSH key {shown}"), error)),
    };
    if !meta.is_file() {
        return refuse(format!("the SSH key {shown} is not a file"), None);
    }
    let bytes = read(path)?;
    match kind(&String::from_utf8_lossy(&bytes)) {
        Kind::Private => {}
        Kind::Public => {
            let private = path.with_extension("");
            let hint = format!("--generic-ssh-key {}", private.display());
            return refuse(format!("{shown} is a public key; the private one is needed"), Some(hint));
        }
        Kind::Putty => {
            let hint =
                format!("puttygen {shown} -O private-openssh -o {}", path.with_extension("key").display());
            return refuse(
                format!("{shown} is a key of PuTTY's, which has to be converted first"),
                Some(hint),
            );
        }
        Kind::Unknown => return refuse(format!("{shown} is not a private key"), None),
    }
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let message = format!("the SSH key {shown} can be read by others (its mode is {mode:04o})");
        return refuse(message, Some(format!("chmod 600 {shown}")));
    }
    Ok(())
}

/// Copies the key, and its public half where there is one beside it; says where the copy is.
pub(super) fn import(path: &Path, folder: &Path) -> Result<PathBuf> {
    let copy = folder.join(name_in_folder(path));
    write_private(&copy, &read(path)?)?;
    if let Ok(public) = fs::read(with_pub(path)) {
        write_private(&with_pub(&copy), &public)?;
    }
    Ok(copy)
}

/// The key's own name, as docker-machine has it, except where it would collide with the store's files.
fn name_in_folder(path: &Path) -> OsString {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_owned();
    let is_env_file = Path::new(&name).extension().is_some_and(|extension| extension == "env");
    if is_env_file || TAKEN.iter().any(|taken| name == *taken) {
        let mut renamed = OsString::from("id_");
        renamed.push(name);
        return renamed;
    }
    name
}

fn with_pub(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Private,
    Public,
    Putty,
    Unknown,
}

fn kind(text: &str) -> Kind {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let is_public = ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| first.starts_with(prefix))
        || first.contains("BEGIN SSH2 PUBLIC KEY")
        || first.contains("BEGIN PUBLIC KEY");
    if first.starts_with("PuTTY-User-Key-File") {
        Kind::Putty
    } else if is_public {
        Kind::Public
    } else if text.lines().any(|line| line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY-----")) {
        Kind::Private
    } else {
        Kind::Unknown
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| DriverError::failed(format!("read the SSH key {}", path.display()), error))
}

/// Mode 0600 from the first byte on (`tempfile`'s default), and there or not there as a whole.
fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)
    });
    match written {
        Ok(_file) => Ok(()),
        Err(error) => Err(DriverError::failed(format!("copy the SSH key to {}", path.display()), error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";

    fn key_file(folder: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn refusal(path: &Path) -> (String, Option<String>) {
        match check(path).unwrap_err() {
            DriverError::Preflight { message, hint } => (message, hint),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_missing_key_is_told() {
        let (message, _) = refusal(Path::new("/nonexistent/key"));
        assert_eq!(message, "the SSH key /nonexistent/key does not exist");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_with_what_to_type() {
        let folder = tempfile::tempdir().unwrap();
        let path = key_file(folder.path(), "key", PRIVATE, 0o644);
        let (message, hint) = refusal(&path);
        assert!(message.contains("0644"), "{message}");
        assert_eq!(hint.unwrap(), format!("chmod 600 {}", path.display()));
    }

    #[test]
    fn a_public_key_leads_to_the_private_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = key_file(folder.path(), "id.pub", "ssh-ed25519 AAAA me\n", 0o600);
        let (_, hint) = refusal(&path);
        assert_eq!(hint.unwrap(), format!("--generic-ssh-key {}", folder.path().join("id").display()));
    }

    #[test]
    fn kinds_of_files_are_told_apart_by_their_text() {
        for (text, expected) in [
            (PRIVATE, Kind::Private),
            ("Bag Attributes\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n", Kind::Private),
            ("-----BEGIN RSA PRIVATE KEY-----\n", Kind::Private),
            ("ecdsa-sha2-nistp256 AAAA\n", Kind::Public),
            ("PuTTY-User-Key-File-3: ssh-ed25519\n", Kind::Putty),
            ("-----BEGIN CERTIFICATE-----\n", Kind::Unknown),
            ("", Kind::Unknown),
        ] {
            assert_eq!(kind(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_copy_is_private_and_brings_its_public_half() {
        let folder = tempfile::tempdir().unwrap();
        let source = tempfile::tempdir().unwrap();
        let path = key_file(source.path(), "id_ed25519", PRIVATE, 0o600);
        key_file(source.path(), "id_ed25519.pub", "ssh-ed25519 AAAA", 0o644);
        let copy = import(&path, folder.path()).unwrap();
        assert_eq!(copy, folder.path().join("id_ed25519"));
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(folder.path().join("id_ed25519.pub")).unwrap(), "ssh-ed25519 AAAA");
    }

    #[test]
    fn a_key_named_like_a_file_of_the_store_gets_another_name() {
        assert_eq!(name_in_folder(Path::new("/home/me/key.pem")), "id_key.pem");
        assert_eq!(name_in_folder(Path::new("/home/me/aws.pem")), "aws.pem");
    }
}
