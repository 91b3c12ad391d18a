//! Masters of classic swarms, as docker-machine made them: where they answer, and whether they do.

use super::{
    World,
    connect::{host_and_port, tcp_url},
    query::{self, QueryError},
};
use crate::{retry::Deadline, store::Record};

/// The same machine with the swarm's URL in place of the engine's: the host of the one, the port of `--swarm-host`.
pub fn as_master(world: &World, record: &Record) -> Result<Record, QueryError> {
    let options = &record.config.host_options.swarm_options;
    let (host, _) = host_and_port(&query::url(world, record)?).unwrap_or_default();
    let port =
        host_and_port(&options.host).map(|(_, port)| port).filter(|_| options.master && !host.is_empty());
    let port = port.ok_or_else(|| QueryError::NotSwarmMaster { name: record.name.clone() })?;
    let mut master = record.clone();
    master.side.url = Some(tcp_url(&host, port));
    Ok(master)
}

/// Asks the swarm; where only its engine answers, that is told.
pub async fn check(world: &World, record: &Record, deadline: Deadline) -> Result<(), QueryError> {
    let master = as_master(world, record)?;
    let Err(error) = query::check(world, &master, deadline).await else { return Ok(()) };
    match query::check(world, record, deadline).await {
        Ok(_) => Err(QueryError::SwarmSilent { name: record.name.clone() }),
        Err(_) => Err(error),
    }
}
