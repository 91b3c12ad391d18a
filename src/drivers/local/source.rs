//! Where an image of a disk comes from that somebody else made: the web, or a file of this computer. The same image has the same name.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::{
    fetch::{self, Checksum},
    recipe,
};
use crate::driver::{Context, DriverError, Result};

/// Where Debian publishes its images for clouds.
pub(in crate::drivers) const DEBIAN: &str = "https://cloud.debian.org/images/cloud";
/// Debian's current release: its code name, and its number in the names of files.
const RELEASE: (&str, &str) = ("trixie", "13");

/// An image of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::drivers) enum Source {
    /// From the web.
    Web { url: String, sha256: Option<String> },
    /// From this computer.
    File { path: PathBuf, sha256: Option<String> },
}

/// The address of Debian's current image of a kind (`generic`, or `genericcloud`, which has no drivers for hardware that no cloud
/// has), for a processor in Debian's words.
pub(in crate::drivers) fn debian(kind: &str, arch: &str) -> String {
    let (name, number) = RELEASE;
    format!("{DEBIAN}/{name}/latest/debian-{number}-{kind}-{arch}.qcow2")
}

/// An address, or a file; a relative path means the folder that rmachine was called in, also later.
pub(in crate::drivers) fn place(context: &Context, flag: &str, given: &str) -> Result<String> {
    match given {
        address if address.starts_with("https://") || address.starts_with("http://") => {
            Ok(address.to_owned())
        }
        address if address.starts_with("file:///") => Ok(address["file://".len()..].to_owned()),
        other if other.contains("://") => {
            let message = format!("--{flag} {other:?} must be an address of http or https, or a file");
            Err(DriverError::Usage { message })
        }
        file => Ok(context.env.cwd.join(file).to_string_lossy().into_owned()),
    }
}

/// A SHA-256 checksum by a flag, in small letters; empty for none.
pub(in crate::drivers) fn checksum(flag: &str, given: Option<&str>) -> Result<String> {
    let given = given.unwrap_or_default();
    let is_hex = given.len() == 64 && given.chars().all(|c| c.is_ascii_hexdigit());
    if given.is_empty() || is_hex {
        return Ok(given.to_lowercase());
    }
    let message = format!("--{flag} {given:?} must be 64 hex digits, as sha256sum prints them");
    Err(DriverError::Usage { message })
}

impl Source {
    /// By what [`place`] and [`checksum`] made of the flags.
    pub(in crate::drivers) fn of(place: &str, sha256: &str) -> Self {
        let sha256 = Some(sha256.to_owned()).filter(|hex| !hex.is_empty());
        if place.contains("://") {
            Self::Web { url: place.to_owned(), sha256 }
        } else {
            Self::File { path: place.into(), sha256 }
        }
    }

    /// Names it in a cache.
    pub(in crate::drivers) fn name(&self) -> Result<String> {
        match self {
            Self::Web { url, sha256 } => {
                let file = url.rsplit('/').next().unwrap_or_default();
                let digest = recipe::digest([url.as_str(), sha256.as_deref().unwrap_or_default()]);
                Ok(format!("{}-{digest}", stem(file)))
            }
            Self::File { path, .. } => {
                let known = fs::metadata(path).and_then(|data| Ok((data.len(), data.modified()?)));
                let (size, changed) = known.map_err(|error| cannot_read(path, &error))?;
                let changed = changed.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
                let whole = format!("{}\0{size}\0{changed}", path.display());
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Ok(format!("{}-{}", stem(&file), recipe::digest([whole.as_str()])))
            }
        }
    }

    /// Whether a file is there; nothing is asked of the web.
    pub(in crate::drivers) fn judge(&self) -> Result<()> {
        match self {
            Self::Web { .. } => Ok(()),
            Self::File { path, .. } => {
                fs::File::open(path).map(drop).map_err(|error| cannot_read(path, &error))
            }
        }
    }

    /// Brings it here, its checksum compared where one is known.
    pub(in crate::drivers) async fn bring(&self, context: &Context, to: &Path) -> Result<()> {
        match self {
            Self::Web { url, sha256 } => {
                context.events.step(format!("fetching {url} (once)"));
                let checksum = match sha256 {
                    Some(hex) => Some(Checksum::Sha256(hex.clone())),
                    None if url.starts_with(DEBIAN) => {
                        let (folder, file) = url.rsplit_once('/').unwrap_or((url, ""));
                        Some(fetch::listed_sha512(context, &format!("{folder}/SHA512SUMS"), file).await?)
                    }
                    None => None,
                };
                fetch::file(context, url, to, checksum.as_ref()).await
            }
            Self::File { path, sha256 } => {
                context.events.step(format!("copying {} (once)", path.display()));
                fs::copy(path, to).map_err(|error| cannot_read(path, &error))?;
                let Some(hex) = sha256 else { return Ok(()) };
                fetch::check(to, &Checksum::Sha256(hex.clone()))
                    .map_err(|error| DriverError::failed(format!("take {}", path.display()), error))
            }
        }
    }
}

fn stem(file: &str) -> String {
    let stem: String = file
        .split('.')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .take(60)
        .collect();
    if stem.is_empty() { "image".to_owned() } else { stem }
}

fn cannot_read(path: &Path, error: &io::Error) -> DriverError {
    DriverError::Preflight {
        message: format!("the image {} cannot be read: {error}", path.display()),
        hint: Some("an address, or a file that is there".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_or_a_whole_path() {
        let context = Context {
            name: "n1".parse().unwrap(),
            store: "/store".into(),
            folder: "/store/n1".into(),
            cache: "/store/cache".into(),
            env: crate::env::Env::for_tests(Path::new("/home/me")),
            events: crate::event::Events::silent(),
            checkpoints: crate::checkpoint::Checkpoints::default(),
        };
        let place = |given| place(&context, "x-image", given);
        for (given, whole) in [
            ("https://x.example/a.qcow2", "https://x.example/a.qcow2"),
            ("a.qcow2", "/home/me/a.qcow2"),
            ("/a.qcow2", "/a.qcow2"),
            ("file:///a b.iso", "/a b.iso"),
        ] {
            assert_eq!(place(given).unwrap(), whole);
        }
        let error = place("ftp://x.example/a").unwrap_err();
        assert!(error.to_string().contains("--x-image \"ftp://x.example/a\" must be"), "{error}");
    }

    #[test]
    fn the_same_address_gives_the_same_name_and_another_another() {
        let web = |url: &str, sha: &str| Source::of(url, sha).name().unwrap();
        let name = web("https://x.example/debian-13.qcow2", "");
        assert_eq!(name, web("https://x.example/debian-13.qcow2", ""));
        assert_ne!(name, web("https://y.example/debian-13.qcow2", ""));
        assert_ne!(name, web("https://x.example/debian-13.qcow2", "ab"));
        assert!(name.starts_with("debian-13-"), "{name}");
        assert!(web("https://x.example/", "").starts_with("image-"));
    }

    #[test]
    fn debians_image_is_of_the_processor() {
        let address = debian("genericcloud", "arm64");
        assert_eq!(
            address,
            "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-arm64.qcow2"
        );
    }
}
