//! `rehearsal`: hosts that are folders, for tests of what happens when many programs work on one store. Debug builds only, and in no
//! list: a release build does not know it.
//!
//! A host is a folder below the one that the flag names, and it runs while there is a file `up` in it: nothing of it can be half
//! written, and nothing of it is in the store, so that a host which lost its machine can be seen.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    checkpoint::Checkpoint,
    driver::{Base, BuiltIn, Context, DriverError, FlagSpec, Flags, Identity, Origin, Profile, Result},
    machine::{SshEndpoint, State},
};

/// Where no engine answers.
const URL: &str = "tcp://127.0.0.1:1";

/// The driver.
pub(super) struct Rehearsal;

/// What is stored of a machine.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rehearsed {
    #[serde(flatten)]
    base: Base,
    #[serde(default)]
    folder: PathBuf,
    /// What goes wrong: `create`, `run` or `remove`.
    #[serde(default)]
    fault: String,
    /// How often it was started: something to save.
    #[serde(default)]
    starts: u64,
}

impl Rehearsed {
    fn host(&self) -> PathBuf {
        self.folder.join(&self.base.machine_name)
    }

    fn up(&self) -> PathBuf {
        self.host().join("up")
    }

    fn rehearsed(&self, doing: &str) -> DriverError {
        DriverError::failed(doing, format!("this was wished for by --rehearsal-fault {}", self.fault))
    }
}

impl BuiltIn for Rehearsal {
    type State = Rehearsed;
    const NAME: &'static str = "rehearsal";

    fn profile(&self) -> Profile {
        Profile {
            summary: "a host that is a folder",
            origin: Origin::Made,
            provisions: false,
            identity: Identity::NoLogin,
            names_host: false,
            is_local: false,
            adopts: None,
        }
    }

    fn flags(&self) -> Vec<FlagSpec> {
        vec![
            FlagSpec::text("rehearsal-folder", "Make the host below this folder"),
            FlagSpec::text("rehearsal-fault", "Let this go wrong: create, run or remove"),
        ]
    }

    fn configure(&self, context: &Context, flags: &Flags) -> Result<Rehearsed> {
        let Some(folder) = flags.text("rehearsal-folder") else {
            return Err(DriverError::Usage { message: "--rehearsal-folder must be given".to_owned() });
        };
        let fault = flags.text("rehearsal-fault").unwrap_or_default().to_owned();
        Ok(Rehearsed { base: Base::new(context), folder: PathBuf::from(folder), fault, starts: 0 })
    }

    async fn preflight(&self, _context: &Context, _state: &Rehearsed) -> Result<()> {
        Ok(())
    }

    async fn create(
        &self,
        context: &Context,
        state: &mut Rehearsed,
        save: &(dyn Fn(&Rehearsed) -> Result<()> + Send + Sync),
    ) -> Result<()> {
        save(state)?;
        context.checkpoints.reach(Checkpoint::HostBegun);
        fs::create_dir_all(state.host()).map_err(|error| DriverError::failed("make the host", error))?;
        context.checkpoints.reach(Checkpoint::HostHalfMade);
        match state.fault.as_str() {
            "create" => Err(state.rehearsed("start the host")),
            "run" => Ok(()),
            _ => self.start(context, state).await,
        }
    }

    async fn state(&self, _context: &Context, state: &mut Rehearsed) -> Result<State> {
        Ok(match (state.host().is_dir(), state.up().exists()) {
            (false, _) => return Err(DriverError::Gone),
            (true, true) => State::Running,
            (true, false) => State::Stopped,
        })
    }

    fn ssh(&self, _context: &Context, _state: &Rehearsed) -> Option<SshEndpoint> {
        None
    }

    fn url(&self, _context: &Context, _state: &Rehearsed) -> Option<String> {
        Some(URL.to_owned())
    }

    fn ip(&self, _context: &Context, state: &Rehearsed) -> Option<String> {
        Some(state.base.ip_address.clone()).filter(|address| !address.is_empty())
    }

    async fn start(&self, _context: &Context, state: &mut Rehearsed) -> Result<()> {
        fs::write(state.up(), "").map_err(|error| DriverError::failed("start the host", error))?;
        state.starts += 1;
        Ok(())
    }

    async fn stop(&self, _context: &Context, state: &mut Rehearsed) -> Result<()> {
        gone(fs::remove_file(state.up()), "stop the host")
    }

    async fn kill(&self, context: &Context, state: &mut Rehearsed) -> Result<()> {
        self.stop(context, state).await
    }

    async fn remove(&self, context: &Context, state: &mut Rehearsed) -> Result<()> {
        if state.folder == Path::new("") {
            return Ok(());
        }
        if state.fault == "remove" {
            return Err(state.rehearsed("remove the host"));
        }
        self.stop(context, state).await?;
        gone(fs::remove_dir(state.host()), "remove the host")
    }
}

/// What is gone already need not go.
fn gone(outcome: std::io::Result<()>, doing: &str) -> Result<()> {
    match outcome {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(DriverError::failed(doing, error)),
        _ => Ok(()),
    }
}
