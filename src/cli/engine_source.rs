//! Which engine is meant, and where it is: flags that `create` and `upgrade` share.

use std::path::{Path, PathBuf};

use super::error::CliError;
use crate::{
    engine::archive,
    provision::{ArchiveWish, Place},
};

/// Flags about a version and an archive.
#[derive(clap::Args)]
#[group(skip)]
#[command(next_help_heading = "The engine")]
#[expect(clippy::struct_field_names, reason = "they are named as their flags are")]
pub struct SourceArgs {
    /// Install this version, or the newest that begins so, such as 26.1
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub engine_version: Option<String>,

    /// Unpack the engine from this tarball of the vendor's: a file, a URL that the host fetches, or a folder's URL ending in /
    #[arg(long, value_name = "FILE|URL", conflicts_with = "engine_bundle")]
    engine_archive: Option<String>,

    /// Send the engine from this bundle over the SSH connection, for hosts with no way out
    #[arg(long, value_name = "FILE")]
    engine_bundle: Option<PathBuf>,

    /// Demand this SHA-256 of the archive or bundle
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    engine_sha256: Option<String>,
}

impl SourceArgs {
    /// The archive that is meant, where one is; files by their whole path, since `provision` may come from elsewhere.
    pub fn archive(&self, here: &Path) -> Result<Option<ArchiveWish>, CliError> {
        let file = |path: &Path| Place::File(here.join(path));
        let place = match (&self.engine_archive, &self.engine_bundle) {
            (Some(archive), _) if is_url(archive) => Place::Url(archive.clone()),
            (Some(archive), _) => file(Path::new(archive)),
            (None, Some(bundle)) => file(bundle),
            (None, None) => {
                return match self.engine_sha256 {
                    None => Ok(None),
                    Some(_) => Err(CliError::usage(
                        "--engine-sha256 demands a checksum of nothing",
                        "--engine-archive FILE or --engine-bundle FILE",
                    )),
                };
            }
        };
        let sha256 = self.engine_sha256.clone();
        match &place {
            Place::Url(url) if sha256.is_none() && url.starts_with("http://") => Err(CliError::usage(
                "an archive that comes without encryption needs its checksum",
                "--engine-sha256 HEX, or an https:// URL",
            )),
            Place::Url(url) if sha256.is_some() && url.ends_with('/') && self.engine_version.is_none() => {
                Err(CliError::usage(
                    "a checksum is that of one archive, and a folder has many",
                    "--engine-version VERSION, or the URL of the archive",
                ))
            }
            Place::Url(_) | Place::File(_) => Ok(Some(ArchiveWish { place, sha256 })),
        }
    }

    /// Whether a bundle is given.
    pub fn has_bundle(&self) -> bool {
        self.engine_bundle.is_some()
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

/// A version is a number to begin with; it also names a folder.
pub fn version(text: &str) -> Result<String, String> {
    let plain = text.strip_prefix('v').unwrap_or(text);
    let is_one = plain.starts_with(|c: char| c.is_ascii_digit())
        && (archive::is_folder_name(plain) || plain.contains(':'));
    if is_one { Ok(plain.to_owned()) } else { Err("a version is meant, such as 26.1 or 26.1.5".to_owned()) }
}

fn sha256(text: &str) -> Result<String, String> {
    let is_sum = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if is_sum {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("64 hexadecimal digits are meant, as sha256sum prints them".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_begin_with_a_number_and_leave_no_folder() {
        assert_eq!(version("v26.1").unwrap(), "26.1");
        assert!(version("26.1.5-a").is_ok() && version("5:26.1.4-1~debian.12~bookworm").is_ok());
        for wrong in ["", "latest", "../26", "26/1", "-1"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }
}
