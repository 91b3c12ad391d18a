//! `store check`: what is broken in a store, and what of it can be mended.
//!
//! Looking takes no lock and writes nothing. Mending takes the lock of one machine after the other, looks again, and keeps what it
//! replaces under `<store>/.rmachine/backup/`. It goes on as long as there is something to mend: a restored record shows what else is
//! wrong.

mod authority;
mod backup;
mod certificates;
mod contexts;
mod machine;
mod paths;
mod places;
mod record;
mod swarms;

use std::{path::PathBuf, time::Duration};

use serde::Serialize;

use super::{OpsError, World, certs, create::AuthorityPaths, env_files};
use crate::{
    checkpoint::Checkpoints,
    contexts::Contexts,
    error::in_one_line,
    event::Events,
    machine::MachineName,
    retry::Deadline,
    store::{Lock, StoreError},
};
use backup::Backup;

/// How long another rmachine may be busy with a machine that is to be mended.
const LOCK_WAIT: Duration = Duration::from_secs(10);
/// How often a place is looked at again after something was mended.
const ROUNDS: usize = 6;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something does not work, or will not.
    Fault,
    /// It works; what is told goes by itself, or with the next command.
    Note,
}

/// What to do where nothing can be mended from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Nobody can bring the record back: forget it.
    Forget,
    /// A newer program is needed.
    UseNewest,
    /// The same create goes on, or `rm` removes what there is.
    CreateAgain {
        /// Of this driver.
        driver: String,
    },
    /// A node of a swarm whose machine is gone: take it out.
    TakeOut {
        /// The swarm.
        swarm: MachineName,
        /// The machine.
        machine: MachineName,
    },
    /// The host needs a new certificate.
    RegenerateCerts,
    /// docker-machine made it, and it alone has the driver.
    AskDockerMachine,
    /// One half of the CA is lost, or both do not fit.
    RestoreAuthority,
    /// The folder's name is none that a machine can have.
    Rename,
    /// Somebody else owns it.
    TakeOver,
    /// Another rmachine is at work.
    Wait,
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The folder under `machines/`; `None` for what all machines share.
    pub machine: Option<String>,
    /// A word for programs, such as `config-missing`.
    pub kind: &'static str,
    /// How much it matters.
    pub level: Level,
    /// What is wrong.
    pub what: String,
    /// What `--repair` does, where it can.
    pub repair: Option<String>,
    /// What else to do.
    pub advice: Option<Advice>,
    /// What came of mending it.
    pub mended: Mended,
}

/// What came of mending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mended {
    /// Nobody tried.
    No,
    /// It is as it should be now.
    Yes,
    /// It could not be mended, and why.
    Failed(String),
}

/// Everything that was found, and where the old files are if any were replaced.
#[derive(Clone, Debug)]
pub struct Report {
    /// In the order of the machines' names, the store's own first.
    pub findings: Vec<Finding>,
    /// The folder of what was replaced.
    pub backup: Option<PathBuf>,
}

/// A finding with what would mend it.
struct Found {
    finding: Finding,
    fix: Option<Fix>,
}

/// What mends something.
enum Fix {
    /// These bytes belong there.
    Write { path: PathBuf, bytes: Vec<u8> },
    /// Only the owner may read it.
    Private(PathBuf),
    /// It belongs to whom the store belongs to.
    Own(PathBuf),
    /// It does not belong there.
    SetAside(PathBuf),
    /// A save writes it in the current form.
    Save,
    /// The files for shells and Compose are written anew.
    EnvFiles,
    /// Whoever takes and gives back the machine's lock sweeps what the dead left.
    Sweep,
    /// The client's certificate is made anew.
    Client,
    /// docker's context of that name goes.
    Context { contexts: Contexts, name: MachineName },
}

impl Found {
    fn new(machine: Option<&str>, kind: &'static str, level: Level, what: impl Into<String>) -> Self {
        let finding = Finding {
            machine: machine.map(str::to_owned),
            kind,
            level,
            what: what.into(),
            repair: None,
            advice: None,
            mended: Mended::No,
        };
        Self { finding, fix: None }
    }

    fn fault(machine: &str, kind: &'static str, what: impl Into<String>) -> Self {
        Self::new(Some(machine), kind, Level::Fault, what)
    }

    fn note(machine: &str, kind: &'static str, what: impl Into<String>) -> Self {
        Self::new(Some(machine), kind, Level::Note, what)
    }

    fn mended_by(mut self, repair: impl Into<String>, fix: Fix) -> Self {
        self.finding.repair = Some(repair.into());
        self.fix = Some(fix);
        self
    }

    fn advised(mut self, advice: Advice) -> Self {
        self.finding.advice = Some(advice);
        self
    }
}

/// Looks at the whole store, and with `repair` mends what can be.
pub async fn check(world: &World, repair: bool) -> Result<Report, OpsError> {
    let mut backup = Backup::new(&world.store);
    let mut findings = shared(world, repair, &mut backup).await?;
    for name in world.store.names()? {
        match name.parse::<MachineName>() {
            Ok(name) => findings.extend(one(world, &name, repair, &mut backup).await?),
            Err(error) => {
                let what = format!("the folder has a name that no machine can have: {}", error.reason);
                findings.push(Found::fault(&name, "bad-name", what).advised(Advice::Rename).finding);
            }
        }
    }
    Ok(Report { findings, backup: backup.used() })
}

/// What the machines share: folders, the CA, what dead processes left.
async fn shared(world: &World, repair: bool, backup: &mut Backup) -> Result<Vec<Finding>, OpsError> {
    let mut all = Vec::new();
    for _ in 0..ROUNDS {
        let mut found = places::look(world)?;
        found.extend(authority::look(world)?);
        found.extend(swarms::look(world)?);
        found.extend(contexts::look(world)?);
        if !repair || found.iter().all(|found| found.fix.is_none()) {
            all.extend(found.into_iter().map(|found| found.finding));
            return Ok(all);
        }
        for found in found.into_iter().filter(|found| found.fix.is_some()) {
            let outcome = mend_shared(world, &found, backup).await;
            let mut finding = found.finding;
            if let Err(error) = outcome {
                finding.mended = Mended::Failed(in_one_line(&error));
                all.push(finding);
                return Ok(all);
            }
            finding.mended = Mended::Yes;
            all.push(finding);
        }
    }
    Ok(all)
}

async fn mend_shared(world: &World, found: &Found, backup: &mut Backup) -> Result<(), OpsError> {
    let deadline = Deadline::after(LOCK_WAIT);
    match &found.fix {
        Some(Fix::Client) => {
            let given = AuthorityPaths::default();
            let events = Events::silent();
            certs::ensure_authority(world, &given, &events, Checkpoints::default()).await?;
        }
        Some(Fix::Context { contexts, name }) => {
            contexts.remove(name, world.store.root())?;
        }
        Some(Fix::Sweep) => {
            let name = found.finding.machine.as_deref().and_then(|name| name.parse().ok());
            if let Some(name) = name {
                let name: MachineName = name;
                drop(world.store.lock(&name, deadline, &Events::silent()).await?);
            }
        }
        Some(fix) => {
            let _lock = world.store.lock_certs(deadline, &Events::silent()).await?;
            backup.apply(fix)?;
        }
        None => {}
    }
    Ok(())
}

/// One machine. One that is gone, or that another rmachine is at work on, is left to that.
async fn one(
    world: &World,
    name: &MachineName,
    repair: bool,
    backup: &mut Backup,
) -> Result<Vec<Finding>, OpsError> {
    let found = machine::look(world, name)?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    if !repair || found.iter().all(|found| found.fix.is_none()) {
        if let Some(holder) = world.store.holder(name) {
            let what = format!("{holder} is at work on it, so nothing can be said of it now");
            return Ok(vec![Found::note(name.as_str(), "busy", what).advised(Advice::Wait).finding]);
        }
        return Ok(found.into_iter().map(|found| found.finding).collect());
    }
    match world.store.lock(name, Deadline::after(LOCK_WAIT), &Events::silent()).await {
        Ok(lock) => mend(world, &lock, &found, backup),
        Err(error) => {
            let failed =
                |found: Found| Finding { mended: Mended::Failed(error.to_string()), ..found.finding };
            Ok(found.into_iter().map(failed).collect())
        }
    }
}

/// Mends what was found and whatever shows itself then. Who took the lock has swept what dead processes left.
fn mend(world: &World, lock: &Lock, before: &[Found], backup: &mut Backup) -> Result<Vec<Finding>, OpsError> {
    let mut all: Vec<Finding> = Vec::new();
    let mut found = machine::look(world, lock.name())?;
    let is_swept = |old: &Found| !found.iter().any(|new| new.finding == old.finding);
    for swept in before.iter().filter(|old| old.fix.is_some() && is_swept(old)) {
        all.push(Finding { mended: Mended::Yes, ..swept.finding.clone() });
    }
    for _ in 0..ROUNDS {
        let mut written = Vec::new();
        for found in found.iter().filter(|found| found.fix.is_some()) {
            match apply(world, lock, found, backup, &mut written) {
                Ok(true) => all.push(Finding { mended: Mended::Yes, ..found.finding.clone() }),
                // Another finding of this round changed the same file: looked at again in the next.
                Ok(false) => {}
                Err(error) => {
                    let why = in_one_line(&error);
                    all.push(Finding { mended: Mended::Failed(why), ..found.finding.clone() });
                    return Ok(all);
                }
            }
        }
        found = machine::look(world, lock.name())?;
        if found.iter().all(|found| found.fix.is_none()) {
            break;
        }
    }
    // What is still there was not mended, whatever was done.
    all.retain(|mended| !found.iter().any(|found| found.finding.what == mended.what));
    all.extend(found.into_iter().map(|found| found.finding));
    Ok(all)
}

fn apply(
    world: &World,
    lock: &Lock,
    found: &Found,
    backup: &mut Backup,
    written: &mut Vec<PathBuf>,
) -> Result<bool, OpsError> {
    match &found.fix {
        Some(Fix::Save) => {
            let mut record = world.store.load(lock.name())?;
            world.store.save(lock, &mut record)?;
        }
        Some(Fix::EnvFiles) => {
            let record = world.store.load(lock.name())?;
            env_files::write(world, world.driver(&record)?.as_ref(), lock, &record)?;
        }
        Some(Fix::Write { path, .. }) if written.contains(path) => return Ok(false),
        Some(fix @ (Fix::Write { .. } | Fix::Private(_) | Fix::Own(_) | Fix::SetAside(_))) => {
            backup.apply(fix)?;
            if let Fix::Write { path, .. } = fix {
                written.push(path.clone());
            }
        }
        // Taking the lock has done it.
        Some(Fix::Sweep | Fix::Client | Fix::Context { .. }) | None => {}
    }
    Ok(true)
}

/// A file of the store that cannot be read is told like anything else that is wrong with it.
fn told(error: &StoreError) -> String {
    in_one_line(error)
}
