//! `swarm promote`, `demote`, `activate`, `pause` and `drain`.

use super::{machines, named};
use crate::{
    cli::{
        app::App,
        error::{Outcome, code},
    },
    machine::MachineName,
    ops::swarm::change::{self, Change},
};

/// Options of the commands that change nodes.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    swarm: String,

    /// The machines of the nodes
    #[arg(value_name = "MACHINE", required = true)]
    machines: Vec<String>,

    /// Even where the quorum needs the manager
    #[arg(long)]
    force: bool,
}

/// Does it, one node after the other.
pub fn run(app: &App, args: &Args, change: Change) -> Outcome {
    let &Args { ref swarm, machines: ref typed, force } = args;
    let (swarm, names) = (named(app, swarm)?, machines(typed)?);
    apply(app, swarm, names, change, force)
}

/// Changes the nodes and says of each what came of it.
pub fn apply(app: &App, swarm: MachineName, names: Vec<MachineName>, change: Change, force: bool) -> Outcome {
    let world = app.world("swarm", &names)?;
    let told = told(&change);
    let changed =
        app.wait(async move { Ok(change::nodes(&world, &swarm, &names, &change, force).await?) })?;
    for (machine, was_other) in changed {
        let already = if was_other { "" } else { "already " };
        app.ui.say(format_args!("{machine}: {already}{told}"));
    }
    Ok(code::DONE)
}

fn told(change: &Change) -> String {
    match change {
        Change::Role(role) => format!("a {role}"),
        Change::Availability(availability) => format!("availability {availability}"),
        Change::Labels(_) => "labelled so".to_owned(),
    }
}
