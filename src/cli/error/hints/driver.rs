//! Trouble that a driver has.

use super::{Hints, To, one};
use crate::driver::DriverError;

pub(super) fn hints(error: &DriverError, to: To<'_>) -> Hints {
    let (program, name) = (to.program, to.name());
    match error {
        DriverError::Usage { .. } => {
            one(format!("{program} create --driver DRIVER --help shows the driver's flags"))
        }
        DriverError::Preflight { hint, .. } => hint.iter().cloned().collect(),
        DriverError::Gone => one(format!("forget the machine: {program} rm -f {name}")),
        DriverError::BadState { .. } => one(format!("what is stored: {program} inspect {name}")),
        DriverError::Unsupported { .. } | DriverError::Failed { .. } | DriverError::TimedOut(_) => Vec::new(),
    }
}
