//! What `engine set`, `unset` and `apply` share: how to go about it, and what is said of it.

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome},
        many, names,
        sudo::SudoArgs,
    },
    event::Event,
    machine::MachineName,
    ops::{
        World,
        engine::{
            change::{Changed, Request, When, change as change_one},
            edit::Edit,
        },
    },
};

/// How to go about a change.
#[derive(clap::Args)]
#[group(skip)]
pub struct HowArgs {
    /// Print the plan and change nothing
    #[arg(long, conflicts_with = "later")]
    dry_run: bool,

    /// Store it only: `engine apply` brings it to the hosts
    #[arg(long)]
    later: bool,

    /// Change this many machines at a time, and stop at the first that fails
    #[arg(long, value_name = "N")]
    rolling: Option<std::num::NonZeroUsize>,

    /// Stop running containers where that cannot be avoided
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    sudo: SudoArgs,
}

/// Machines as typed: several words, and several in a word.
pub fn machines<'a>(words: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    words.into_iter().flat_map(|word| word.split(',')).map(str::to_owned).collect()
}

/// Changes all machines.
pub fn change(app: &App, typed: &[String], edit: Edit, how: &HowArgs) -> Outcome {
    let &HowArgs { dry_run, later, rolling, yes, ref sudo } = how;
    let names = names::several(app, &app.store()?, typed)?;
    let when = match (dry_run, later) {
        (true, _) => When::Never,
        (_, true) => When::Later,
        (false, false) => When::Now,
    };
    let request = Request { edit, when, may_stop_containers: yes };
    let world = app.world_with(&names, sudo.read(&app.env)?, "change the engine of")?;
    let several = names.len() > 1;
    let work = move |world, name| {
        let request = request.clone();
        async move { one(&world, &name, &request).await }
    };
    let results = match rolling {
        Some(at_once) => many::rolling(app, world, names, at_once.get(), work)?,
        None => many::Rolled::all(many::existing(app, world, names, work)?),
    };
    for (name, changed) in &results.ended {
        if let Ok(Changed::Planned(plan)) = changed {
            let whose = if several { format!("{name}: ") } else { String::new() };
            for line in plan.difference().iter().map(String::as_str).chain(plan.render().lines()) {
                app.ui.data(format_args!("{whose}{line}"));
            }
        }
    }
    many::rolled(app, results)
}

async fn one(world: &World, name: &MachineName, request: &Request) -> Result<Changed, CliError> {
    // Boxed: all of a transaction is in it.
    let changed = Box::pin(change_one(world, name, request)).await?;
    let said = match &changed {
        Changed::Nothing => "already as it should be",
        Changed::Applied => "changed",
        Changed::Stored => "stored; `engine apply` brings it to the host",
        Changed::Planned(_) => "planned",
    };
    world.events.of(name).emit(Event::Done(said.to_owned()));
    Ok(changed)
}
