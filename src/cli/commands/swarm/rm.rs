//! `swarm rm`: ends a swarm; and the rollback of one that was not finished.

use super::named;
use crate::{
    cli::{
        app::App,
        consent,
        error::{CliError, Outcome, code},
        many,
    },
    machine::MachineName,
    ops::swarm::remove,
    swarm::record::Stage,
};

/// Options of `swarm rm`.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    swarm: String,

    /// Remove the machines that were made for it, too
    #[arg(long)]
    machines: bool,

    /// Forget it whatever its nodes say
    #[arg(long, short)]
    force: bool,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Asks, then ends it.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref swarm, machines, force, yes } = args;
    let name = named(app, swarm)?;
    let also = if machines { ", and removes the machines that were made for it" } else { "" };
    let about = format!("This ends swarm {name} with all its services{also}.");
    if !consent::given(app, &about, yes || force, "swarm rm")? {
        return Ok(code::DONE);
    }
    end(app, &name, machines, force)
}

/// Takes an unfinished create back.
pub fn roll_back(app: &App, name: &MachineName) -> Outcome {
    let name = named(app, name.as_str())?;
    let record = app.quiet_world()?.swarm(&name)?;
    if record.stage == Stage::Formed {
        return Err(CliError::refused(
            format!("swarm {name} is finished, so there is nothing to take back"),
            format!("end it: {} swarm rm {name} --machines", app.program()),
        ));
    }
    end(app, &name, true, false)
}

fn end(app: &App, name: &MachineName, machines: bool, force: bool) -> Outcome {
    let members: Vec<MachineName> = app
        .quiet_world()?
        .swarm(name)
        .map(|record| record.members().into_iter().map(|member| member.machine).collect())
        .unwrap_or_default();
    let world = app.world("swarm rm", &members)?;
    let results = app.wait({
        let name = name.clone();
        async move { Ok(remove::swarm(&world, &name, machines, force).await?) }
    })?;
    let outcome = many::ended(
        results.into_iter().map(|(name, result)| (name, result.map_err(CliError::from))).collect(),
    )?;
    app.ui.say(format_args!("swarm {name} is gone"));
    Ok(outcome)
}
