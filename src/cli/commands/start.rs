//! `start`: starts hosts and waits until their engines answer.

use crate::{
    cli::{app::App, error::Outcome, lifecycle},
    ops::lifecycle::Verb,
};

/// Options of `start`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines (default: the machine `default`)
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Does it for all of them at once.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { names } = args;
    lifecycle::run(app, Verb::Start, names)
}
