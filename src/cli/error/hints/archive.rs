//! Engines in files.

use super::{Hints, To, one};
use crate::engine::archive::ArchiveError;

pub(super) fn hints(error: &ArchiveError, to: To<'_>) -> Hints {
    match error {
        ArchiveError::WrongChecksum { .. } => one(
            "get the file again; nothing was sent. Where its checksum is known to be another: --engine-sha256 HEX",
        ),
        ArchiveError::NoVersion { .. } => one("--engine-version VERSION"),
        ArchiveError::NoEngine { .. } => one(format!(
            "take the vendor's docker-VERSION.tgz, or make a bundle: {} engine bundle FILE FOLDER",
            to.program
        )),
        ArchiveError::BadVersion { .. } => {
            one("letters, digits and . _ - + ~ make a version: --engine-version 26.1.5")
        }
        ArchiveError::BadSource { .. } => {
            one("the folder must hold dockerd, containerd, containerd-shim-runc-v2 and runc, at any depth")
        }
        ArchiveError::Unreadable { .. } | ArchiveError::Unwritable { .. } => Vec::new(),
    }
}
