//! `swarm create`: from names, numbers or a list of hosts to a healthy swarm; run again, it goes on where it ended.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use super::{
    SwarmError, change, checks,
    form::{Forming, Results},
    muster::{self, Present},
    reachable::Line,
    ready, through,
};
use crate::{
    checkpoint::{Checkpoint, Checkpoints},
    contexts::Wish,
    driver::FlagValue,
    drivers,
    machine::MachineName,
    ops::{
        OpsError, World,
        create::{self, Outcome},
        fan_out::{AT_ONCE, fan_out},
    },
    store::{Lock, Stage as MachineStage},
    swarm::{
        addresses::Wishes,
        check::Candidate,
        record::{Node, Record, Settings, Stage},
        standing::{self, Seen, Standing},
        topology::{self, Asked, Member, Origin},
    },
};

/// What the user asked for.
#[derive(Clone)]
pub struct Request {
    /// The swarm's name.
    pub name: MachineName,
    /// Who takes part; empty goes on with what was recorded.
    pub asked: Asked,
    /// What the swarm is to be like.
    pub settings: Settings,
    /// Which addresses to use.
    pub wishes: Wishes,
    /// How new machines are made, everything but the name; none where no driver was named and none can be run here.
    pub template: Option<create::Request>,
    /// Whether docker gets a context for the swarm.
    pub context: Wish,
    /// The members are to join those that were recorded.
    pub is_added: bool,
}

/// What came of it.
pub struct Report {
    /// The cluster's id.
    pub cluster: String,
    /// Who reaches whom; empty when nobody was left to join.
    pub table: Vec<Line>,
    /// What came of each node, in the order of the record.
    pub results: Results,
    /// Whether anything had to be done.
    pub changed: bool,
    /// How long it took.
    pub took: Duration,
}

/// Forms the swarm, or goes on forming it. A node that fails undoes no other; it is told in the report.
pub async fn create(world: &World, request: Request) -> Result<Report, OpsError> {
    let began = Instant::now();
    if world.store.exists(&request.name) {
        return Err(SwarmError::NameOfMachine { name: request.name }.into());
    }
    let lock = world.lock(&request.name).await?;
    let was_begun = world.store.has_swarm(&request.name);
    let mut record = record(world, &request)?;
    record.context = record.context.or_else(|| request.context.stored(&request.name));
    let members = record.members();
    free(world, &request.name, &members)?;
    checks::preflight(world, &request, &members).await?;
    world.store.save_swarm(&lock, &record)?;
    reach(world, Checkpoint::SwarmPlanned);
    let outcome = assemble(world, &request, &lock, record, was_begun).await;
    let outcome = outcome.map(|report| Report { took: began.elapsed(), ..report });
    if outcome.is_err() && is_untouched(world, &world.swarm(&request.name)?) {
        world.store.remove_swarm(&lock)?;
    }
    outcome
}

/// What forming would begin with: everything is looked at that can be before a host is touched, and nothing is kept.
pub async fn plan(world: &World, request: &Request) -> Result<Vec<Node>, OpsError> {
    if world.store.exists(&request.name) {
        return Err(SwarmError::NameOfMachine { name: request.name.clone() }.into());
    }
    let record = record(world, request)?;
    let members = record.members();
    free(world, &request.name, &members)?;
    checks::preflight(world, request, &members).await?;
    Ok(record.nodes)
}

/// Whether nothing was made or begun for a swarm, so that its record says nothing.
fn is_untouched(world: &World, record: &Record) -> bool {
    let is_there = |node: &Node| node.is_made() && world.store.exists(&node.machine);
    record.cluster.is_none() && !record.nodes.iter().any(is_there)
}

/// From the record to nodes that are ready.
async fn assemble(
    world: &World,
    request: &Request,
    lock: &Lock,
    mut record: Record,
    was_begun: bool,
) -> Result<Report, OpsError> {
    let members = record.members();
    let mut results = make(world, request, &members).await;
    reach(world, Checkpoint::SwarmMustered);
    results.extend(unlock(world, &request.name, &record).await?);
    let usable = without_failed(&members, &results);
    let entered = muster::enter(world, usable).await;
    let mut present = Vec::new();
    for (machine, outcome) in entered {
        match outcome {
            Ok(one) => present.push(one),
            Err(error) => results.push((machine, Err(error))),
        }
    }
    let (candidates, standing) = match stand(world, &request.name, &record, &present, was_begun).await {
        Err(error) => return Err(cause(error, results)),
        Ok(standing) => standing,
    };
    for one in &present {
        if let (Some(node), Some(addresses)) = (record.node_mut(&one.machine), one.addresses()) {
            node.locate(&addresses);
        }
    }
    let table = checks::prepare(world, request, &mut record, &present, &candidates).await?;
    world.store.save_swarm(lock, &record)?;

    let was_formed = record.stage == Stage::Formed;
    let is_recorded = |one: &Arc<Present>| {
        one.seen()
            .node()
            .is_some_and(|id| record.node(&one.machine).is_some_and(|node| node.id.as_deref() == Some(id)))
    };
    let changed = !was_formed || !present.iter().all(is_recorded);
    let (present, unready) = ready::ready(world, lock, &mut record, present).await?;
    results.extend(unready);
    let (cluster, joined) = match form(world, lock, record, present, standing, was_formed, &results).await {
        // Why none can be used says more.
        Err(error) => return Err(cause(error, results)),
        Ok(formed) => formed,
    };
    results.extend(joined);
    let results = in_order(&members, results);
    Ok(Report { cluster, table, results, changed, took: Duration::ZERO })
}

/// Where no manager is left, what became of the first host says more.
fn cause(error: OpsError, results: Results) -> OpsError {
    let failed = results.into_iter().find_map(|(_, outcome)| outcome.err());
    match (error, failed) {
        (OpsError::Swarm(SwarmError::NoManager { .. }), Some(failed)) => failed,
        (error, _) => error,
    }
}

fn reach(world: &World, point: Checkpoint) {
    Checkpoints::from_env(&world.env).reach(point);
}

/// What an earlier run recorded, else a new one. Asking for something else than was begun is refused.
fn record(world: &World, request: &Request) -> Result<Record, OpsError> {
    if request.is_added {
        return extended(world, request);
    }
    let is_asked = request.asked != Asked::default();
    let recorded = world.swarm_if_there(&request.name)?;
    let Some(recorded) = recorded.filter(|record| !is_asked || !is_untouched(world, record)) else {
        let members = topology::members(&request.name, &request.asked).map_err(SwarmError::from)?;
        return Ok(Record::new(&members, request.settings.clone()));
    };
    if is_asked {
        let members = topology::members(&request.name, &request.asked).map_err(SwarmError::from)?;
        let of = |members: &[Member]| {
            let mut of: Vec<_> = members.iter().map(|member| (member.machine.clone(), member.role)).collect();
            of.sort();
            of
        };
        if of(&members) != of(&recorded.members()) {
            let told = recorded.nodes.iter().map(|node| format!("{} ({})", node.machine, node.role));
            let members = told.collect::<Vec<_>>().join(", ");
            return Err(SwarmError::OtherMembers { name: request.name.clone(), members }.into());
        }
        // A pool that nobody asked for was chosen by an earlier run.
        let pools = match request.settings.pools.as_slice() {
            [] => recorded.settings.pools.clone(),
            asked => asked.to_vec(),
        };
        if recorded.settings != (Settings { pools, ..request.settings.clone() }) {
            return Err(SwarmError::OtherSettings { name: request.name.clone() }.into());
        }
    }
    world.events.note(format!("going on with swarm {}", request.name));
    Ok(recorded)
}

/// The recorded swarm with further members.
fn extended(world: &World, request: &Request) -> Result<Record, OpsError> {
    let mut record = world.swarm(&request.name)?;
    let taken: BTreeSet<MachineName> = record.nodes.iter().map(|node| node.machine.clone()).collect();
    let added = topology::added(&request.name, &request.asked, record.managers().count(), &taken)
        .map_err(SwarmError::from)?;
    for member in added {
        record.nodes.push(Node::of(&member, &record.settings));
    }
    record.stage = record.stage.min(Stage::Begun);
    Ok(record)
}

/// A machine may be a member of one swarm only.
fn free(world: &World, name: &MachineName, members: &[Member]) -> Result<(), OpsError> {
    for other in world.store.swarms()?.into_iter().filter(|other| other != name) {
        // One that cannot be read is told by the verbs on it.
        let Ok(record) = world.swarm(&other) else { continue };
        if let Some(member) = members.iter().find(|member| record.node(&member.machine).is_some()) {
            return Err(SwarmError::Taken { machine: member.machine.clone(), swarm: other }.into());
        }
    }
    Ok(())
}

/// How a member's machine is made.
pub(super) fn machine(request: &Request, member: &Member) -> Result<create::Request, OpsError> {
    let template =
        request.template.clone().ok_or_else(|| SwarmError::NoDriver { machine: member.machine.clone() })?;
    let mut made =
        create::Request { name: member.machine.clone(), dry_run: false, may_resume: true, ..template };
    if let Origin::Listed { address, engine_port } = &member.origin
        && let Some(adopts) = drivers::find(&made.driver).and_then(|driver| driver.profile().adopts)
    {
        made.flags.0.insert(adopts.address.to_owned(), FlagValue::Text(address.clone()));
        if let Some(port) = engine_port {
            made.flags.0.insert(adopts.engine_port.to_owned(), FlagValue::Int(i64::from(*port)));
        }
    }
    Ok(made)
}

/// Makes the machines that are to be made, all at once; a create that was cut off is taken up.
async fn make(world: &World, request: &Request, members: &[Member]) -> Results {
    let is_finished = |member: &Member| {
        let record = world.store.load(&member.machine);
        record.is_ok_and(|record| record.side.stage == MachineStage::Provisioned)
    };
    let due: Vec<&Member> =
        members.iter().filter(|member| member.origin != Origin::Existing && !is_finished(member)).collect();
    let names = due.iter().map(|member| member.machine.clone()).collect();
    let made = fan_out(names, AT_ONCE, |name| {
        let (world, due) = (world.clone(), due.iter().find(|member| member.machine == name));
        let request = due.map(|member| machine(request, member));
        async move {
            match request {
                Some(request) => create::create(&world, request?).await.map(|_: Outcome| ()),
                None => Ok(()),
            }
        }
    })
    .await;
    made.into_iter().filter(|(_, outcome)| outcome.is_err()).collect()
}

fn without_failed(members: &[Member], results: &Results) -> Vec<MachineName> {
    let has_failed = |name: &MachineName| results.iter().any(|(failed, _)| failed == name);
    members.iter().map(|member| member.machine.clone()).filter(|name| !has_failed(name)).collect()
}

/// Managers that came up locked get the key of the store. Answers those that did not take it.
async fn unlock(world: &World, name: &MachineName, record: &Record) -> Result<Results, OpsError> {
    if record.unlock_key.is_none() {
        return Ok(Results::new());
    }
    let mut locked = change::unlock(world, name).await?;
    if !locked.is_empty() {
        through::manager(world, name, record).await?;
    }
    locked.retain(|(_, outcome)| outcome.is_err());
    Ok(locked)
}

/// What is there already, and through whom it can be asked.
async fn stand(
    world: &World,
    name: &MachineName,
    record: &Record,
    present: &[Arc<Present>],
    was_begun: bool,
) -> Result<(Vec<Candidate>, Standing), OpsError> {
    let members: Vec<Member> =
        present.iter().filter_map(|one| record.node(&one.machine)).map(Node::member).collect();
    let seen: Vec<Seen> = present.iter().map(|one| one.seen()).collect();
    let standing = standing::standing(&members, &seen, record.cluster.as_deref(), was_begun)
        .map_err(|conflict| SwarmError::Conflict { swarm: name.clone(), conflict })?;
    if standing == Standing::Nothing
        && !members.iter().any(|member| member.role == crate::engine::api::swarm::Role::Manager)
    {
        return Err(SwarmError::NoManager { name: name.clone() }.into());
    }
    Ok((muster::look(world, present).await?, standing))
}

/// Begins where nothing stands, brings in the rest, and ends with everything as it was asked for.
async fn form(
    world: &World,
    lock: &Lock,
    record: Record,
    present: Vec<Arc<Present>>,
    standing: Standing,
    was_formed: bool,
    failed: &Results,
) -> Result<(String, Results), OpsError> {
    let is_manager = |one: &&Arc<Present>| record.managers().any(|manager| *manager == one.machine);
    let first = match &standing {
        Standing::Formed { through, .. } => present.iter().find(|one| one.machine == *through),
        Standing::Nothing => present.iter().find(is_manager),
    };
    let first = first.map(Arc::clone).ok_or_else(|| SwarmError::NoManager { name: lock.name().clone() })?;
    let forming = Forming { world, lock, record: Mutex::new(record), present };
    let cluster = match standing {
        Standing::Nothing => forming.begin(&first).await?,
        Standing::Formed { cluster, .. } => {
            forming.begun(&first, first.seen().node().unwrap_or_default(), &cluster).await?;
            cluster
        }
    };
    let mut results = vec![(first.machine.clone(), Ok(()))];
    results.extend(forming.bring_in(&first).await?);
    forming.finish(&first, was_formed).await?;
    if failed.is_empty() && results.iter().all(|(_, outcome)| outcome.is_ok()) {
        forming.formed()?;
    }
    Ok((cluster, results))
}

fn in_order(members: &[Member], mut results: Results) -> Results {
    let place = |name: &MachineName| members.iter().position(|member| member.machine == *name);
    results.sort_by_key(|(name, _)| place(name));
    results
}
