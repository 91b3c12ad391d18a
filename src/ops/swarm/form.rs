//! From hosts that fit together to nodes that are ready: the first manager, then the others one at a time, and workers meanwhile.
//!
//! A manager joins while the leader holds a lock and calls back, hence one at a time; workers only need somebody to sign for them. Whatever is
//! learned is saved at once, so that a run that is cut off is taken up where it was.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{StreamExt, stream};

use super::{SwarmError, context, muster::Present};
use crate::{
    checkpoint::{Checkpoint, Checkpoints},
    engine::api::{
        Api,
        swarm::{self, Availability, InitRequest, Role, Rotation},
    },
    machine::MachineName,
    ops::{OpsError, World},
    retry::Deadline,
    store::Lock,
    swarm::{
        addresses::Addresses,
        formation::{self, Door, Joiner},
        record::{Node, Record, Stage, UnlockKey},
        standing::{Conflict, Seen},
    },
};

/// Workers that join at the same time.
const WINDOW: usize = 10;
/// One request to an engine that is up.
const ASK_WAIT: Duration = Duration::from_secs(30);
/// One join, the engine's own attempts included.
const JOIN_WAIT: Duration = Duration::from_secs(150);

/// What came of each node.
pub type Results = Vec<(MachineName, Result<(), OpsError>)>;

/// A swarm that is being formed.
pub struct Forming<'a> {
    /// What verbs work with.
    pub world: &'a World,
    /// The lock of the swarm's name.
    pub lock: &'a Lock,
    /// The record, saved after each step.
    pub record: Mutex<Record>,
    /// The hosts that can be used.
    pub present: Vec<Arc<Present>>,
}

impl Forming<'_> {
    /// Changes the record and saves it.
    fn note(&self, change: impl FnOnce(&mut Record)) -> Result<(), OpsError> {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut record);
        Ok(self.world.store.save_swarm(self.lock, &*record)?)
    }

    fn read<T>(&self, of: impl FnOnce(&Record) -> T) -> T {
        of(&self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn reach(&self, point: Checkpoint) {
        Checkpoints::from_env(&self.world.env).reach(point);
    }

    fn node(&self, machine: &MachineName) -> Option<Node> {
        self.read(|record| record.node(machine).cloned())
    }

    /// Begins the swarm on this host.
    pub async fn begin(&self, first: &Present) -> Result<String, OpsError> {
        let events = self.world.events.of(&first.machine);
        let settings = self.read(|record| record.settings.clone());
        let (addresses, availability) = self.placed(&first.machine)?;
        let joiner = Joiner {
            machine: &first.machine,
            api: &first.api,
            addresses: &addresses,
            role: Role::Manager,
            events: &events,
        };
        let request = InitRequest {
            data_path_port: settings.data_path_port,
            address_pool: settings.pools.iter().map(ToString::to_string).collect(),
            subnet_size: settings.subnet_size,
            autolock: settings.autolock,
            availability,
            ..InitRequest::default()
        };
        let id =
            formation::init(&joiner, request, Deadline::after(JOIN_WAIT)).await.map_err(SwarmError::from)?;
        self.reach(Checkpoint::SwarmBegun);
        let cluster = first.api.swarm(Deadline::after(ASK_WAIT)).await?.id;
        self.begun(first, &id, &cluster).await?;
        Ok(cluster)
    }

    /// Keeps what the first manager can say: without the unlock key a swarm that restarts is lost.
    pub async fn begun(&self, first: &Present, id: &str, cluster: &str) -> Result<(), OpsError> {
        let key = first.api.unlock_key(Deadline::after(ASK_WAIT)).await?;
        self.note(|record| {
            record.cluster = Some(cluster.to_owned());
            record.stage = record.stage.max(Stage::Begun);
            record.unlock_key = key.map(UnlockKey);
            if let Some(node) = record.node_mut(&first.machine) {
                node.id = Some(id.to_owned());
            }
        })?;
        self.reach(Checkpoint::SwarmRecorded);
        Ok(())
    }

    fn placed(&self, machine: &MachineName) -> Result<(Addresses, Availability), OpsError> {
        let node = self.node(machine);
        let addresses = node.as_ref().and_then(Node::addresses);
        let (Some(addresses), Some(node)) = (addresses, node) else {
            return Err(SwarmError::Unfinished { machine: machine.clone() }.into());
        };
        Ok((addresses, node.availability))
    }

    /// Brings in everybody who is not in yet. One that fails stops no other.
    pub async fn bring_in(&self, first: &Present) -> Result<Results, OpsError> {
        let tokens = first.api.swarm(Deadline::after(ASK_WAIT)).await?.join_tokens;
        let address = self.placed(&first.machine)?.0.join_address();
        let doors = Mutex::new(vec![address]);
        let door = |role: Role, place: usize| {
            let doors = doors.lock().unwrap_or_else(PoisonError::into_inner);
            Door { address: doors[place % doors.len()].clone(), token: tokens.of(role).clone() }
        };
        let others = |role: Role| {
            let of_role = move |present: &&Arc<Present>| {
                present.machine != first.machine
                    && self.node(&present.machine).is_some_and(|node| node.role == role)
            };
            self.present.iter().filter(of_role).cloned().collect::<Vec<_>>()
        };
        let managers = async {
            let mut results = Vec::new();
            for present in others(Role::Manager) {
                // The leader lets managers in one at a time; the first door is always there.
                let outcome = self.bring(&present, &first.api, door(Role::Manager, 0)).await;
                if outcome.is_ok()
                    && let Ok((addresses, _)) = self.placed(&present.machine)
                {
                    doors.lock().unwrap_or_else(PoisonError::into_inner).push(addresses.join_address());
                }
                results.push((present.machine.clone(), outcome));
            }
            results
        };
        let workers = stream::iter(others(Role::Worker).into_iter().enumerate())
            .map(|(place, present)| {
                let door = door(Role::Worker, place);
                async move { (present.machine.clone(), self.bring(&present, &first.api, door).await) }
            })
            .buffered(WINDOW)
            .collect::<Results>();
        let (managers, workers) = futures_util::future::join(managers, workers).await;
        Ok(managers.into_iter().chain(workers).collect())
    }

    /// Brings one host in, or takes up where an earlier run left it, and waits until the managers see it ready.
    async fn bring(&self, present: &Present, through: &Api, door: Door) -> Result<(), OpsError> {
        let events = self.world.events.of(&present.machine);
        let (addresses, availability) = self.placed(&present.machine)?;
        let role = self.node(&present.machine).map_or(Role::Worker, |node| node.role);
        let joiner = Joiner {
            machine: &present.machine,
            api: &present.api,
            addresses: &addresses,
            role,
            events: &events,
        };
        let id = match present.seen() {
            Seen::Worker { node } | Seen::Manager { node, .. } => {
                self.ours(present, through, &node).await?;
                node
            }
            Seen::Joining => {
                let id = &present.info.swarm.node_id;
                if !id.is_empty() {
                    self.ours(present, through, id).await?;
                }
                let let_in = formation::active(&joiner, &door, Deadline::after(JOIN_WAIT)).await;
                let_in.map_err(SwarmError::from)?
            }
            Seen::Locked => return Err(SwarmError::NoKey { name: self.lock.name().clone() }.into()),
            Seen::Failed(_) => {
                // What an earlier attempt left behind would refuse this one.
                present.api.swarm_leave(true, Deadline::after(ASK_WAIT)).await?;
                self.join(&joiner, &door, availability).await?
            }
            Seen::Outside => self.join(&joiner, &door, availability).await?,
        };
        self.note(|record| {
            if let Some(node) = record.node_mut(&present.machine) {
                node.succeed(&id);
            }
        })?;
        self.reach(Checkpoint::NodeJoined);
        self.in_role(through, &id, role).await?;
        formation::settled(through, &present.machine, &id, &events, Deadline::after(JOIN_WAIT))
            .await
            .map_err(SwarmError::from)?;
        for earlier in self.node(&present.machine).map(|node| node.earlier).unwrap_or_default() {
            self.replace(present, through, &earlier).await?;
        }
        Ok(())
    }

    /// A node that the managers do not know is one of another swarm, or was forgotten by this one.
    async fn ours(&self, present: &Present, through: &Api, id: &str) -> Result<(), OpsError> {
        if through.node(id, Deadline::after(ASK_WAIT)).await?.is_some() {
            return Ok(());
        }
        let conflict = Conflict::Stranger { machine: present.machine.clone() };
        Err(SwarmError::Conflict { swarm: self.lock.name().clone(), conflict }.into())
    }

    /// A host that was made anew would show twice: its earlier node gives its labels to the new one and goes.
    async fn replace(&self, present: &Present, through: &Api, earlier: &str) -> Result<(), OpsError> {
        let events = self.world.events.of(&present.machine);
        let found = through.node(earlier, Deadline::after(ASK_WAIT)).await?;
        if found.is_some() {
            events.step("taking the place of its earlier node");
            through
                .update_node(earlier, Deadline::after(ASK_WAIT), |spec| spec["Role"] = "worker".into())
                .await?;
            formation::forget(through, &present.machine, earlier, &events).await.map_err(SwarmError::from)?;
        }
        self.note(|record| {
            if let Some(node) = record.node_mut(&present.machine) {
                node.earlier.retain(|id| id != earlier);
                for (key, value) in found.iter().flat_map(swarm::Node::labels) {
                    node.labels.entry(key).or_insert(value);
                }
            }
        })
    }

    async fn join(
        &self,
        joiner: &Joiner<'_>,
        door: &Door,
        availability: Availability,
    ) -> Result<String, OpsError> {
        let outcome = formation::join(joiner, door, availability, Deadline::after(JOIN_WAIT)).await;
        Ok(outcome.map_err(SwarmError::from)?)
    }

    /// A node that is in with the other role gets the one that was asked for.
    async fn in_role(&self, through: &Api, id: &str, role: Role) -> Result<(), OpsError> {
        let role = role.to_string();
        let deadline = Deadline::after(ASK_WAIT);
        through.update_node(id, deadline, |spec| spec["Role"] = role.clone().into()).await?;
        Ok(())
    }

    /// Labels and availability as they were asked for, and tokens that nobody has seen.
    pub async fn finish(&self, first: &Present, was_formed: bool) -> Result<(), OpsError> {
        let deadline = Deadline::after(ASK_WAIT);
        let nodes = self.read(|record| record.nodes.clone());
        for node in &nodes {
            let Some(id) = &node.id else { continue };
            first
                .api
                .update_node(id, deadline, |spec| {
                    spec["Availability"] = node.availability.to_string().into();
                    for (key, value) in &node.labels {
                        spec["Labels"][key] = value.clone().into();
                    }
                })
                .await?;
        }
        if !was_formed {
            let rotation = Rotation { worker_token: true, manager_token: true };
            first.api.update_swarm(rotation, deadline, |_| {}).await?;
        }
        context::point(self.world, self.lock.name(), &self.read(Record::clone), &first.machine);
        self.reach(Checkpoint::SwarmFinished);
        Ok(())
    }

    /// Says that everything is as it was asked for.
    pub fn formed(&self) -> Result<(), OpsError> {
        self.note(|record| record.stage = Stage::Formed)
    }
}
