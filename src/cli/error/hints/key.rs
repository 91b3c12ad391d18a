//! Key files.

use super::{Hints, one};
use crate::ssh::identity::KeyError;

pub(super) fn hints(error: &KeyError) -> Hints {
    match error {
        KeyError::Missing { path } => one(format!("make one: ssh-keygen -t ed25519 -f {}", path.display())),
        KeyError::Unreadable { path, .. } => one(format!("whose is it? ls -l {}", path.display())),
        KeyError::TooOpen { path, .. } => one(format!("chmod 600 {}", path.display())),
        KeyError::IsPublic { path } => {
            one(format!("its private half: {}", path.with_extension("").display()))
        }
        KeyError::NotAKey { path, .. } => one(format!("what is it? ssh-keygen -lf {}", path.display())),
        KeyError::NoPassphrase { path } => one(format!("let the agent hold it: ssh-add {}", path.display())),
        KeyError::WrongPassphrase { .. } => one("try again"),
    }
}
