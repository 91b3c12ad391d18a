//! Puts a host back as it was before it was adopted, from the journal it keeps.

use super::{
    ProvisionError,
    facts::{Facts, Origin},
    plan::{self, Fate},
    refusal::Refusal,
    state::{self, TLS_FOLDER, sha256},
    transaction::Transaction,
};
use crate::{
    engine::options::{self, Options},
    event::Events,
    remote::Remote,
    retry::Deadline,
};

/// What was put back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// The files that were put back or removed.
    pub paths: Vec<String>,
    /// Whether an engine that came with the adoption stays installed.
    pub engine_stays: bool,
    /// The settings in `daemon.json` that somebody else has changed since, which stay.
    pub kept: Vec<String>,
}

/// Puts a host back. Containers go on where live-restore allows it; where not, they must be allowed to stop.
pub async fn release(
    remote: &dyn Remote,
    facts: &Facts,
    may_stop_containers: bool,
    deadline: Deadline,
    events: &Events,
) -> Result<Released, ProvisionError> {
    let Some(origin) = &facts.origin else {
        return Err(ProvisionError::NotAdopted { host: remote.host().to_owned() });
    };
    let before = read(origin.config.as_deref());
    let after = after(facts, origin);
    let transaction = transaction(facts, origin, &after, may_stop_containers)?;
    transaction.run(remote, deadline, events).await?;
    let kept = options::changed_keys(&before, &after);
    let engine_stays = origin.installed && !origin.brought_engine();
    Ok(Released { paths: origin.paths.clone(), engine_stays, kept })
}

/// What `daemon.json` will say: what it said before the first adoption, with what somebody else has changed since. One that
/// cannot be read is put back as it was.
fn after(facts: &Facts, origin: &Origin) -> Options {
    let before = read(origin.config.as_deref());
    let now = facts.config.as_ref().and_then(|file| file.bytes.as_deref());
    match (now.map(options::parse), &facts.state) {
        (Some(Ok(now)), Some(state)) => options::unmerge(now, &state.daemon, &before),
        (Some(_) | None, _) => before,
    }
}

fn transaction(
    facts: &Facts,
    origin: &Origin,
    after: &Options,
    may_stop_containers: bool,
) -> Result<Transaction, Refusal> {
    let mode = facts.config.as_ref().map_or(0o644, |file| file.mode);
    let mut transaction = Transaction::new(&facts.config_path, mode);
    let now = facts.config.as_ref().and_then(|file| file.bytes.as_deref());
    transaction.expect(&facts.config_path, now.map(sha256).as_deref());
    transaction.tell("release", "");
    transaction.tell("daemon-reload", "");
    if *after != read(origin.config.as_deref()) {
        transaction.keep_config(after);
    }
    transaction.step("release");
    if origin.brought_engine() {
        return engine_goes(facts, transaction, may_stop_containers);
    }
    let is_active = facts.engine.as_ref().is_some_and(|engine| engine.service.is_active);
    // One that came with the adoption goes on, with the settings it was born with.
    let shall_run = origin.was_active || origin.installed;
    if !is_active || !shall_run {
        transaction.step("swap");
        transaction.step(if shall_run { "start" } else { "stop" });
        return Ok(transaction);
    }
    let before = read(now);
    transaction.forget(&before, after);
    if !needs_restart(origin, &before, after) {
        transaction.step("swap");
        if before != *after {
            transaction.step("reload");
        }
        return Ok(transaction);
    }
    let held = match plan::fate(facts, &plan::changing(facts, &before, after)) {
        Fate::Stop { containers, reason } if !may_stop_containers => {
            return Err(Refusal::ContainersWouldStop { containers, reason });
        }
        Fate::Held { .. } => true,
        Fate::NoneRun | Fate::GoOn { .. } | Fate::Stop { .. } => false,
    };
    if held {
        transaction.hold(&before, after);
        transaction.step("hold");
    }
    for step in ["swap", "restart", "health"] {
        transaction.step(step);
    }
    if held {
        transaction.step("settle");
    }
    Ok(transaction)
}

/// An engine out of an archive goes with everything that came with it; what it kept in /var/lib/docker stays.
fn engine_goes(
    facts: &Facts,
    mut transaction: Transaction,
    may_stop_containers: bool,
) -> Result<Transaction, Refusal> {
    let running = facts.engine.as_ref().and_then(|engine| engine.running.as_ref());
    let containers = running.map(|running| running.containers.clone()).unwrap_or_default();
    if !containers.is_empty() && !may_stop_containers {
        let reason = "the engine came with the adoption and goes with it".to_owned();
        return Err(Refusal::ContainersWouldStop { containers, reason });
    }
    if running.is_some_and(|running| running.live_restore) {
        let now = read(facts.config.as_ref().and_then(|file| file.bytes.as_deref()));
        transaction.let_go(&now);
        transaction.step("let_go");
    }
    for step in ["stop", "swap", "forget"] {
        transaction.step(step);
    }
    Ok(transaction)
}

/// Where only settings were changed that the engine reads again, it need not be disturbed.
fn needs_restart(origin: &Origin, before: &Options, after: &Options) -> bool {
    let is_fixed = |path: &String| state::is_of_service(path) || path.starts_with(TLS_FOLDER);
    origin.paths.iter().any(is_fixed)
        || options::changed_keys(before, after).iter().any(|key| !options::is_reloadable(key))
}

/// A daemon.json that cannot be read is put back all the same; only live-restore is then told to an otherwise empty one.
fn read(bytes: Option<&[u8]>) -> Options {
    bytes.and_then(|bytes| options::parse(bytes).ok()).unwrap_or_default()
}
