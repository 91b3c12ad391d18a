//! The hosts of a swarm, each with its two ways in and what it says of itself.

use std::{net::IpAddr, sync::Arc, time::Duration};

use super::SwarmError;
use crate::{
    engine::api::{Api, Info},
    machine::MachineName,
    ops::{OpsError, World, connect, fan_out},
    retry::Deadline,
    ssh::Session,
    store::Stage,
    swarm::{
        addresses::Addresses,
        check::{Candidate, EngineFacts},
        host::{self, Host},
        topology::Seen,
    },
};

/// How long a host that is up may take for a login and its answers.
const LOOK_WAIT: Duration = Duration::from_secs(60);

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
        async move { enter_one(&world, machine, Deadline::after(LOOK_WAIT)).await.map(Arc::new) }
    })
    .await
}

async fn enter_one(world: &World, machine: MachineName, deadline: Deadline) -> Result<Present, OpsError> {
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
    Ok(Present { machine, api, session, info })
}

/// What each of them is; all of them know the addresses of all.
pub async fn look(present: &[Arc<Present>]) -> Result<Vec<Candidate>, OpsError> {
    let all: Vec<IpAddr> = present.iter().filter_map(|one| one.reached()).collect();
    let looks = present.iter().map(|one| {
        let others: Vec<IpAddr> =
            all.iter().copied().filter(|address| Some(*address) != one.reached()).collect();
        async move {
            let deadline = Deadline::after(LOOK_WAIT);
            let host = host::look(&one.session, &others, deadline).await.map_err(SwarmError::from)?;
            let skew = host.clock - jiff::Timestamp::now().as_second();
            Ok(candidate(one, host, skew))
        }
    });
    futures_util::future::try_join_all(looks).await
}

fn candidate(one: &Present, host: Host, skew: i64) -> Candidate {
    let engine = EngineFacts {
        id: one.info.id.clone(),
        version: one.info.server_version.clone(),
        live_restore: one.info.live_restore_enabled,
        firewall: one
            .info
            .firewall_backend
            .as_ref()
            .map(|backend| backend.driver.clone())
            .unwrap_or_default(),
    };
    Candidate { machine: one.machine.clone(), seen: one.seen(), host, skew, engine }
}
