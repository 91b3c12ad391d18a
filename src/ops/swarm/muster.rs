//! The hosts of a swarm, each with its two ways in and what it says of itself.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::SwarmError;
use crate::{
    engine::api::{Api, ApiError, Info},
    machine::MachineName,
    ops::{OpsError, World, connect, fan_out, provision::stored_wishes},
    retry::{Backoff, Deadline, PollError, Try, poll},
    ssh::Session,
    store::Stage,
    swarm::{
        addresses::Addresses,
        check::{Candidate, EngineFacts, LiveRestore},
        host::{self, Host},
        standing::Seen,
    },
};

/// How long a host that is up may take for a login and its answers.
const LOOK_WAIT: Duration = Duration::from_secs(60);

/// How long an engine may take to close a swarm's ports after it has left.
const LEAVE_WAIT: Duration = Duration::from_secs(30);

/// A host with its two ways in.
pub struct Present {
    /// Its machine.
    pub machine: MachineName,
    /// Its engine.
    pub api: Api,
    /// SSH to it.
    pub session: Session,
    /// What its engine says.
    pub info: Info,
    /// Whether its machine was asked for live-restore.
    pub wishes_live_restore: bool,
}

impl Present {
    /// Its word on swarms.
    pub fn seen(&self) -> Seen {
        Seen::of(&self.info.swarm)
    }

    /// The addresses it has as a node already; which one it listens on, it does not tell.
    pub fn addresses(&self) -> Option<Addresses> {
        let advertise = self.info.swarm.node_addr.parse().ok()?;
        Some(Addresses { advertise, listen: advertise, data_path: None })
    }

    /// Whether its engine has live-restore on, and on whose account.
    pub fn live_restore(&self) -> LiveRestore {
        match (self.info.live_restore_enabled, self.wishes_live_restore) {
            (false, _) => LiveRestore::Off,
            (true, true) => LiveRestore::Ours,
            (true, false) => LiveRestore::Theirs,
        }
    }

    /// The address we reached it at.
    pub fn reached(&self) -> Option<IpAddr> {
        self.session.peer_address()
    }
}

/// Logs in on all of them at once and asks their engines.
pub async fn enter(
    world: &World,
    machines: Vec<MachineName>,
) -> Vec<(MachineName, Result<Arc<Present>, OpsError>)> {
    fan_out::fan_out(machines, fan_out::AT_ONCE, |machine| {
        let world = world.clone();
        async move { enter_one(&world, machine).await.map(Arc::new) }
    })
    .await
}

/// Logs in on one and asks its engine.
pub async fn enter_one(world: &World, machine: MachineName) -> Result<Present, OpsError> {
    let deadline = Deadline::after(LOOK_WAIT);
    let events = world.events.of(&machine);
    let record = world.store.load(&machine)?;
    if record.side.stage != Stage::Provisioned {
        return Err(SwarmError::Unfinished { machine }.into());
    }
    let driver = world.driver(&record)?;
    events.step("looking at the host");
    let session = connect::session(world, driver.as_ref(), &record, deadline, false).await?;
    let api = connect::engine(world, driver.as_ref(), &record, deadline).await?;
    let info = api.info(deadline).await?;
    let wishes_live_restore = stored_wishes(&record)?.daemon.get("live-restore") == Some(&true.into());
    Ok(Present { machine, api, session, info, wishes_live_restore })
}

/// What each of them is; all of them know the addresses of all.
pub async fn look(world: &World, present: &[Arc<Present>]) -> Result<Vec<Candidate>, OpsError> {
    let all: Vec<IpAddr> = present.iter().filter_map(|one| one.reached()).collect();
    let looks = present.iter().map(|one| {
        let others: Vec<IpAddr> =
            all.iter().copied().filter(|address| Some(*address) != one.reached()).collect();
        async move {
            let host = look_at(world, one, &others).await?;
            let skew = host.clock - jiff::Timestamp::now().as_second();
            Ok(candidate(one, host, skew))
        }
    });
    futures_util::future::try_join_all(looks).await
}

/// An engine that has just left a swarm holds its ports for a moment longer.
async fn look_at(world: &World, one: &Present, others: &[IpAddr]) -> Result<Host, OpsError> {
    let lingers = |host: &Host| {
        one.seen() == Seen::Outside && host.taken.iter().any(|taken| taken.program == "dockerd")
    };
    let what = format!("the engine of {} to let go of the swarm that it left", one.machine);
    let events = world.events.of(&one.machine);
    let last = Mutex::new(None);
    let outcome = poll(&what, Deadline::after(LEAVE_WAIT), Backoff::NEAR, &events, || async {
        match host::look(&one.session, others, Deadline::after(LOOK_WAIT)).await {
            Ok(host) if lingers(&host) => {
                *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(host);
                Try::Again("it still listens on its ports".to_owned())
            }
            Ok(host) => Try::Done(host),
            Err(error) => Try::Fail(OpsError::from(SwarmError::from(error))),
        }
    });
    match outcome.await {
        Ok(host) => Ok(host),
        Err(PollError::Failed(error)) => Err(error),
        // Then the check says who holds which port.
        Err(PollError::TimedOut(late)) => {
            let last = last.into_inner().unwrap_or_else(PoisonError::into_inner);
            last.ok_or_else(|| ApiError::TimedOut(late).into())
        }
    }
}

fn candidate(one: &Present, host: Host, skew: i64) -> Candidate {
    let engine = EngineFacts {
        id: one.info.id.clone(),
        version: one.info.server_version.clone(),
        live_restore: one.live_restore(),
        firewall: one
            .info
            .firewall_backend
            .as_ref()
            .map(|backend| backend.driver.clone())
            .unwrap_or_default(),
    };
    Candidate { machine: one.machine.clone(), seen: one.seen(), host, skew, engine }
}
