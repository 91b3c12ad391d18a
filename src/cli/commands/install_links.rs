//! `install-links`: has this program answer to `docker-machine` and `docker machine` too.

use std::path::PathBuf;

use crate::{
    cli::{
        app::App,
        error::{Outcome, code},
    },
    ops::links::{self, Done},
};

/// Options of `install-links`.
#[derive(clap::Args)]
pub struct Args {
    /// Put the link docker-machine here (default: beside this program, or in the first folder of PATH that you may write to)
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,

    /// Move another docker-machine aside, to docker-machine.VERSION
    #[arg(long, short)]
    force: bool,

    /// Remove the links again, and put back what was moved aside
    #[arg(long, conflicts_with = "force")]
    remove: bool,
}

/// Makes both links, or removes them, and says what was done.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref dir, force, remove } = args;
    let world = app.quiet_world()?;
    let dir = dir.clone();
    let done = if remove {
        links::remove(&world, dir.as_deref())?
    } else {
        app.wait(async move { Ok(links::install(&world, dir.as_deref(), force).await?) })?
    };
    for (path, done) in &done {
        tell(app, &path.display().to_string(), done);
    }
    if !remove {
        tell_what_is_found(app, &done[0].0);
    }
    Ok(code::DONE)
}

fn tell(app: &App, path: &str, done: &Done) {
    let program = app.env.exe.display();
    match done {
        Done::Made { kept: None } => app.ui.say(format_args!("{path} -> {program}")),
        Done::Made { kept: Some(kept) } => {
            app.ui.say(format_args!("{path} -> {program}; what was there is {} now", kept.display()));
        }
        Done::There => app.ui.say(format_args!("{path} -> {program} (it was there already)")),
        Done::Gone { is_back: false } => app.ui.say(format_args!("{path}: removed")),
        Done::Gone { is_back: true } => {
            app.ui.say(format_args!("{path}: removed, and what was there before is back"));
        }
        Done::Absent => app.ui.say(format_args!("there is no {path} of this program")),
    }
}

/// A link that the shell does not find is of no use.
fn tell_what_is_found(app: &App, link: &std::path::Path) {
    if let Some(other) = links::winner(&app.env) {
        app.ui.note(format_args!(
            "{} PATH has another docker-machine first: {}",
            app.ui.red("warning:"),
            other.display()
        ));
    } else if !links::is_on_path(&app.env, link) {
        let folder = link.parent().unwrap_or(link);
        app.ui.note(format_args!("{} {} is not on PATH", app.ui.red("warning:"), folder.display()));
    }
}
