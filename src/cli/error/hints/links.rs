//! Trouble with the links of `install-links`.

use super::{Hints, To, along, context, one};
use crate::ops::links::LinkError;

pub(super) fn hints(error: &LinkError, to: To<'_>) -> Hints {
    let program = to.program;
    match error {
        LinkError::NoFolder => one(format!("say where: {program} install-links --dir FOLDER")),
        LinkError::Taken { .. } => vec![
            format!("move it aside, to docker-machine.VERSION: {program} install-links --force"),
            format!("or put the link elsewhere: {program} install-links --dir FOLDER"),
        ],
        LinkError::Docker(error) => context::hints(error, to),
        LinkError::Files(error) => along(error, to),
    }
}
