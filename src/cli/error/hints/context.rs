//! Trouble with docker's contexts.

use super::{Hints, To, along, one};
use crate::contexts::ContextError;

pub(super) fn hints(error: &ContextError, to: To<'_>) -> Hints {
    let program = to.program;
    match error {
        ContextError::BadName { name, .. } | ContextError::Unwanted { name } => {
            one(format!("point docker at it without one: eval \"$({program} env {name})\""))
        }
        ContextError::Taken { name } => vec![
            format!("what it is: docker context inspect {name}"),
            format!("if it can go: docker context rm {name}, then {program} use {name} makes one of ours"),
        ],
        ContextError::NoHome => one("say where docker keeps its files: DOCKER_CONFIG=FOLDER"),
        ContextError::Malformed { path, .. } => one(format!("mend the file: {}", path.display())),
        ContextError::Files(error) => along(error, to),
    }
}
