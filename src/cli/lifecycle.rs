//! `start`, `stop`, `restart` and `kill`, which differ only in a word.

use super::{
    app::App,
    classic::habits::Habit,
    error::{CliError, Outcome, code},
    many, names,
};
use crate::{
    event::Event,
    machine::MachineName,
    ops::{
        lifecycle::{Changed, Verb, lifecycle},
        swarm::membership,
    },
};

/// A verb in the words of messages.
struct Words {
    bare: &'static str,
    done: &'static str,
    already: &'static str,
}

fn words(verb: Verb) -> Words {
    match verb {
        Verb::Start => Words { bare: "start", done: "started", already: "running" },
        Verb::Stop => Words { bare: "stop", done: "stopped", already: "stopped" },
        Verb::Restart => Words { bare: "restart", done: "restarted", already: "running" },
        Verb::Kill => Words { bare: "kill", done: "killed", already: "stopped" },
    }
}

/// Does it for all machines at once.
pub fn run(app: &App, verb: Verb, typed: &[String]) -> Outcome {
    let words = words(verb);
    let names = names::several(app, &app.store()?, typed)?;
    let (done, already) = (words.done, words.already);
    if matches!(verb, Verb::Stop | Verb::Kill) {
        warn_of_swarms(app, &names)?;
    }
    let world = app.world(words.bare, &names)?;
    let results = many::existing(app, world, names, move |world, name| async move {
        let changed = lifecycle(&world, &name, verb).await?;
        let text = match changed {
            Changed::Yes => done.to_owned(),
            Changed::AlreadySo => format!("already {already}"),
        };
        world.events.of(&name).emit(Event::Done(text));
        Ok(changed)
    })?;
    if app.has(Habit::AlreadySoIsAnError) { classic(app, verb, results) } else { many::ended(results) }
}

/// Whoever stops a whole swarm for the night knows; whoever stops one manager too many may not.
fn warn_of_swarms(app: &App, names: &[MachineName]) -> Result<(), CliError> {
    let (world, going) = (app.quiet_world()?, names.to_vec());
    let silenced = app.wait(async move { Ok(membership::silenced_without(&world, &going).await?) })?;
    for (swarm, left) in silenced {
        app.ui.note(format_args!(
            "{} {} of {} managers of swarm {swarm} will run, which is no majority: nothing in it can be changed until another one is back",
            app.ui.red("warning:"),
            left.reachable,
            left.managers
        ));
    }
    Ok(())
}

/// docker-machine's sentences; there, a host that is already so is an error.
fn classic(app: &App, verb: Verb, results: many::Results<Changed>) -> Outcome {
    let words = words(verb);
    let mut failures: Vec<(MachineName, CliError)> = Vec::new();
    for (name, result) in results {
        match result {
            Ok(Changed::Yes) => {}
            Ok(Changed::AlreadySo) => {
                let message = format!("Machine \"{name}\" is already {}.", words.already);
                failures.push((name, CliError::Failed { message, hint: None }));
            }
            Err(error) => failures.push((name, error)),
        }
    }
    if !failures.is_empty() {
        return Err(CliError::Machines { failures, done: 0 });
    }
    let moved = match verb {
        Verb::Start => "Started",
        Verb::Restart => "Restarted",
        Verb::Stop | Verb::Kill => return Ok(code::DONE),
    };
    app.ui.say(format_args!(
        "{moved} machines may have new IP addresses. You may need to re-run the `docker-machine env` command."
    ));
    Ok(code::DONE)
}
