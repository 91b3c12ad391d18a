//! `driver`: what makes hosts here, built in and as plugins.

mod ls;
mod show;

use crate::cli::{app::App, error::Outcome};

/// Options of `driver`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(clap::Subcommand)]
enum Command {
    /// List the drivers of this program and the plugins that are found
    Ls(ls::Args),
    /// Print what a driver is and which flags it has
    Show(show::Args),
}

/// Does it.
pub fn run(app: &App, args: &Args) -> Outcome {
    match &args.command {
        Command::Ls(args) => Ok(ls::run(app, args)),
        Command::Show(args) => show::run(app, args),
    }
}
