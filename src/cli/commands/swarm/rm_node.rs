//! `swarm rm-node`: takes nodes out without harm to what runs.

use super::{machines, named};
use crate::{
    cli::{
        app::App,
        consent,
        error::{CliError, Outcome, code},
        many,
    },
    event::Event,
    machine::MachineName,
    ops::swarm::remove::{self, Going},
};

/// Options of `swarm rm-node`.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    swarm: String,

    /// The machines of the nodes
    #[arg(value_name = "MACHINE", required = true)]
    machines: Vec<String>,

    /// Even where the quorum needs it, the others have no room for its tasks, or it does not answer
    #[arg(long, short)]
    force: bool,

    /// Remove the machine, too
    #[arg(long)]
    machine: bool,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Asks, then takes them out one after the other, so that the swarm keeps its quorum.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref swarm, machines: ref typed, force, machine: with_machine, yes } = args;
    let (swarm, going) = (named(app, swarm)?, machines(typed)?);
    let also = if with_machine { ", and removes the machines" } else { "" };
    let about = format!(
        "This takes {} out of swarm {swarm}{also}.",
        going.iter().map(MachineName::as_str).collect::<Vec<_>>().join(", ")
    );
    if !consent::given(app, &about, yes || force, "swarm rm-node")? {
        return Ok(code::DONE);
    }
    let world = app.world("swarm rm-node", &going)?;
    let results = app.wait(async move {
        let mut results = Vec::new();
        for machine in going {
            let outcome = remove::node(&world, &swarm, &machine, Going { force, with_machine }).await;
            let event = match &outcome {
                Ok(()) => Event::Done("out of the swarm".to_owned()),
                Err(error) => Event::Failed(error.to_string()),
            };
            world.events.of(&machine).emit(event);
            results.push((machine, outcome.map_err(CliError::from)));
        }
        Ok(results)
    })?;
    many::ended(results)
}
