//! `engine set`, `unset` and `apply`: the record is edited, the host brought to it, and a host that will not have it leaves
//! both as they were.

use std::time::Duration;

use super::edit::Edit;
use crate::{
    machine::MachineName,
    ops::{
        OpsError, World,
        provision::{Converge, May, Scope, converge, must_run},
    },
    provision::Plan,
    retry::Deadline,
};

/// How long a change may take in all.
const CHANGE_WAIT: Duration = Duration::from_secs(10 * 60);

/// When the host is to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Now.
    Now,
    /// With the next `engine apply` or `provision`.
    Later,
    /// Never: only the plan is wanted.
    Never,
}

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request {
    /// The change of the record; an empty one applies what is stored.
    pub edit: Edit,
    /// When the host is to follow.
    pub when: When,
    /// Stop containers where there is no other way.
    pub may_stop_containers: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Changed {
    /// The host was as it should be.
    Nothing,
    /// It is now.
    Applied,
    /// The record waits for the next time.
    Stored,
    /// What would be done.
    Planned(Box<Plan>),
}

/// Changes one machine.
pub async fn change(world: &World, name: &MachineName, request: &Request) -> Result<Changed, OpsError> {
    let lock = world.lock(name).await?;
    let mut record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    if !driver.profile().provisions {
        return Err(OpsError::NotProvisioned { driver: driver.name().to_owned() });
    }
    let before = record.clone();
    request.edit.apply(&mut record)?;
    if request.when == When::Later {
        world.store.save(&lock, &mut record)?;
        return Ok(Changed::Stored);
    }
    must_run(world, driver.as_ref(), &mut record).await?;
    let options = Converge {
        scope: Scope::Everything,
        may: May::stop_containers(request.may_stop_containers),
        shows_plan: true,
        deadline: Deadline::after(CHANGE_WAIT),
    };
    if request.when == When::Never {
        let (_, _, plan) = super::found(world, driver.as_ref(), &record, options).await?;
        return Ok(Changed::Planned(Box::new(plan?)));
    }
    match converge(world, driver.as_ref(), &lock, &mut record, options).await {
        Ok(changed) => {
            world.store.save(&lock, &mut record)?;
            Ok(if changed { Changed::Applied } else { Changed::Nothing })
        }
        Err(error) => {
            // What was learnt on the way (a host key) is true all the same; what was wished for is not kept.
            record.side.wishes = before.side.wishes;
            record.config.host_options.engine_options = before.config.host_options.engine_options;
            world.store.save(&lock, &mut record)?;
            Err(error)
        }
    }
}
