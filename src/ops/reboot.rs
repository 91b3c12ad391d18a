//! Restarts a host by SSH, where its driver knows no other way to it. It is done when another boot of the host answers.

use std::time::Duration;

use super::{OpsError, World, connect};
use crate::{
    driver::Driver,
    error::in_one_line,
    provision,
    retry::{Backoff, Deadline, PollError, Try, poll},
    ssh::SshError,
    store::Record,
};

/// How long a host may take to go down and come up; a server's firmware alone takes minutes.
const REBOOT_WAIT: Duration = Duration::from_secs(600);
/// How long a login and a word may take.
const ASK_WAIT: Duration = Duration::from_secs(30);

/// Has the host boot anew, and waits for that.
pub(super) async fn reboot(world: &World, driver: &dyn Driver, record: &Record) -> Result<(), OpsError> {
    let soon = Deadline::after(ASK_WAIT);
    let session = connect::session(world, driver, record, soon, false).await?;
    let before = provision::reboot(&session, soon).await?;
    drop(session);
    let look = || async {
        let soon = Deadline::after(ASK_WAIT);
        let boot = async {
            let session = connect::session(world, driver, record, soon, false).await?;
            Ok::<_, OpsError>(provision::boot(&session, soon).await?)
        };
        // Going down and coming up, a host refuses in many ways.
        match boot.await {
            Ok(boot) if boot == before => Try::Again("it is not down yet".to_owned()),
            Ok(_) => Try::Done(()),
            Err(changed @ OpsError::Ssh(SshError::HostKeyChanged { .. })) => Try::Fail(changed),
            Err(error) => Try::Again(in_one_line(&error)),
        }
    };
    let events = world.events.of(&record.name);
    let back =
        poll("the host to come back", Deadline::after(REBOOT_WAIT), Backoff::NEAR, &events, look).await;
    back.map_err(|error| match error {
        PollError::TimedOut(source) => OpsError::NeverRan { machine: record.name.to_string(), source },
        PollError::Failed(error) => error,
    })
}
