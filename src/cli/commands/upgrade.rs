//! `upgrade`: another version of the engine, with the way back kept.

use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        engine_source::SourceArgs,
        error::{CliError, Outcome as Ended},
        many, names,
        sudo::SudoArgs,
    },
    event::Event,
    machine::MachineName,
    ops::{
        World,
        upgrade::{Outcome, Request, groups, upgrade},
    },
    provision::To,
};

/// Options of `upgrade`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines (default: the machine `default`)
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    source: SourceArgs,

    /// Go back to the version before the last upgrade
    #[arg(long, visible_alias = "back", conflicts_with_all = ["engine_version", "engine_archive", "engine_bundle"])]
    rollback: bool,

    /// Print what would be done and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Stop running containers where that cannot be avoided
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    sudo: SudoArgs,
}

/// Upgrades all of them at once, but for the nodes of a swarm, which follow each other and stop at the first failure.
pub fn run(app: &App, args: &Args) -> Ended {
    let Args { names, source, rollback, dry_run, yes, sudo } = args;
    let names = names::several(app, &app.store()?, names)?;
    let request = Request {
        version: source.engine_version.clone(),
        archive: source.archive(&app.env.cwd)?,
        to: if *rollback { To::Back } else { To::Wished },
        // That program never asked.
        may_stop_containers: *yes || app.has(Habit::StopsContainers),
        dry_run: *dry_run,
    };
    let world = app.world_with(&names, sudo.read(&app.env)?, "upgrade")?;
    let results = app.wait(all(world, names, request))?;
    for (name, result) in &results {
        if let Ok(Outcome::Planned(plan)) = result {
            app.ui.data_raw(&told(plan, name, results.len()));
        }
    }
    many::ended(results)
}

async fn all(
    world: World,
    names: Vec<MachineName>,
    request: Request,
) -> Result<many::Results<Outcome>, CliError> {
    let groups = groups(&world, names.clone()).await;
    let jobs = groups.into_iter().map(|group| {
        let (world, request) = (world.clone(), request.clone());
        tokio::spawn(async move { Box::pin(one_after_the_other(&world, group, &request)).await })
    });
    let mut results = Vec::new();
    for ended in futures_util::future::join_all(jobs).await {
        match ended {
            Ok(group) => results.extend(group),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
    results.sort_by_key(|(name, _)| names.iter().position(|known| known == name));
    Ok(results)
}

async fn one_after_the_other(
    world: &World,
    group: Vec<MachineName>,
    request: &Request,
) -> many::Results<Outcome> {
    let mut results: many::Results<Outcome> = Vec::new();
    for name in group {
        let stopped = results.iter().find(|(_, result)| result.is_err()).map(|(failed, _)| failed.clone());
        let result = match stopped {
            Some(failed) => Err(CliError::refused(
                format!("{name} was left alone, because {failed} of the same swarm failed"),
                format!("see to {failed} first"),
            )),
            None => Box::pin(upgrade(world, &name, request.clone())).await.map_err(CliError::from),
        };
        let events = world.events.of(&name);
        match &result {
            Ok(Outcome::Upgraded { from, to }) => {
                events.emit(Event::Done(format!("upgraded from {from} to {to}")));
            }
            Ok(Outcome::Already { version }) => events.emit(Event::Done(format!("already {version}"))),
            Ok(Outcome::Planned(_)) => events.emit(Event::Done("nothing was changed".to_owned())),
            Err(error) => events.emit(Event::Failed(error.to_string())),
        }
        results.push((name, result));
    }
    results
}

fn told(plan: &str, name: &MachineName, count: usize) -> String {
    if count == 1 { plan.to_owned() } else { format!("{name}:\n{plan}") }
}
