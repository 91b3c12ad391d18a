//! `wait`: for scripts that go on when a machine is there, or gone.

use std::time::Duration;

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome},
        many,
    },
    event::Event,
    machine::MachineName,
    ops::wait::{Goal, wait},
    retry::{Deadline, PollError},
};

/// Options of `wait`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines
    #[arg(value_name = "NAME", required = true)]
    names: Vec<MachineName>,

    /// What to wait for
    #[arg(long = "for", value_enum, value_name = "WHAT")]
    goal: Wanted,

    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
}

/// The words for it.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Wanted {
    /// The host runs
    Running,
    /// The engine answers to the client's certificate
    Engine,
    /// The machine was removed, or its host does not exist any more
    Gone,
}

/// Waits for all of them at once; fails when one is not so in time.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref names, goal, timeout } = args;
    let (goal, done) = match goal {
        Wanted::Running => (Goal::Running, "runs"),
        Wanted::Engine => (Goal::Engine, "its engine answers"),
        Wanted::Gone => (Goal::Gone, "gone"),
    };
    let world = app.world("wait", names)?;
    let deadline = Deadline::after(Duration::from_secs(timeout));
    let results = many::each(app, world, names.clone(), move |world, name| async move {
        wait(&world, &name, goal, deadline).await.map_err(|error| match error {
            PollError::TimedOut(late) => CliError::TimedOut(late),
            PollError::Failed(error) => error.into(),
        })?;
        world.events.of(&name).emit(Event::Done(done.to_owned()));
        Ok(())
    })?;
    many::ended(results)
}
