//! `engine audit`: what of an engine and its containers makes the host easier to take.

use super::LOOK_WAIT;
use crate::{
    machine::MachineName,
    ops::{OpsError, World, connect},
    provision::{
        self, Wishes,
        audit::{self, Finding},
    },
    retry::Deadline,
};

/// Looks at one machine; the gravest findings come first.
pub async fn audit(world: &World, name: &MachineName) -> Result<Vec<Finding>, OpsError> {
    let record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    let events = world.events.of(name);
    let deadline = Deadline::after(LOOK_WAIT);
    events.step("connecting by ssh");
    let session = connect::session(world, driver.as_ref(), &record, deadline, false).await?;
    let facts = provision::facts::gather(&session, &Wishes::default(), deadline, &events).await?;
    let evidence = audit::look(&session, deadline, &events).await?;
    session.close().await;
    Ok(audit::audit(&facts, &evidence, jiff::Timestamp::now().as_second()))
}
