//! `--swarm` of the reading commands: a manager that answers, where the name is a swarm's; else the port of a classic swarm's master, where the
//! machine is one.

use std::time::Duration;

use super::{app::App, error::CliError, names};
use crate::{
    machine::MachineName,
    ops::{
        World, classic_swarm, query,
        swarm::{context, through},
    },
    retry::Deadline,
    store::Record,
};

/// How long the engine may take to answer; docker-machine gave the handshake as much.
const AT_MOST: Duration = Duration::from_secs(20);

/// `--swarm`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct SwarmFlag {
    /// Point at a manager of the swarm of that name, or at the classic swarm that the machine is the master of
    #[arg(long)]
    swarm: bool,
}

impl SwarmFlag {
    /// The machine that is meant, and what of it: of a swarm, the engine of a manager that answers.
    pub fn resolve(
        &self,
        app: &App,
        world: &World,
        typed: Option<&str>,
    ) -> Result<(MachineName, Self), CliError> {
        let swarm = typed.and_then(|typed| typed.parse().ok()).filter(|name| world.store.has_swarm(name));
        match swarm {
            Some(name) if self.swarm => {
                let world = world.clone();
                let manager = app.wait(async move {
                    let record = world.swarm(&name)?;
                    let manager = through::manager(&world, &name, &record).await?;
                    context::point(&world, &name, &record, &manager.machine);
                    Ok(manager)
                })?;
                Ok((manager.machine, Self { swarm: false }))
            }
            _ => Ok((names::one(&world.store, typed)?, self.clone())),
        }
    }

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
