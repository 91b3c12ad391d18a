//! Which manager to ask: the first that answers and still has a quorum. A swarm outlives any one of them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};

use super::SwarmError;
use crate::{
    engine::api::Api,
    machine::MachineName,
    ops::{OpsError, World, connect, fan_out},
    retry::{Backoff, Deadline, Try, poll},
    swarm::{record::Record, standing::Seen},
};

/// How long a manager may take to answer: one that has lost its leader says nothing until there is another.
const ANSWER_WAIT: Duration = Duration::from_secs(30);

/// An election takes a few seconds, unless there is nobody to be elected.
const ELECTION_WAIT: Duration = Duration::from_secs(45);

/// A manager that answered.
#[derive(Clone)]
pub struct Manager {
    /// Its machine.
    pub machine: MachineName,
    /// Its engine.
    pub api: Arc<Api>,
    /// What it says of its swarm.
    pub seen: Seen,
}

/// What came of asking every manager.
pub type Answers = Vec<(MachineName, Result<Manager, OpsError>)>;

/// Asks all managers at once what they are.
pub async fn managers(world: &World, record: &Record) -> Answers {
    let names = record.managers().cloned().collect();
    fan_out::fan_out(names, fan_out::AT_ONCE, |machine| {
        let world = world.clone();
        async move { ask(&world, machine).await }
    })
    .await
}

async fn ask(world: &World, machine: MachineName) -> Result<Manager, OpsError> {
    let deadline = Deadline::after(ANSWER_WAIT);
    let api = engine(world, &machine, deadline).await?;
    let info = api.info(deadline).await?;
    Ok(Manager { machine, api: Arc::new(api), seen: Seen::of(&info.swarm) })
}

/// The engine of a member.
pub async fn engine(world: &World, machine: &MachineName, deadline: Deadline) -> Result<Api, OpsError> {
    let record = world.store.load(machine)?;
    connect::engine(world, world.driver(&record)?.as_ref(), &record, deadline).await
}

/// A manager of this swarm that can decide something. While managers that have lost their leader choose another, that is waited for.
pub async fn manager(world: &World, name: &MachineName, record: &Record) -> Result<Manager, OpsError> {
    let what = format!("the managers of swarm {name} to agree on a leader");
    let last = Mutex::new(String::new());
    let outcome = poll(&what, Deadline::after(ELECTION_WAIT), Backoff::NEAR, &world.events, || async {
        match first(world, record).await {
            Ok(manager) => Try::Done(manager),
            Err(Silent { why, may_elect }) => {
                why.clone_into(&mut *last.lock().unwrap_or_else(PoisonError::into_inner));
                if may_elect { Try::Again(why) } else { Try::Fail(()) }
            }
        }
    });
    let outcome = outcome.await;
    let why = last.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcome.map_err(|_| SwarmError::NoAnswer { name: name.clone(), why }.into())
}

/// Nobody decides.
struct Silent {
    why: String,
    /// Whether those that answer could still be enough.
    may_elect: bool,
}

/// The first manager that answers and decides, since one that is down takes long to be silent.
async fn first(world: &World, record: &Record) -> Result<Manager, Silent> {
    let mut why = Vec::new();
    let (mut electing, mut all) = (0, 0);
    let asked =
        record.managers().cloned().map(|machine| async move { (ask(world, machine.clone()).await, machine) });
    let mut asked: FuturesUnordered<_> = asked.collect();
    while let Some((answer, machine)) = asked.next().await {
        all += 1;
        match answer {
            Ok(Manager { seen: Seen::Manager { cluster, .. }, .. }) if cluster.is_empty() => {
                electing += 1;
                why.push(format!("{machine} has no quorum"));
            }
            Ok(manager) if decides(&manager.seen, record) => return Ok(manager),
            Ok(manager) => why.push(format!("{machine} {}", told(&manager.seen, record))),
            Err(error) => why.push(format!("{machine}: {error}")),
        }
    }
    Err(Silent { why: why.join("; "), may_elect: electing > all / 2 })
}

/// Whether a manager is one of this swarm's and has a quorum.
pub fn decides(seen: &Seen, record: &Record) -> bool {
    match seen {
        Seen::Manager { cluster, .. } => {
            !cluster.is_empty() && record.cluster.as_ref().is_none_or(|ours| ours == cluster)
        }
        Seen::Outside | Seen::Joining | Seen::Failed(_) | Seen::Locked | Seen::Worker { .. } => false,
    }
}

fn told(seen: &Seen, record: &Record) -> String {
    match seen {
        Seen::Manager { cluster, .. } if record.cluster.as_ref() != Some(cluster) => {
            "is in another swarm".to_owned()
        }
        Seen::Manager { .. } => "is a manager".to_owned(),
        Seen::Locked => "is locked".to_owned(),
        Seen::Worker { .. } => "is a worker now".to_owned(),
        Seen::Outside => "is in no swarm".to_owned(),
        Seen::Joining => "is still joining".to_owned(),
        Seen::Failed(reason) => format!("failed: {reason}"),
    }
}
