//! `ssh` asks the driver first, as docker-machine did.

use crate::{
    cli::error::CliError,
    machine::State,
    ops::{World, query},
    store::Record,
};

/// Refuses a login to a host that is not running.
pub async fn must_run(world: &World, record: &Record) -> Result<(), CliError> {
    match query::state(world, record).await? {
        State::Running => Ok(()),
        _ => Err(CliError::Failed {
            message: format!("Error: Cannot run SSH command: Host \"{}\" is not running", record.name),
            hint: None,
        }),
    }
}
