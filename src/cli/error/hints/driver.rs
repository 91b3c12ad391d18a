//! Trouble that a driver has.

use super::{Hints, To, one};
use crate::{driver::DriverError, drivers::plugin};

pub(super) fn hints(error: &DriverError, to: To<'_>) -> Hints {
    let (program, name) = (to.program, to.name());
    match error {
        DriverError::Usage { .. } => {
            one(format!("{program} create --driver DRIVER --help shows the driver's flags"))
        }
        DriverError::Preflight { hint, .. } => hint.iter().cloned().collect(),
        DriverError::Gone => one(format!("forget the machine: {program} rm -f {name}")),
        DriverError::Missing { driver } => {
            let [own, other] = plugin::find::file_names(driver);
            vec![
                format!("put its plugin on PATH, or into .rmachine/plugins/ of the store: {other} or {own}"),
                format!("forget the machine, and see to its host by other means: {program} rm -f {name}"),
            ]
        }
        DriverError::BadState { .. } => one(format!("what is stored: {program} inspect {name}")),
        DriverError::Unsupported { .. }
        | DriverError::NoHost { .. }
        | DriverError::Failed { .. }
        | DriverError::TimedOut(_) => Vec::new(),
    }
}
