//! Trouble that a driver has.

use super::{Hints, To, did_you_mean, one};
use crate::{driver::DriverError, drivers};

pub(super) fn hints(error: &DriverError, to: To<'_>) -> Hints {
    let (program, name) = (to.program, to.name());
    match error {
        DriverError::Usage { .. } => {
            one(format!("{program} create --driver DRIVER --help shows the driver's flags"))
        }
        DriverError::Preflight { hint, .. } => hint.iter().cloned().collect(),
        DriverError::Gone => one(format!("forget the machine: {program} rm -f {name}")),
        DriverError::Missing { driver } => {
            let mut hints = did_you_mean(&drivers::nearest(driver));
            hints.push(format!("put its plugin on PATH: {}", drivers::plugin::find::wanted(driver)));
            hints.push(format!(
                "forget the machine, and see to its host by other means: {program} rm -f {name}"
            ));
            hints
        }
        DriverError::BadState { .. } => one(format!("what is stored: {program} inspect {name}")),
        DriverError::Unsupported { .. } | DriverError::Failed { .. } | DriverError::TimedOut(_) => Vec::new(),
    }
}
