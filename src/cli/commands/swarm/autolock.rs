//! `swarm autolock`: whether managers start locked.

use super::named;
use crate::{
    cli::{
        app::App,
        error::{Outcome, code},
    },
    ops::swarm::change,
};

/// Options of `swarm autolock`.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    swarm: String,

    /// Whether managers start locked
    #[arg(value_name = "on|off", value_parser = ["on", "off"])]
    to: String,
}

/// Switches it.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { swarm, to } = args;
    let (name, is_on) = (named(app, swarm)?, to == "on");
    let world = app.world("swarm autolock", &[])?;
    app.wait(async move { Ok(change::autolock(&world, &name, is_on).await?) })?;
    app.ui.say(if is_on {
        format!(
            "managers start locked; the key is in the store, and opens them all: {} swarm unlock {swarm}",
            app.program()
        )
    } else {
        "managers start unlocked".to_owned()
    });
    Ok(code::DONE)
}
