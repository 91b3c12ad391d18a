//! `swarm status` and `swarm ls`: what the managers say, beside what was recorded.

mod listed;
mod waiting;

pub use waiting::Waiting;

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{
    SwarmError, context,
    through::{self, Manager},
};
use crate::{
    engine::api::{
        ApiError,
        swarm::{Availability, Node, NodeState, Reachability, Role, Service, Task},
    },
    machine::MachineName,
    ops::{OpsError, World, connect, fan_out},
    retry::Deadline,
    swarm::{
        host::{self, Host},
        quorum::Quorum,
        record::{self, Record},
        standing::Seen,
    },
};

/// One round of questions.
const ASK_WAIT: Duration = Duration::from_secs(20);

/// A swarm as it is.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// Its name.
    pub name: MachineName,
    /// Its id, once it was formed.
    pub cluster: Option<String>,
    /// The manager that answered; none when no quorum is left.
    pub through: Option<MachineName>,
    /// How many managers there are.
    pub managers: usize,
    /// How many of them answer.
    pub reachable: usize,
    /// How many more may be lost.
    pub margin: usize,
    /// Whether managers start locked.
    pub autolock: bool,
    /// Whether the swarm's own CA is being replaced.
    pub ca_rotation: bool,
    /// Tasks that are to run and do not.
    pub waiting: Vec<Waiting>,
    /// Its nodes, those of the record first.
    pub nodes: Vec<NodeStatus>,
}

impl Status {
    /// Whether every node is what it should be.
    pub fn is_healthy(&self) -> bool {
        self.through.is_some() && self.nodes.iter().all(NodeStatus::is_well)
    }
}

/// A node as it is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NodeStatus {
    /// Its machine; none for a node that somebody else brought in.
    pub machine: Option<MachineName>,
    /// Its id, once it is in.
    pub id: Option<String>,
    /// Its host's name.
    pub hostname: String,
    /// What it is for.
    pub role: Role,
    /// Whether it answers.
    pub state: NodeState,
    /// Whether it gets tasks.
    pub availability: Availability,
    /// Whether it leads.
    pub leader: bool,
    /// Whether the other managers reach it, where it is one.
    pub reachability: Option<Reachability>,
    /// Its address.
    pub address: String,
    /// Its engine's version.
    pub engine: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// How many tasks run on it.
    pub tasks: usize,
    /// How many days its certificate holds; unknown where its host was not asked or could not say.
    pub certificate_days: Option<i64>,
    /// What is wrong with it.
    pub trouble: Option<String>,
    /// The way out, where there is a known one.
    #[serde(skip)]
    pub cure: Option<Cure>,
}

/// What helps a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cure {
    /// It must leave and join again.
    Rejoin,
    /// Its machine is gone: it is made anew, or forgotten.
    Gone,
    /// It is what is left of a host that was made anew.
    Earlier,
    /// It waits for the key.
    Unlock,
    /// It is in no swarm, or as another node: forming goes on.
    GoOn,
}

impl NodeStatus {
    /// A join that never came to be. The engine forgets no manager that is not in the majority, and has no way to make it one that is
    /// (moby's `UpdateNode`: "can't find manager in raft memberlist"), so it stays, and harms nothing.
    fn is_ghost(&self) -> bool {
        self.machine.is_none()
            && self.hostname.is_empty()
            && self.state == NodeState::Unknown
            && self.reachability.is_none()
    }

    fn is_well(&self) -> bool {
        let is_reachable =
            self.reachability.is_none_or(|reachability| reachability == Reachability::Reachable);
        self.is_ghost() || (self.state == NodeState::Ready && self.trouble.is_none() && is_reachable)
    }

    fn of(node: &Node, tasks: usize) -> Self {
        Self {
            machine: None,
            id: Some(node.id.clone()),
            hostname: node.description.hostname.clone(),
            role: node.role(),
            state: node.status.state,
            availability: node.availability(),
            leader: node.is_leader(),
            reachability: node.manager_status.as_ref().map(|status| status.reachability),
            address: node.status.addr.clone(),
            engine: node.description.engine.engine_version.clone(),
            labels: node.labels(),
            tasks,
            certificate_days: None,
            cure: None,
            trouble: Some(node.status.message.clone())
                .filter(|message| node.status.state != NodeState::Ready && !message.is_empty()),
        }
    }
}

/// What a swarm runs.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Its services.
    pub services: Vec<Service>,
    /// Their tasks.
    pub tasks: Vec<Task>,
}

/// Nodes, services and tasks in one look.
pub async fn work(manager: &Manager, deadline: Deadline) -> Result<Work, ApiError> {
    let nodes = manager.api.nodes(deadline).await?;
    let services = manager.api.services(deadline).await?;
    let tasks = manager.api.tasks(deadline).await?;
    Ok(Work { nodes, services, tasks })
}

/// Asks the managers, and the hosts for their certificates.
pub async fn status(world: &World, name: &MachineName, asks_hosts: bool) -> Result<Status, OpsError> {
    let record = world.swarm(name)?;
    let mut status = match through::manager(world, name, &record).await {
        Ok(manager) => {
            context::point(world, name, &record, &manager.machine);
            seen_by(name, &record, &manager).await?
        }
        Err(OpsError::Swarm(SwarmError::NoAnswer { .. })) => {
            unseen(name, &record, &through::managers(world, &record).await)
        }
        Err(error) => return Err(error),
    };
    for node in &mut status.nodes {
        if node.is_ghost() {
            node.trouble = Some("a join that never came to be; it stays and harms nothing".to_owned());
        }
        if node.machine.as_ref().is_some_and(|machine| !world.store.exists(machine)) {
            node.trouble = Some("the store has no such machine any more".to_owned());
            node.cure = Some(Cure::Gone);
        }
    }
    if asks_hosts {
        ask_hosts(world, &record, &mut status).await;
    }
    Ok(status)
}

async fn seen_by(name: &MachineName, record: &Record, manager: &Manager) -> Result<Status, OpsError> {
    let deadline = Deadline::after(ASK_WAIT);
    let swarm = manager.api.swarm(deadline).await?;
    let work = work(manager, deadline).await?;
    let quorum = Quorum::of(&work.nodes);
    Ok(Status {
        name: name.clone(),
        cluster: Some(swarm.id.clone()),
        through: Some(manager.machine.clone()),
        managers: quorum.managers,
        reachable: quorum.reachable,
        margin: quorum.margin(),
        autolock: swarm.is_autolocked(),
        ca_rotation: swarm.root_rotation_in_progress,
        waiting: waiting::waiting(&work),
        nodes: listed::listed(record, &work),
    })
}

/// Nobody can say anything of the whole: what each manager says of itself.
fn unseen(name: &MachineName, record: &Record, answers: &through::Answers) -> Status {
    let of = |node: &crate::swarm::record::Node| {
        let answer = answers.iter().find(|(machine, _)| *machine == node.machine).map(|(_, answer)| answer);
        let is_locked = matches!(answer, Some(Ok(manager)) if manager.seen == Seen::Locked);
        let trouble = match answer {
            None => None,
            Some(Ok(manager)) => match &manager.seen {
                Seen::Locked => Some("it is locked".to_owned()),
                Seen::Manager { .. } => Some("it has no quorum".to_owned()),
                Seen::Failed(reason) => Some(reason.clone()),
                Seen::Outside | Seen::Joining | Seen::Worker { .. } => {
                    Some("it is no manager of this swarm".to_owned())
                }
            },
            Some(Err(error)) => Some(error.to_string()),
        };
        NodeStatus {
            machine: Some(node.machine.clone()),
            id: node.id.clone(),
            role: node.role,
            availability: node.availability,
            address: node.advertise.map(|address| address.to_string()).unwrap_or_default(),
            trouble,
            cure: is_locked.then_some(Cure::Unlock),
            ..NodeStatus::default()
        }
    };
    Status {
        name: name.clone(),
        cluster: record.cluster.clone(),
        through: None,
        managers: record.managers().count(),
        reachable: 0,
        margin: 0,
        autolock: record.settings.autolock,
        ca_rotation: false,
        waiting: Vec::new(),
        nodes: record.nodes.iter().map(of).collect(),
    }
}

/// Asks the hosts for their certificates and addresses; one that cannot say is left without an answer.
async fn ask_hosts(world: &World, record: &Record, status: &mut Status) {
    let machines = status.nodes.iter().filter_map(|node| node.machine.clone()).collect();
    let now = jiff::Timestamp::now().as_second();
    let ill = |machine: &MachineName| {
        status.nodes.iter().any(|node| node.machine.as_ref() == Some(machine) && !node.is_well())
    };
    let hosts = fan_out::fan_out(machines, fan_out::AT_ONCE, |machine| {
        let (world, is_ill) = (world.clone(), ill(&machine));
        async move {
            let own = async { if is_ill { own_word(&world, &machine).await.ok() } else { None } };
            futures_util::future::join(own, async { look(&world, &machine).await.ok() }).await
        }
    })
    .await;
    for (machine, (seen, host)) in hosts {
        let node = status.nodes.iter_mut().find(|node| node.machine.as_ref() == Some(&machine));
        let Some(node) = node else { continue };
        if let Some((trouble, cure)) = seen.and_then(ailing) {
            node.trouble = Some(trouble);
            node.cure = Some(cure);
        }
        let Some(host) = host else { continue };
        node.certificate_days = host.certificate_until.map(|until| (until - now).div_euclid(24 * 60 * 60));
        if let Some(days) = node.certificate_days.filter(|days| *days < 0) {
            node.trouble = Some(format!("its certificate ended {} days ago", -days - 1));
            node.cure = Some(if node.state == NodeState::Ready { Cure::Rejoin } else { Cure::GoOn });
        }
        if let Some(moved) = record.node(&machine).and_then(|wished| moved(wished, &host)) {
            node.trouble = Some(moved);
            node.cure = Some(Cure::Rejoin);
        }
    }
}

/// What a node that the managers do not see well says of itself, where that explains it.
fn ailing(seen: Seen) -> Option<(String, Cure)> {
    match seen {
        Seen::Locked => Some(("it is locked".to_owned(), Cure::Unlock)),
        Seen::Failed(reason) => Some((reason, Cure::GoOn)),
        Seen::Outside => Some(("it is in no swarm any more".to_owned(), Cure::GoOn)),
        Seen::Joining | Seen::Worker { .. } | Seen::Manager { .. } => None,
    }
}

/// An address of the host's own that it has no more. Behind NAT the advertised one never was its own.
fn moved(wished: &record::Node, host: &Host) -> Option<String> {
    let dialled = wished.advertise.filter(|address| wished.listen == Some(*address))?;
    let now: Vec<String> = host.interfaces.iter().map(|interface| interface.net.addr().to_string()).collect();
    let is_there = now.is_empty() || now.contains(&dialled.to_string());
    (!is_there).then(|| format!("the others dial it at {dialled}, and its address is {} now", now.join(", ")))
}

async fn own_word(world: &World, machine: &MachineName) -> Result<Seen, OpsError> {
    let deadline = Deadline::after(ASK_WAIT);
    let engine = through::engine(world, machine, deadline).await?;
    Ok(Seen::of(&engine.info(deadline).await?.swarm))
}

async fn look(world: &World, machine: &MachineName) -> Result<Host, OpsError> {
    let deadline = Deadline::after(ASK_WAIT);
    let record = world.store.load(machine)?;
    let session = connect::session(world, world.driver(&record)?.as_ref(), &record, deadline, false).await?;
    let host = host::look(&session, &[], deadline).await.map_err(SwarmError::from)?;
    session.close().await;
    Ok(host)
}
