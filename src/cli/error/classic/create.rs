//! Why a machine was not created, in docker-machine's sentences: each names the step at which it ended. Its counts of retries
//! give way to the cause.

use super::{certificates, in_one_line, of_ops};
use crate::{
    driver::DriverError,
    ops::{OpsError, certs::CertsError},
    provision::{ProvisionError, Refusal},
};

/// The sentence that follows `Error creating machine: `.
pub fn message(error: &OpsError) -> String {
    match error {
        OpsError::Unfinished { source, .. } => message(source),
        OpsError::Driver(DriverError::Preflight { .. } | DriverError::Usage { .. }) => of_ops(error),
        OpsError::Driver(error) => format!("Error in driver during machine creation: {}", in_one_line(error)),
        OpsError::NeverRan { source, .. } => format!("Error waiting for machine to be running: {source}"),
        OpsError::Ssh(error) => format!(
            "Error detecting OS: Too many retries waiting for SSH to be available.  Last error: {}",
            in_one_line(error)
        ),
        OpsError::Provision(ProvisionError::Refused(
            Refusal::UnsupportedOs { .. } | Refusal::NoInit { .. },
        )) => "Error detecting OS: OS type not recognized".into(),
        OpsError::Provision(error) => format!("Error running provisioning: {}", of_provisioning(error)),
        OpsError::Engine(error) => format!(
            "Error checking the host: {}",
            certificates(error.at().unwrap_or_default(), &in_one_line(error))
        ),
        other => of_ops(other),
    }
}

/// The same of certificates, before which nothing stands.
pub fn of_certs(error: &CertsError) -> String {
    let cause = match error {
        CertsError::AuthorityWithoutCertificate { .. } => "certificate authority key already exists".into(),
        other => in_one_line(&other),
    };
    format!("Error generating certificates: {cause}")
}

/// The steps at which an engine is started are those in which docker-machine waits for its port.
fn of_provisioning(error: &ProvisionError) -> String {
    match error {
        error if error.is_engine_down() => {
            format!("Unable to verify the Docker daemon is listening: {}", in_one_line(error))
        }
        error => in_one_line(error),
    }
}
