//! `swarm unlock`: managers that came up locked.

use super::named;
use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome},
        many, names,
    },
    machine::MachineName,
    ops::swarm::change,
};

/// Options of `swarm unlock`.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    swarm: String,
}

/// Unlocks all of them.
pub fn run(app: &App, args: &Args) -> Outcome {
    let name = named(app, &args.swarm)?;
    let world = app.world("swarm unlock", &[])?;
    let locked = app.wait(async move { Ok(change::unlock(&world, &name).await?) })?;
    let is_open =
        |(machine, outcome): &(MachineName, Result<(), _>)| outcome.is_ok().then(|| machine.clone());
    let unlocked: Vec<MachineName> = locked.iter().filter_map(is_open).collect();
    if locked.is_empty() {
        app.ui.say("no manager is locked");
    } else if !unlocked.is_empty() {
        app.ui.say(format_args!("unlocked {}", names::list(&app.store()?, &unlocked)));
    }
    many::ended(
        locked.into_iter().map(|(machine, outcome)| (machine, outcome.map_err(CliError::from))).collect(),
    )
}
