//! Driver plugins: programs named `docker-machine-driver-NAME` that speak Go's net/rpc with gob over loopback TCP, and
//! `rmachine-driver-NAME` that speak JSON-RPC in lines.
//!
//! They exist for more than a hundred platforms, and we drive them unchanged: a plugin is started under a guard, says where it listens,
//! is given a machine's state as JSON, and is asked to act. docs/plugins.md describes what is said.

pub mod client;
pub mod connection;
mod endpoint;
pub mod error;
pub mod find;
mod flags;
pub mod gob;
pub mod lease;
pub mod lines;
pub mod pool;
pub mod process;
pub mod protocol;
mod sharing;
pub mod talk;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::future::BoxFuture;
use serde_json::Value as Json;

pub(super) use self::endpoint::Kept;
use self::{
    endpoint::of_plugin,
    error::PluginError,
    find::Program,
    gob::Value,
    lease::{ANSWER, Lease},
    pool::{Pool, in_thread},
};
use super::stored;
use crate::{
    checkpoint::Checkpoint,
    driver::{Base, Context, Driver, DriverError, FlagSpec, Flags, Profile, Result, Save, write_over},
    env::Env,
    machine::{SshEndpoint, State},
    retry::beat,
};

/// How long a host may take to be made: docker-machine never gave up.
const MAKING: Duration = Duration::from_secs(60 * 60);
/// How long it may take to come up, to go down, or to be checked.
const ACTING: Duration = Duration::from_secs(30 * 60);

/// The driver that a plugin is.
pub struct Plugin {
    program: Program,
    pool: Arc<Pool>,
    env: Env,
    flags: OnceLock<std::result::Result<Vec<FlagSpec>, PluginError>>,
}

impl Plugin {
    /// A driver by its program; the plugin is started when something is asked.
    pub fn new(program: Program, pool: Arc<Pool>, env: Env) -> Self {
        Self { program, pool, env, flags: OnceLock::new() }
    }

    /// Its flags, or why it does not say.
    pub fn known_flags(&self) -> Result<&[FlagSpec]> {
        let known = self.flags.get_or_init(|| {
            let mut plugin = self.pool.fresh(&self.program, &self.env)?;
            let answer = plugin.ask_now("GetCreateFlags", &Value::EMPTY, protocol::NOTHING)?;
            flags::read(&answer)
                .ok_or_else(|| plugin.client().unexpected("GetCreateFlags", "a list of flags"))
        });
        match known {
            Ok(flags) => Ok(flags),
            Err(error) => Err(error.clone().while_doing("learn the plugin's flags")),
        }
    }

    /// Its program's file.
    pub fn path(&self) -> &std::path::Path {
        &self.program.path
    }

    /// The version of the protocol that it speaks; asks it, and an answer means that it can be used.
    pub fn version(&self) -> std::result::Result<i64, PluginError> {
        self.pool.fresh(&self.program, &self.env).map(|_answers| protocol::VERSION)
    }

    /// A plugin of the machine's own, with its state.
    async fn own(&self, context: &Context, state: &Json) -> std::result::Result<Lease, PluginError> {
        let (pool, program) = (Arc::clone(&self.pool), self.program.clone());
        let (own, given) = (context.clone(), of_plugin(state));
        let mut plugin = in_thread(move || pool.own(&program, &own, &given)).await?;
        plugin.give(&context.name, &of_plugin(state)).await?;
        Ok(plugin)
    }

    /// Takes over what the plugin has as the machine's state.
    async fn learn(
        plugin: &mut Lease,
        context: &Context,
        state: &mut Json,
    ) -> std::result::Result<(), PluginError> {
        let now = plugin.state().await?;
        write_over(state, now);
        plugin.has(&context.name, &of_plugin(state));
        Ok(())
    }

    /// Has the host changed; what the plugin learnt by it is kept whatever came of it.
    async fn change(&self, context: &Context, state: &mut Json, act: Act) -> Result<()> {
        self.is_an_object(state)?;
        let doing = |error: PluginError| error.while_doing(act.doing);
        let mut plugin = self.own(context, state).await.map_err(doing)?;
        let outcome = plugin.ask(act.method, ACTING).await;
        let learnt = Self::learn(&mut plugin, context, state).await;
        outcome.map_err(doing)?;
        learnt.map_err(doing)?;
        if act.comes_up {
            Kept::ask(&mut plugin).await.map_err(doing)?.keep(state);
        }
        Ok(())
    }

    /// A first state with the flags on top of it.
    fn configured(&self, context: &Context, first: Json, flags: &Flags) -> Result<Json> {
        let doing = |error: PluginError| error.while_doing("configure the machine");
        let specs = self.known_flags()?;
        let given = of_plugin(&first);
        let mut plugin = self.pool.own(&self.program, context, &given).map_err(doing)?;
        let bytes = Value::Bytes(given.to_string().into_bytes());
        plugin.ask_now("SetConfigRaw", &bytes, protocol::STATE).map_err(doing)?;
        plugin.has(&context.name, &given);
        match plugin.ask_now("SetConfigFromFlags", &flags::write(specs, flags), protocol::FLAGS) {
            Err(PluginError::Refused { message }) => {
                // It has some of these flags now, and must not be asked again.
                plugin.spend();
                return Err(DriverError::Usage { message });
            }
            outcome => drop(outcome.map_err(doing)?),
        }
        let mut state = first;
        write_over(&mut state, plugin.state_now().map_err(doing)?);
        plugin.has(&context.name, &of_plugin(&state));
        Ok(state)
    }

    fn is_an_object(&self, state: &Json) -> Result<()> {
        if state.is_object() {
            return Ok(());
        }
        Err(DriverError::BadState {
            driver: self.program.driver.clone(),
            reason: "it is no object".to_owned(),
        })
    }

    async fn make(&self, context: &Context, state: &mut Json, save: Save<'_>) -> Result<()> {
        self.is_an_object(state)?;
        let doing = |error: PluginError| error.while_doing("make the host");
        let mut plugin = self.own(context, state).await.map_err(doing)?;
        if Kept::of(state).is_begun {
            // What an earlier create left half-made is nothing to build on, and nobody would remove it later.
            context.events.step("removing what an earlier create left");
            plugin
                .ask("Remove", ACTING)
                .await
                .map_err(|error| error.while_doing("remove what an earlier create left"))?;
        }
        Kept { is_begun: true, ..Kept::default() }.keep(state);
        save(state)?;
        context.checkpoints.reach(Checkpoint::HostBegun);
        let made = {
            let cut = CutOff { plugin: &mut plugin, state, save, is_over: false };
            cut.create().await
        };
        // One that is gone may have said before what must be saved.
        let learnt = Self::learn(&mut plugin, context, state).await;
        save(state)?;
        made.map_err(doing)?;
        learnt.map_err(doing)?;
        context.checkpoints.reach(Checkpoint::HostHalfMade);
        Kept::ask(&mut plugin).await.map_err(doing)?.keep(state);
        save(state)
    }
}

/// A verb of the plugin.
#[derive(Clone, Copy)]
struct Act {
    method: &'static str,
    doing: &'static str,
    /// Whether the host has an address afterwards.
    comes_up: bool,
}

/// A plugin at work on a host. Dropped before it is done, it is asked for what it has made so far, and that is saved: `rm` needs it.
struct CutOff<'a, 's> {
    plugin: &'a mut Lease,
    state: &'a Json,
    save: Save<'s>,
    is_over: bool,
}

impl CutOff<'_, '_> {
    async fn create(mut self) -> std::result::Result<Value, PluginError> {
        let client = self.plugin.client();
        let outcome = {
            let making = self.plugin.ask("Create", MAKING);
            tokio::pin!(making);
            let mut beat = beat(LOOK);
            loop {
                tokio::select! {
                    outcome = &mut making => break outcome,
                    _ = beat.tick() => if let Some(now) = client.unsaved() {
                        let mut state = self.state.clone();
                        write_over(&mut state, now);
                        // A disk that takes nothing now is told when all of it is saved.
                        let _ = (self.save)(&state);
                    },
                }
            }
        };
        self.is_over = true;
        outcome
    }
}

impl Drop for CutOff<'_, '_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        self.plugin.client().cancel(ON_THE_WAY_OUT);
        let saved = self.plugin.state_within(ON_THE_WAY_OUT).map(|now| {
            let mut state = self.state.clone();
            write_over(&mut state, now);
            (self.save)(&state)
        });
        // There is nobody left to tell but the log; the state before is on the disk.
        tracing::debug!(?saved, "cut off while the host was made");
        self.plugin.is_of_no_use();
    }
}

/// What is being done by [`check`].
const CHECKING: &str = "check what the host needs";

/// The plugin's own reasons against making a host.
async fn check(plugin: &mut Lease) -> Result<()> {
    match plugin.ask("PreCreateCheck", ACTING).await {
        Ok(_) => Ok(()),
        Err(PluginError::Refused { message }) => Err(DriverError::Preflight { message, hint: None }),
        Err(error) => Err(error.while_doing(CHECKING)),
    }
}

/// How often it is looked whether a plugin that makes a host says what must be saved.
const LOOK: Duration = Duration::from_millis(100);

/// How long an interrupted `create` waits for what the plugin has made so far.
const ON_THE_WAY_OUT: Duration = Duration::from_secs(2);

impl Driver for Plugin {
    fn name(&self) -> &str {
        &self.program.driver
    }

    fn profile(&self) -> Profile {
        stored::profile("a driver plugin")
    }

    fn flags(&self) -> Vec<FlagSpec> {
        self.known_flags().map(<[FlagSpec]>::to_vec).unwrap_or_default()
    }

    fn available(&self, _env: &Env) -> std::result::Result<(), String> {
        Ok(())
    }

    fn configure(&self, context: &Context, flags: &Flags) -> Result<Json> {
        self.configured(context, serde_json::to_value(Base::new(context)).unwrap_or_default(), flags)
    }

    fn take_up(&self, context: &Context, recorded: &Json, flags: &Flags) -> Result<Json> {
        if Kept::of(recorded).is_made() {
            Ok(recorded.clone())
        } else {
            self.configured(context, recorded.clone(), flags)
        }
    }

    fn preflight<'a>(&'a self, context: &'a Context, state: &'a Json) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            // What is half made is in the way of itself, and is looked at when it is gone.
            let kept = Kept::of(state);
            if kept.is_begun || kept.is_made() {
                return Ok(());
            }
            let plugin = self.own(context, state).await;
            check(&mut plugin.map_err(|error| error.while_doing(CHECKING))?).await
        })
    }

    fn create<'a>(
        &'a self,
        context: &'a Context,
        state: &'a mut Json,
        save: Save<'a>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.make(context, state, save))
    }

    fn state<'a>(&'a self, context: &'a Context, state: &'a mut Json) -> BoxFuture<'a, Result<State>> {
        Box::pin(async move {
            self.is_an_object(state)?;
            let doing = |error: PluginError| error.while_doing("ask what the host is doing");
            let given = of_plugin(state);
            let mut plugin = self.pool.shared(&self.program, context, &given).await.map_err(doing)?;
            plugin.give(&context.name, &given).await.map_err(doing)?;
            let answer = plugin.ask("GetState", ANSWER).await.map_err(doing)?;
            let number =
                answer.int().ok_or_else(|| doing(plugin.client().unexpected("GetState", "a number")))?;
            Ok(in_words(number))
        })
    }

    fn ssh(&self, context: &Context, state: &Json) -> Result<Option<SshEndpoint>> {
        Ok(stored::ssh(context, state))
    }

    fn url(&self, _context: &Context, state: &Json) -> Result<Option<String>> {
        Ok(stored::url(state))
    }

    fn ip(&self, _context: &Context, state: &Json) -> Result<Option<String>> {
        Ok(stored::ip(state))
    }

    fn start<'a>(&'a self, context: &'a Context, state: &'a mut Json) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.change(
            context,
            state,
            Act { method: "Start", doing: "start the host", comes_up: true },
        ))
    }

    fn stop<'a>(&'a self, context: &'a Context, state: &'a mut Json) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.change(context, state, Act { method: "Stop", doing: "stop the host", comes_up: false }))
    }

    fn restart<'a>(&'a self, context: &'a Context, state: &'a mut Json) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.change(
            context,
            state,
            Act { method: "Restart", doing: "restart the host", comes_up: true },
        ))
    }

    fn kill<'a>(&'a self, context: &'a Context, state: &'a mut Json) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.change(context, state, Act { method: "Kill", doing: "kill the host", comes_up: false }))
    }

    fn remove<'a>(&'a self, context: &'a Context, state: &'a mut Json) -> BoxFuture<'a, Result<()>> {
        Box::pin(self.change(
            context,
            state,
            Act { method: "Remove", doing: "remove the host", comes_up: false },
        ))
    }
}

/// docker-machine's numbers of states.
fn in_words(number: i64) -> State {
    match number {
        0 => State::None,
        1 => State::Running,
        2 => State::Paused,
        3 => State::Saved,
        4 => State::Stopped,
        5 => State::Stopping,
        6 => State::Starting,
        8 => State::Timeout,
        _ => State::Error,
    }
}
