//! `wait`: until a host runs, its engine answers, or the machine is gone.

use std::time::Duration;

use super::{OpsError, World, query};
use crate::{
    machine::{MachineName, State},
    retry::{Backoff, Deadline, PollError, Try, poll},
    store::StoreError,
};

/// How long one look may take: a host that swallows packets must not use up the whole patience.
const LOOK: Duration = Duration::from_secs(10);

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// The host runs.
    Running,
    /// The engine answers to us.
    Engine,
    /// The machine is no more in the store, or its host is no more.
    Gone,
}

/// Waits, looking again and again.
pub async fn wait(
    world: &World,
    name: &MachineName,
    goal: Goal,
    deadline: Deadline,
) -> Result<(), PollError<OpsError>> {
    let what = match goal {
        Goal::Running => format!("the host of {name} to run"),
        Goal::Engine => format!("the engine of {name} to answer"),
        Goal::Gone => format!("{name} to be gone"),
    };
    let events = world.events.of(name);
    poll(&what, deadline, Backoff::NEAR, &events, || {
        Box::pin(look(world, name, goal, deadline.at_most(LOOK)))
    })
    .await
}

async fn look(world: &World, name: &MachineName, goal: Goal, deadline: Deadline) -> Try<(), OpsError> {
    let record = match world.store.load(name) {
        Ok(record) => record,
        Err(StoreError::NotFound { .. }) if goal == Goal::Gone => return Try::Done(()),
        Err(error) => return Try::Fail(error.into()),
    };
    if goal == Goal::Engine {
        let answered = deadline.bound("its answer", query::check(world, &record, deadline)).await;
        return match answered {
            Ok(Ok(_version)) => Try::Done(()),
            Ok(Err(error)) => Try::Again(crate::error::in_one_line(&error)),
            Err(late) => Try::Again(late.to_string()),
        };
    }
    match deadline.bound("its state", query::state(world, &record)).await {
        Ok(Ok(State::Running)) if goal == Goal::Running => Try::Done(()),
        Ok(Ok(State::NotFound)) if goal == Goal::Gone => Try::Done(()),
        Ok(Ok(State::NotFound)) => Try::Fail(crate::driver::DriverError::Gone.into()),
        Ok(Ok(state)) => Try::Again(format!("it is {}", state.to_string().to_lowercase())),
        Ok(Err(error)) => Try::Again(crate::error::in_one_line(&error)),
        Err(late) => Try::Again(late.to_string()),
    }
}
