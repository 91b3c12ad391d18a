//! The options of a machine's engine: changed with a plan and a way back, shown with where each comes from.

pub mod audit;
pub mod change;
pub mod edit;
pub mod show;

use std::time::Duration;

use super::{
    OpsError, World, connect,
    provision::{self, Converge},
};
use crate::{
    driver::Driver,
    provision::{Facts, Plan, Wishes},
    store::Record,
};

/// How long looking at a host may take in all.
const LOOK_WAIT: Duration = Duration::from_secs(120);

/// Logs in and looks at a host: what it is, what is wished of it, and the plan that leads there or why there is none.
async fn found(
    world: &World,
    driver: &dyn Driver,
    record: &Record,
    options: Converge,
) -> Result<(Facts, Wishes, Result<Plan, OpsError>), OpsError> {
    world.events.of(&record.name).step("connecting by ssh");
    let deadline = options.deadline.at_most(LOOK_WAIT);
    let session = connect::session(world, driver, record, deadline, false).await?;
    let found = provision::found(world, driver, record, &session, options).await?;
    session.close().await;
    Ok(found)
}
