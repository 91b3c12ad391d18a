//! `provision`, and the half of `create` that it repeats: log in, look, plan, apply, verify.

mod host;

use std::{sync::Arc, time::Duration};

use self::host::Host;
use super::{
    OpsError, World,
    certs::{self, Keep},
    connect,
    create::Request,
    engine::edit::of_docker_machine,
    env_files,
};
use crate::{
    checkpoint::{Checkpoint, Checkpoints},
    driver::{Driver, Origin},
    engine::api::{Api, Dial, Endpoint},
    event::{Event, Events, Phase},
    machine::{MachineName, State},
    provision::{self, Facts, Materials, Plan, ProvisionError, Wishes},
    retry::Deadline,
    ssh::Session,
    store::{Lock, Record, Stage},
};

/// How long a host may take until SSH answers.
const SSH_WAIT: Duration = Duration::from_secs(180);
/// The same for a host that somebody else made and that never answered: it is up, or the address is wrong.
const UNKNOWN_SSH_WAIT: Duration = Duration::from_secs(20);
/// The same for one that answered before.
const KNOWN_SSH_WAIT: Duration = Duration::from_secs(60);
/// How long the engine may take to answer once apply has seen it healthy.
const ENGINE_WAIT: Duration = Duration::from_secs(60);
/// How long a provisioning may take in all.
pub(super) const PROVISION_WAIT: Duration = Duration::from_secs(30 * 60);

/// What of a host is brought to what the record wishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    Everything,
    /// The engine's certificates.
    Certificates(Keep),
}

/// What may be taken from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct May {
    /// Stop containers where there is no other way.
    pub stop_containers: bool,
    /// Take the host from another machine that has it.
    pub take_over: bool,
}

impl May {
    /// Stop containers, or nothing.
    pub fn stop_containers(stop_containers: bool) -> Self {
        Self { stop_containers, take_over: false }
    }
}

/// What converging may do.
#[derive(Clone, Copy, Debug)]
pub struct Converge {
    /// How much of the host.
    pub scope: Scope,
    /// What it may cost others.
    pub may: May,
    /// Tell the user the plan before it is applied.
    pub shows_plan: bool,
    /// When to give up.
    pub deadline: Deadline,
}

/// Repeats provisioning with the stored wishes. Says whether anything on the host was changed.
pub async fn provision(
    world: &World,
    name: &MachineName,
    may_stop_containers: bool,
) -> Result<bool, OpsError> {
    let lock = world.lock(name).await?;
    let mut record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    if !driver.profile().provisions {
        return Err(OpsError::NotProvisioned { driver: driver.name().to_owned() });
    }
    must_run(world, driver.as_ref(), &mut record).await?;
    let deadline = Deadline::after(PROVISION_WAIT);
    let options = Converge {
        scope: Scope::Everything,
        may: May::stop_containers(may_stop_containers),
        shows_plan: false,
        deadline,
    };
    let changed = converge(world, driver.as_ref(), &lock, &mut record, options).await?;
    env_files::write(world, driver.as_ref(), &lock, &record)?;
    record.side.stage = Stage::Provisioned;
    world.store.save(&lock, &mut record)?;
    Ok(changed)
}

/// A host of ours that is down is told at once; whether an adopted one is up, SSH will tell.
pub(super) async fn must_run(
    world: &World,
    driver: &dyn Driver,
    record: &mut Record,
) -> Result<(), OpsError> {
    if driver.profile().origin == Origin::Adopted {
        return Ok(());
    }
    match driver.state(&world.context(&record.name), &mut record.config.driver).await? {
        State::Stopped | State::Saved | State::Paused => {
            Err(OpsError::NotRunning { machine: record.name.to_string() })
        }
        State::None
        | State::Running
        | State::Starting
        | State::Stopping
        | State::Error
        | State::Timeout
        | State::NotFound => Ok(()),
    }
}

/// Brings a host to what the record wishes and verifies it from outside. Says whether anything was changed.
pub(super) async fn converge(
    world: &World,
    driver: &dyn Driver,
    lock: &Lock,
    record: &mut Record,
    options: Converge,
) -> Result<bool, OpsError> {
    let events = world.events.of(&record.name);
    let checkpoints = Checkpoints::from_env(&world.env);
    events.phase(Phase::AwaitingLogin);
    events.step("connecting by ssh");
    let session =
        connect::session(world, driver, record, options.deadline.at_most(ssh_wait(driver, record)), true)
            .await?;
    pin(world, lock, record, &session)?;
    checkpoints.reach(Checkpoint::Connected);

    provision::foresee(&session);
    events.phase(Phase::Looking);
    let host = Host::look(world, driver, record, &session, options, &events).await?;
    events.phase(Phase::Provisioning(host.facts.os.id.clone()));
    let authority = certs::current(world, record).await?;
    let keep = options.scope.keep();
    let server = certs::issue_server(world, lock, record, &authority, &host.names, keep)?;
    checkpoints.reach(Checkpoint::ServerCertificateMade);
    // What is saved of the record meanwhile is no matter of the plan.
    let planned = record.clone();
    let materials = host.materials(&planned, &server);
    let plan = host.plan(&materials, options.scope)?;
    if options.shows_plan && !plan.is_empty() {
        for line in plan.difference().iter().map(String::as_str).chain(plan.render().lines()) {
            events.note(line);
        }
    }
    plan.permit(options.may.stop_containers).map_err(ProvisionError::from)?;
    tracing::debug!(digest = plan.digest(), "plan");
    for note in plan.notes.iter().filter(|_| !plan.is_empty()) {
        events.note(note);
    }
    checkpoints.reach(Checkpoint::Planned);

    let changed = !plan.is_empty();
    let was_begun = record.side.is_begun;
    if plan.installs() {
        events.phase(Phase::Installing);
    }
    events.phase(Phase::CertificatesMade);
    if changed {
        begin(world, lock, record, true)?;
        checkpoints.reach(Checkpoint::ChangeRecorded);
        let outcome = run(&session, &plan, &materials, options.deadline, &events, checkpoints).await;
        if outcome.as_ref().is_err_and(OpsError::left_host_untouched) && !was_begun {
            begin(world, lock, record, false)?;
        }
        outcome?;
    }
    checkpoints.reach(Checkpoint::Applied);
    certs::settle(world, lock, record, &authority, &server)?;
    if options.scope == Scope::Everything {
        let endpoint = connect::endpoint(world, driver, record)?;
        record.side.url = Some(host.url(&plan, &session, &endpoint));
    }
    events.phase(Phase::Checking);
    events.step("checking the engine from here");
    verify(world, driver, record, session, options.deadline.at_most(ENGINE_WAIT), &events).await?;
    checkpoints.reach(Checkpoint::Verified);
    Ok(changed)
}

/// Takes note that the host is about to be changed, or that it was not after all.
fn begin(world: &World, lock: &Lock, record: &mut Record, is_begun: bool) -> Result<(), OpsError> {
    if record.side.stage < Stage::Provisioned && record.side.is_begun != is_begun {
        record.side.is_begun = is_begun;
        world.store.save(lock, record)?;
    }
    Ok(())
}

fn ssh_wait(driver: &dyn Driver, record: &Record) -> Duration {
    match driver.profile().origin {
        Origin::Made => SSH_WAIT,
        Origin::Adopted if record.side.host_keys.is_empty() => UNKNOWN_SSH_WAIT,
        Origin::Adopted => KNOWN_SSH_WAIT,
    }
}

impl Scope {
    fn keep(self) -> Keep {
        match self {
            Self::Everything => Keep::Fitting,
            Self::Certificates(keep) => keep,
        }
    }
}

/// The plan of `create --dry-run`: the same steps up to the plan, and nothing saved.
pub(super) async fn plan_only(
    world: &World,
    driver: &dyn Driver,
    record: Record,
    request: &Request,
    deadline: Deadline,
) -> Result<String, OpsError> {
    if !driver.profile().provisions {
        return Ok(format!("record the machine; the {} driver changes nothing on a host\n", driver.name()));
    }
    if driver.profile().origin == Origin::Made {
        return Ok(format!(
            "make a host with the {} driver, then install and secure its engine\n",
            driver.name()
        ));
    }
    let events = world.events.of(&record.name);
    events.step("connecting by ssh");
    let session = connect::session(world, driver, &record, deadline.at_most(SSH_WAIT), false).await?;
    let options = Converge { scope: Scope::Everything, may: request.may, shows_plan: false, deadline };
    preview(world, driver, &record, &session, options).await
}

/// The plan as text, from a look at the host.
pub(super) async fn preview(
    world: &World,
    driver: &dyn Driver,
    record: &Record,
    session: &Session,
    options: Converge,
) -> Result<String, OpsError> {
    Ok(found(world, driver, record, session, options).await?.2?.render())
}

/// A host as it is, what is wished of it, and the plan that leads there or why there is none; nothing is saved or changed.
pub(super) async fn found(
    world: &World,
    driver: &dyn Driver,
    record: &Record,
    session: &Session,
    options: Converge,
) -> Result<(Facts, Wishes, Result<Plan, OpsError>), OpsError> {
    let host = Host::look(world, driver, record, session, options, &world.events.of(&record.name)).await?;
    let server = certs::preview_server(world, record, &host.names, options.scope.keep())?;
    let plan = host.plan(&host.materials(record, &server), options.scope);
    Ok((host.facts, host.wishes, plan))
}

/// What the record wishes; a machine of docker-machine's has its wishes in docker-machine's fields.
pub(super) fn stored_wishes(record: &Record) -> Result<Wishes, OpsError> {
    let broken = |reason: String| OpsError::BrokenWishes { machine: record.name.to_string(), reason };
    if record.side.wishes.is_null() {
        return of_docker_machine(record).map_err(|error| broken(error.to_string()));
    }
    serde_json::from_value(record.side.wishes.clone()).map_err(|error| broken(error.to_string()))
}

/// Pins the host key that was verified, so that the next connection accepts only this one.
fn pin(world: &World, lock: &Lock, record: &mut Record, session: &Session) -> Result<(), OpsError> {
    let key = session.host_key();
    if !record.side.host_keys.contains(&key) {
        record.side.host_keys.push(key);
        world.store.save(lock, record)?;
    }
    Ok(())
}

/// Applies the plan. The first word from the host says that apply has begun there.
async fn run(
    session: &Session,
    plan: &Plan,
    materials: &Materials<'_>,
    deadline: Deadline,
    events: &Events,
    checkpoints: Checkpoints,
) -> Result<(), OpsError> {
    let events = events.watched(move |event| {
        if matches!(event, Event::Step(_)) {
            checkpoints.reach(Checkpoint::ApplyBegun);
        }
    });
    provision::apply(session, plan, materials, deadline, &events).await?;
    Ok(())
}

/// One API request over the way the user's client will come.
async fn verify(
    world: &World,
    driver: &dyn Driver,
    record: &Record,
    session: Session,
    deadline: Deadline,
    events: &Events,
) -> Result<(), OpsError> {
    let api = if record.side.url.as_deref().is_some_and(|url| url.starts_with("ssh://")) {
        Api::new(Endpoint::Stream(Arc::new(session) as Arc<dyn Dial>))
    } else {
        session.close().await;
        connect::engine(world, driver, record, deadline).await?
    };
    api.wait(deadline, events).await?;
    Ok(())
}
