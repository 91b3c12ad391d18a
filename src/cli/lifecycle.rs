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
    ops::lifecycle::{Changed, Verb, lifecycle},
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
