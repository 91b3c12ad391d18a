//! `--swarm` of the reading commands: the port of a classic swarm's master, where a machine is one.

use std::time::Duration;

use super::{app::App, error::CliError};
use crate::{
    ops::{World, classic_swarm, query},
    retry::Deadline,
    store::Record,
};

/// How long the engine may take to answer; docker-machine gave the handshake as much.
const AT_MOST: Duration = Duration::from_secs(20);

/// `--swarm`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct SwarmFlag {
    /// Point at the swarm that the machine is the master of, in place of its engine
    #[arg(long)]
    swarm: bool,
}

impl SwarmFlag {
    /// Asks what is meant, the engine or the swarm.
    pub fn check(&self, app: &App, world: &World, record: &Record) -> Result<(), CliError> {
        let (world, record, is_swarm) = (world.clone(), record.clone(), self.swarm);
        app.wait(async move {
            let deadline = Deadline::after(AT_MOST);
            if is_swarm {
                classic_swarm::check(&world, &record, deadline).await?;
            } else {
                query::check(&world, &record, deadline).await?;
            }
            Ok(())
        })
    }

    /// The record with the URL of what is meant.
    pub fn meant(&self, world: &World, record: Record) -> Result<Record, CliError> {
        if self.swarm { Ok(classic_swarm::as_master(world, &record)?) } else { Ok(record) }
    }
}
