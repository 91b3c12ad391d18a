//! `start`, `stop`, `restart`, `kill`, and what a host is doing.

use std::time::Duration;

use super::{
    OpsError, World, connect, env_files,
    provision::{Converge, May, Scope, converge},
    reboot::reboot,
};
use crate::{
    driver::{Context, Driver, DriverError},
    event::Phase,
    machine::{MachineName, State},
    retry::Deadline,
    store::{Lock, Record, Stage},
};

/// How long a host may take until its engine answers again.
const ENGINE_WAIT: Duration = Duration::from_secs(180);

/// What to do with a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Start it, and wait for SSH and the engine.
    Start,
    /// Ask it to go down.
    Stop,
    /// Down and up again.
    Restart,
    /// Take the power away.
    Kill,
}

/// Whether the verb changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It did.
    Yes,
    /// The host was already so.
    AlreadySo,
}

/// Does it, saves what changed, and after a start waits until the engine answers.
pub async fn lifecycle(world: &World, name: &MachineName, verb: Verb) -> Result<Changed, OpsError> {
    let context = world.context(name);
    let lock = world.lock(name).await?;
    let mut record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    context.events.phase(match verb {
        Verb::Start => Phase::Starting,
        Verb::Stop => Phase::Stopping,
        Verb::Restart => Phase::Restarting,
        Verb::Kill => Phase::Killing,
    });
    let before = driver.state(&context, &mut record.config.driver).await?;
    if already(verb, before) {
        return Ok(Changed::AlreadySo);
    }
    let outcome = act(world, driver.as_ref(), &context, &mut record, verb).await;
    world.store.save(&lock, &mut record)?;
    outcome?;
    context.events.phase(match verb {
        Verb::Start => Phase::Started,
        Verb::Stop => Phase::Stopped,
        Verb::Restart => Phase::Restarted,
        Verb::Kill => Phase::Killed,
    });
    match verb {
        Verb::Start | Verb::Restart => settle(world, driver.as_ref(), &lock, &mut record).await?,
        Verb::Stop | Verb::Kill => {}
    }
    Ok(Changed::Yes)
}

fn already(verb: Verb, state: State) -> bool {
    match verb {
        Verb::Start => state == State::Running,
        Verb::Stop | Verb::Kill => state == State::Stopped,
        Verb::Restart => false,
    }
}

async fn act(
    world: &World,
    driver: &dyn Driver,
    context: &Context,
    record: &mut Record,
    verb: Verb,
) -> Result<(), OpsError> {
    let state = &mut record.config.driver;
    context.events.step(match verb {
        Verb::Start => "starting the host",
        Verb::Stop => "stopping the host",
        Verb::Restart => "restarting the host",
        Verb::Kill => "killing the host",
    });
    context.events.phase(Phase::DriverActs);
    let done = match verb {
        Verb::Start => driver.start(context, state).await,
        Verb::Stop => driver.stop(context, state).await,
        Verb::Restart => match driver.restart(context, state).await {
            Err(DriverError::Unsupported { .. }) if driver.profile().provisions => {
                return reboot(world, driver, record).await;
            }
            done => done,
        },
        Verb::Kill => driver.kill(context, state).await,
    };
    Ok(done?)
}

/// After a start: the engine answers again, under the address it has now. A changed address means a new server certificate.
async fn settle(
    world: &World,
    driver: &dyn Driver,
    lock: &Lock,
    record: &mut Record,
) -> Result<(), OpsError> {
    if !driver.profile().provisions || record.side.stage < Stage::Provisioned {
        return Ok(());
    }
    let url = driver.url(&world.context(&record.name), &record.config.driver)?;
    let known = record.side.url.clone();
    let moved =
        matches!((&url, &known), (Some(now), Some(then)) if now != then && !then.starts_with("ssh://"));
    let deadline = Deadline::after(ENGINE_WAIT);
    if moved {
        let options = Converge { scope: Scope::Everything, may: May::default(), shows_plan: false, deadline };
        converge(world, driver, lock, record, options).await?;
        world.store.save(lock, record)?;
        env_files::write(world, driver, lock, record)?;
        return Ok(());
    }
    let events = world.events.of(&record.name);
    events.step("waiting for the engine");
    if known.is_some_and(|url| url.starts_with("ssh://")) {
        connect::session(world, driver, record, deadline, true).await?.close().await;
    }
    connect::engine(world, driver, record, deadline).await?.wait(deadline, &events).await?;
    Ok(())
}
