//! `engine`: the engine of a machine, and its options.

mod options;

use crate::cli::{app::App, error::Outcome};

/// Options of `engine`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(clap::Subcommand)]
enum Command {
    /// List the options that an engine has, or explain some
    Options(options::Args),
}

/// Does it.
pub fn run(app: &App, args: &Args) -> Outcome {
    match &args.command {
        Command::Options(args) => options::run(app, args),
    }
}
