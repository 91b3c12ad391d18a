//! `store`: the folder that the machines are kept in.

mod check;
mod words;

use crate::cli::{app::App, error::Outcome};

/// Options of `store`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(clap::Subcommand)]
enum Command {
    /// Find what is broken in the store, and mend what can be
    ///
    /// Looking changes nothing. Exits with 0 when nothing is broken, or nothing is any more; notes do not count. Exits with 1 when something is.
    Check(check::Args),
}

/// Does it.
pub fn run(app: &App, args: &Args) -> Outcome {
    match &args.command {
        Command::Check(args) => check::run(app, args),
    }
}
