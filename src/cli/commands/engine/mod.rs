//! `engine`: the engine of a machine, and its options.

mod apply;
mod audit;
mod bundle;
mod common;
mod options;
mod set;
mod show;
mod unset;

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
    /// Bring hosts to what is stored for their engines
    Apply(apply::Args),
    /// Look for what makes hosts of engines easier to take, and say what cures it
    Audit(audit::Args),
    /// Make a bundle of an engine, for hosts with no way out
    Bundle(bundle::Args),
    /// List the options that an engine has, or explain some
    Options(options::Args),
    /// Set options of engines, with a plan beforehand and a way back
    Set(set::Args),
    /// Show what engines run with, who set it, and what differs from what is stored
    Show(show::Args),
    /// Take options of engines back
    Unset(unset::Args),
}

/// Does it.
pub fn run(app: &App, args: &Args) -> Outcome {
    match &args.command {
        Command::Apply(args) => apply::run(app, args),
        Command::Audit(args) => audit::run(app, args),
        Command::Bundle(args) => bundle::run(app, args),
        Command::Options(args) => options::run(app, args),
        Command::Set(args) => set::run(app, args),
        Command::Show(args) => show::run(app, args),
        Command::Unset(args) => unset::run(app, args),
    }
}
