//! `rm`: removes machines, with the hosts that were made for them.

use crate::{
    cli::{
        app::App,
        classic::{self, habits::Habit},
        consent,
        error::{CliError, Outcome, code},
        many, names,
    },
    error::in_one_line,
    event::Event,
    machine::MachineName,
    ops::{
        rm::{Ignored, rm},
        swarm::membership::{self, Membership},
    },
    store::Store,
};

/// Options of `rm`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Forget the machine whatever the driver says; do not ask
    #[arg(long, short)]
    force: bool,

    /// Do not ask
    #[arg(short = 'y', long = "yes")]
    yes: bool,
}

/// Asks, then does it for all of them at once.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref names, force, yes } = args;
    if names.is_empty() {
        return Err(CliError::NoNames { command: "rm" });
    }
    if app.has(Habit::TellsEachRemoval) {
        return classic::rm::run(app, names, force, yes);
    }
    let store = app.store()?;
    let names = if force {
        names::several_if_there(app, &store, names)?
    } else {
        names::several(app, &store, names)?
    };
    if names.is_empty() {
        return Ok(code::DONE);
    }
    if !force {
        names.iter().try_for_each(|name| is_no_node(app, name))?;
    }
    if !consent::given(app, &about(&store, &names), force || yes, "rm")? {
        return Ok(code::DONE);
    }
    let world = app.world("rm", &names)?;
    let results = many::existing(app, world, names, move |world, name| async move {
        let events = world.events.of(&name);
        let removed = rm(&world, &name, force).await?;
        if let Some(ignored) = removed.ignored {
            let Ignored { why, host } = &ignored;
            let told = format!("{host} may still be there: {}", in_one_line(why));
            if ignored.was_tried() {
                return Err(CliError::Failed {
                    message: format!("the machine is forgotten, but {told}"),
                    hint: Some("look for it where it was made, and remove it there".to_owned()),
                });
            }
            events.note(format!("forgotten all the same; {told}"));
        }
        if let Some(stays) = removed.stays {
            events.note(stays);
        }
        events.emit(Event::Done("removed".to_owned()));
        Ok(())
    })?;
    many::ended(results)
}

/// A node that vanishes takes its tasks, and perhaps the majority, with it.
fn is_no_node(app: &App, name: &MachineName) -> Result<(), CliError> {
    let Some(Membership { swarm, role }) = membership::of(&app.quiet_world()?, name)? else { return Ok(()) };
    let program = app.program();
    Err(CliError::refused(
        format!("{name} is a {role} of swarm {swarm}"),
        format!(
            "take it out and remove it: {program} swarm rm-node --machine {swarm} {name}; all of the swarm: \
             {program} swarm rm --machines {swarm}; whatever becomes of the swarm: {program} rm -f {name}"
        ),
    ))
}

fn about(store: &Store, names: &[MachineName]) -> String {
    let list = names::list(store, names);
    match names {
        [_] => format!(
            "This removes {list}, with the host that was made for it; an adopted host stays as it is."
        ),
        _ => format!(
            "This removes {list}, with the hosts that were made for them; adopted hosts stay as they are."
        ),
    }
}
