//! `create`: from a name and wishes to a working machine, or to a clean slate, or to a record that says how to go on.

mod told;

use std::{path::PathBuf, time::Duration};

use serde_json::Value;

use super::{
    LOCK_WAIT, OpsError, World, certs, contexts, env_files,
    provision::{Converge, May, Scope, converge, plan_only},
};
use crate::{
    checkpoint::Checkpoint,
    contexts::Wish,
    driver::{Context, Driver, DriverError, Flags, Origin},
    error::in_one_line,
    event::Phase,
    machine::{MachineName, State},
    provision::Wishes,
    retry::{Backoff, Deadline, PollError, Try, poll},
    store::{EngineOptions, FreshConfig, Lock, Record, Side, Stage, StoreError, SwarmOptions},
};

/// How long a host that was made may take until its driver says that it runs.
const RUNNING_WAIT: Duration = Duration::from_secs(180);

/// What the user asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// The machine's name.
    pub name: MachineName,
    /// The driver.
    pub driver: String,
    /// The driver's flags.
    pub flags: Flags,
    /// What the engine should be like.
    pub wishes: Wishes,
    /// Further names for the server certificate.
    pub tls_sans: Vec<String>,
    /// Where the CA and the client certificate are, when not in the store.
    pub authority: AuthorityPaths,
    /// docker-machine's engine options as they are kept in `config.json`.
    pub engine_options: EngineOptions,
    /// Classic swarm's options as they are kept in `config.json`.
    pub swarm_options: SwarmOptions,
    /// Whether docker gets a context for it.
    pub context: Wish,
    /// What adoption may cost others.
    pub may: May,
    /// Print the plan, change nothing.
    pub dry_run: bool,
    /// When the store's missing certificates are made.
    pub certificates: Certificates,
    /// Take up an unfinished machine of that name instead of refusing the name.
    pub may_resume: bool,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// When the CA and the client certificate of a store that has none are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificates {
    /// Once the driver's checks are passed, so that a refusal leaves nothing.
    #[default]
    AfterChecks,
    /// Before them, as docker-machine did and said.
    BeforeChecks,
}

/// `--tls-ca-cert` and its kin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorityPaths {
    /// `--tls-ca-cert`.
    pub ca_certificate: Option<PathBuf>,
    /// `--tls-ca-key`.
    pub ca_key: Option<PathBuf>,
    /// `--tls-client-cert`.
    pub client_certificate: Option<PathBuf>,
    /// `--tls-client-key`.
    pub client_key: Option<PathBuf>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A working machine.
    Created {
        /// Its name.
        name: MachineName,
        /// The engine's URL, where it has one.
        url: Option<String>,
        /// How long it took.
        took: Duration,
    },
    /// The plan of `--dry-run`, as text.
    Planned(String),
}

/// Creates a machine, or takes up one that an earlier run left unfinished.
pub async fn create(world: &World, request: Request) -> Result<Outcome, OpsError> {
    let began = std::time::Instant::now();
    let deadline = Deadline::after(request.timeout);
    let drivers = world.drivers();
    let driver =
        drivers.find(&request.driver).ok_or_else(|| OpsError::unknown_driver(&request.driver, &drivers))?;
    let context = world.context(&request.name);
    let (lock, unfinished) = reserve(world, &request, driver.as_ref()).await?;
    context.checkpoints.reach(Checkpoint::Reserved);

    let state = first_state(driver.as_ref(), &context, &request, unfinished.as_ref())?;
    if request.certificates == Certificates::BeforeChecks && !request.dry_run {
        certs::ensure_authority(world, &request.authority, &context.events, context.checkpoints).await?;
    }
    context.events.phase(Phase::Checks);
    driver.preflight(&context, &state).await?;
    // A file that is no engine, or another one, is told before there is a host.
    world.archives.wanted(&request.wishes)?;
    if request.dry_run {
        return plan_only(
            world,
            driver.as_ref(),
            draft(world, &request, driver.as_ref(), state),
            &request,
            deadline,
        )
        .await
        .map(Outcome::Planned);
    }
    certs::ensure_authority(world, &request.authority, &context.events, context.checkpoints).await?;
    let mut record = record(world, &request, driver.as_ref(), state, unfinished, &lock)?;
    context.checkpoints.reach(Checkpoint::Recorded);

    let story = Story { world, driver: driver.as_ref(), context: &context, lock: &lock };
    match story.host_and_engine(&mut record, &request, deadline).await {
        Ok(()) => Ok(Outcome::Created { name: request.name, url: record.side.url, took: began.elapsed() }),
        Err(error) => Err(story.leftover(&record, error)),
    }
}

/// The parts of `create` that need the lock.
struct Story<'a> {
    world: &'a World,
    driver: &'a dyn Driver,
    context: &'a Context,
    lock: &'a Lock,
}

impl Story<'_> {
    async fn host_and_engine(
        &self,
        record: &mut Record,
        request: &Request,
        deadline: Deadline,
    ) -> Result<(), OpsError> {
        match self.found(record).await? {
            State::NotFound => {
                self.context.events.phase(Phase::MakingHost);
                self.make_host(record).await?;
            }
            State::Stopped | State::Paused | State::Saved => self.start_host(record).await?,
            _ => {}
        }
        self.context.checkpoints.reach(Checkpoint::HostMade);
        let profile = self.driver.profile();
        if profile.provisions || profile.origin == Origin::Made {
            self.context.events.phase(Phase::HostMade);
        }
        // Whether an adopted one runs, the first login tells.
        if profile.origin == Origin::Made {
            self.await_running(record, deadline).await?;
        }
        if profile.provisions {
            self.context.events.phase(Phase::HostRuns);
            let options =
                Converge { scope: Scope::Everything, may: request.may, shows_plan: false, deadline };
            Box::pin(converge(self.world, self.driver, self.lock, record, options)).await?;
            self.context.events.phase(Phase::Answering);
        } else {
            record.side.url = self.driver.url(self.context, &record.config.driver)?;
        }
        env_files::write(self.world, self.driver, self.lock, record)?;
        self.context.checkpoints.reach(Checkpoint::EnvFilesWritten);
        // Last of all: a record that says so is not taken up again.
        record.side.stage = Stage::Provisioned;
        record.side.is_begun = false;
        self.world.store.save(self.lock, record)?;
        self.context.checkpoints.reach(Checkpoint::Provisioned);
        Ok(())
    }

    /// Has the driver make the host; what it learns on the way is saved at once, so that `rm` finds it.
    async fn make_host(&self, record: &mut Record) -> Result<(), OpsError> {
        let mut state = record.config.driver.clone();
        let saved = std::sync::Mutex::new(record.clone());
        let save = |state: &Value| {
            let mut record = saved.lock().expect("no saver panics");
            record.config.driver = state.clone();
            self.world
                .store
                .save(self.lock, &mut record)
                .map_err(|error| crate::driver::DriverError::failed("save the machine's record", error))
        };
        let outcome = self.driver.create(self.context, &mut state, &save).await;
        *record = saved.into_inner().expect("no saver panics");
        record.config.driver = state;
        if outcome.is_ok() {
            record.side.stage = Stage::Created;
            record.side.url = self.driver.url(self.context, &record.config.driver)?;
        }
        self.world.store.save(self.lock, record)?;
        Ok(outcome?)
    }

    /// What there is of the host: one that an earlier create made may have been stopped since, or removed by an `rm` that was cut off.
    async fn found(&self, record: &mut Record) -> Result<State, OpsError> {
        if record.side.stage < Stage::Created {
            return Ok(State::NotFound);
        }
        if self.driver.profile().origin == Origin::Adopted {
            return Ok(State::None);
        }
        match self.driver.state(self.context, &mut record.config.driver).await {
            Err(DriverError::Gone) => Ok(State::NotFound),
            other => Ok(other?),
        }
    }

    async fn start_host(&self, record: &mut Record) -> Result<(), OpsError> {
        self.context.events.step("starting the host");
        let started = self.driver.start(self.context, &mut record.config.driver).await;
        self.world.store.save(self.lock, record)?;
        Ok(started?)
    }

    /// Waits until the driver says that the host it made runs.
    async fn await_running(&self, record: &mut Record, deadline: Deadline) -> Result<(), OpsError> {
        let stored = &record.config.driver;
        let look = || async {
            let mut state = stored.clone();
            match self.driver.state(self.context, &mut state).await {
                // A driver that cannot know leaves it to the first login, too.
                Ok(State::Running | State::None) => Try::Done(state),
                Ok(other) => Try::Again(format!("it is {other}")),
                Err(error @ DriverError::Gone) => Try::Fail(OpsError::from(error)),
                Err(error) => Try::Again(in_one_line(&error)),
            }
        };
        let deadline = deadline.at_most(RUNNING_WAIT);
        let running = poll("the host to run", deadline, Backoff::NEAR, &self.context.events, look).await;
        record.config.driver = running.map_err(|error| match error {
            PollError::TimedOut(source) => OpsError::NeverRan { machine: record.name.to_string(), source },
            PollError::Failed(error) => error,
        })?;
        Ok(())
    }

    /// After a failure: an adopted host that was not touched leaves no record, anything else is named.
    fn leftover(&self, record: &Record, error: OpsError) -> OpsError {
        let untouched = !record.side.is_begun
            && self.driver.profile().origin == Origin::Adopted
            && error.left_host_untouched();
        if untouched && self.world.store.remove(self.lock).is_ok() {
            contexts::forget(self.world, &record.name);
            return error;
        }
        OpsError::Unfinished {
            machine: record.name.to_string(),
            host_exists: record.side.stage >= Stage::Created,
            source: Box::new(error),
        }
    }
}

/// Takes the name; an unfinished machine of that name is handed back to be taken up.
async fn reserve(
    world: &World,
    request: &Request,
    driver: &dyn Driver,
) -> Result<(Lock, Option<Record>), OpsError> {
    let events = world.events.of(&request.name);
    let wait = Deadline::after(LOCK_WAIT);
    match world.store.reserve(&request.name, wait, &events).await {
        Ok(lock) => return Ok((lock, None)),
        Err(StoreError::AlreadyExists(_)) if request.may_resume && !request.dry_run => {}
        Err(error) => return Err(error.into()),
    }
    let lock = world.store.lock(&request.name, wait, &events).await?;
    let record = world.store.load(&request.name)?;
    if record.side.stage == Stage::Provisioned {
        return Err(StoreError::AlreadyExists(request.name.clone()).into());
    }
    if record.config.driver_name != driver.name() {
        return Err(OpsError::UnfinishedElsewhere {
            machine: request.name.to_string(),
            driver: record.config.driver_name.clone(),
        });
    }
    events.note("taking up where an earlier create ended");
    Ok((lock, Some(record)))
}

/// The driver's state to begin with. A made host keeps what its first create recorded; an adopted one takes the flags as they are
/// now, since the last ones may have been the mistake.
fn first_state(
    driver: &dyn Driver,
    context: &Context,
    request: &Request,
    unfinished: Option<&Record>,
) -> Result<Value, OpsError> {
    let flags = told::told(request);
    match unfinished {
        Some(record) if driver.profile().origin == Origin::Made => {
            Ok(driver.take_up(context, &record.config.driver, &flags)?)
        }
        _ => Ok(driver.configure(context, &flags)?),
    }
}

/// A record as it would be saved.
fn draft(world: &World, request: &Request, driver: &dyn Driver, mut state: Value) -> Record {
    if let (true, Value::Object(fields)) = (driver.profile().provisions, &mut state) {
        // docker-machine keeps these in two places, and reads this one in its drivers.
        let SwarmOptions { master, host, discovery, .. } = request.swarm_options.clone();
        let swarm = [
            ("SwarmMaster", master.into()),
            ("SwarmHost", host.into()),
            ("SwarmDiscovery", discovery.into()),
        ];
        fields.extend(swarm.map(|(field, value): (&str, Value)| (field.to_owned(), value)));
    }
    let config = world.store.fresh_config(FreshConfig {
        name: &request.name,
        driver_name: driver.name(),
        driver: state,
        engine: request.engine_options.clone(),
        swarm: request.swarm_options.clone(),
        tls_sans: request.tls_sans.clone(),
        authority: &certs::paths(&world.store, &request.authority),
    });
    let side = Side {
        stage: Stage::Recorded,
        wishes: serde_json::to_value(wishes(request, driver)).unwrap_or_default(),
        created_at: Some(jiff::Timestamp::now().strftime("%FT%TZ").to_string()),
        created_by: Some(env!("CARGO_PKG_VERSION").to_owned()),
        context: request.context.stored(&request.name),
        ..Side::default()
    };
    Record::new(request.name.clone(), config, side)
}

/// The wishes as they are kept: a driver whose hosts take the machine's name says so.
fn wishes(request: &Request, driver: &dyn Driver) -> Wishes {
    let mut wishes = request.wishes.clone();
    if wishes.hostname.is_none() && driver.profile().names_host {
        wishes.hostname = Some(request.name.to_string());
    }
    wishes
}

/// The record on disk: a new one appears whole, an unfinished one takes the wishes of this run.
fn record(
    world: &World,
    request: &Request,
    driver: &dyn Driver,
    state: Value,
    unfinished: Option<Record>,
    lock: &Lock,
) -> Result<Record, OpsError> {
    let drafted = draft(world, request, driver, state);
    let Some(mut record) = unfinished else {
        world.store.create(lock, &drafted, &[])?;
        return Ok(drafted);
    };
    if driver.profile().origin == Origin::Adopted {
        // Its state is made from the flags of this run, so its first steps are taken again: a key may be another one.
        record.side.stage = Stage::Recorded;
    }
    record.config.driver = drafted.config.driver;
    record.config.host_options = drafted.config.host_options;
    record.side.wishes = drafted.side.wishes;
    record.side.context = drafted.side.context;
    world.store.save(lock, &mut record)?;
    Ok(record)
}
