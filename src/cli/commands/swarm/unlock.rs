//! `swarm unlock`: managers that came up locked.

use super::named;
use crate::{
    cli::{
        app::App,
        error::{Outcome, code},
        names,
    },
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
    let unlocked = app.wait(async move { Ok(change::unlock(&world, &name).await?) })?;
    app.ui.say(if unlocked.is_empty() {
        "no manager is locked".to_owned()
    } else {
        format!("unlocked {}", names::list(&app.store()?, &unlocked))
    });
    Ok(code::DONE)
}
