//! Everything that is looked at before the first engine is told of the swarm: what each host says of itself, and whether they reach each other.

use std::sync::Arc;

use super::{
    SwarmError,
    create::{Request, machine},
    muster::{self, Present},
    reachable::{self, Line, Place},
};
use crate::{
    ops::{OpsError, World, create},
    swarm::{
        addresses,
        check::{self, Candidate, Wanted},
        host::Taken,
        reach::DATA_PATH_PORT,
        record::{Node, Record, Settings, Stage},
        topology::{Member, Origin},
    },
};

/// Everything that can be known before a host is touched: machines that exist are looked at, those to be made are planned.
pub async fn preflight(world: &World, request: &Request, members: &[Member]) -> Result<(), OpsError> {
    let mut existing = Vec::new();
    let mut planned = Vec::new();
    for member in members {
        let is_there = world.store.exists(&member.machine);
        match member.origin {
            Origin::Existing if !is_there => {
                return Err(world.store.not_found(member.machine.as_str()).into());
            }
            Origin::Existing => existing.push(member.machine.clone()),
            Origin::New | Origin::Listed { .. } if is_there => {}
            Origin::New | Origin::Listed { .. } => planned.push(member.clone()),
        }
    }
    let entered = muster::enter(world, existing).await;
    let present = entered.into_iter().map(|(_, one)| one).collect::<Result<Vec<_>, _>>()?;
    let candidates = muster::look(world, &present).await?;
    refuse(check::check(&candidates, &wanted(&request.settings)).problems, false)?;
    let plans = planned.iter().map(|member| async move {
        let request = create::Request { dry_run: true, ..machine(request, member)? };
        create::create(world, request).await
    });
    futures_util::future::try_join_all(plans).await?;
    Ok(())
}

fn wanted(settings: &Settings) -> Wanted {
    let port = settings.data_path_port;
    Wanted {
        encrypt: settings.encrypt,
        data_path_port: if port == 0 { DATA_PATH_PORT } else { port },
        pools: settings.pools.clone(),
    }
}

fn refuse(problems: Vec<check::Problem>, after_making: bool) -> Result<(), OpsError> {
    if problems.is_empty() { Ok(()) } else { Err(SwarmError::Problems { problems, after_making }.into()) }
}

/// Chooses addresses, and tries whether they are reached, for those who are not in yet.
pub async fn prepare(
    world: &World,
    request: &Request,
    record: &mut Record,
    present: &[Arc<Present>],
    candidates: &[Candidate],
) -> Result<Vec<Line>, OpsError> {
    if candidates.iter().all(|candidate| candidate.seen.node().is_some()) {
        return Ok(Vec::new());
    }
    let after_making = record.nodes.iter().any(Node::is_made);
    choose_pool(world, record, candidates);
    let findings = check::check(candidates, &wanted(&record.settings));
    findings.notes.iter().for_each(|note| world.events.note(note));
    refuse(findings.problems, after_making)?;

    let located: Vec<_> = candidates
        .iter()
        .zip(present)
        .map(|(candidate, one)| candidate.host.located(candidate.machine.as_str(), one.reached()))
        .collect();
    let chosen = addresses::choose(&located, &request.wishes).map_err(SwarmError::from)?;
    let mut places = Vec::new();
    for ((one, candidate), addresses) in present.iter().zip(candidates).zip(chosen) {
        let Some(node) = record.node_mut(&one.machine) else { continue };
        if one.seen().node().is_none() {
            world.events.note(check::told(&one.machine, &addresses));
            node.locate(&addresses);
        }
        let role = node.role;
        let has_vxlan = candidate.host.taken.iter().any(Taken::is_vxlan);
        places.push(Place { present: Arc::clone(one), role, addresses, has_vxlan });
    }
    world.events.step("trying whether the hosts reach each other");
    let table = reachable::table(&places, record.settings.data_path_port).await?;
    refuse(table.iter().filter_map(Line::problem).collect(), after_making)?;
    Ok(table)
}

/// Before the swarm begins: another pool than the engine's own where a host needs that one.
fn choose_pool(world: &World, record: &mut Record, candidates: &[Candidate]) {
    if record.stage != Stage::Recorded || !record.settings.pools.is_empty() {
        return;
    }
    let hosts: Vec<_> = candidates.iter().map(|candidate| &candidate.host).collect();
    if let Some(pool) = check::free_pool(&hosts) {
        world.events.note(format!(
            "overlay networks get their subnets from {pool}, because hosts have a way into the engine's own 10.0.0.0/8"
        ));
        record.settings.pools = vec![pool];
    }
}
