//! What to type when a program of this computer is missing.

use super::{Hints, one};
use crate::process::ProcessError;

/// Debian's package of a program that we hand over to.
const PACKAGES: [(&str, &str); 5] = [
    ("ssh", "openssh-client"),
    ("scp", "openssh-client"),
    ("rsync", "rsync"),
    ("sshfs", "sshfs"),
    ("fusermount3", "fuse3"),
];

pub(super) fn hints(error: &ProcessError) -> Hints {
    match error {
        ProcessError::Missing { program } => {
            let package = PACKAGES.iter().find(|(known, _)| known == program);
            package.map_or_else(Vec::new, |(_, package)| one(format!("apt install {package}")))
        }
        ProcessError::Io { .. } | ProcessError::Failed { .. } | ProcessError::TimedOut { .. } => Vec::new(),
    }
}
