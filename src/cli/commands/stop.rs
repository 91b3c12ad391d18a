//! `stop`: asks hosts to go down and waits until they are.

use crate::{
    cli::{app::App, error::Outcome, lifecycle},
    ops::lifecycle::Verb,
};

/// Options of `stop`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines (default: the machine `default`)
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// Does it for all of them at once.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { names } = args;
    lifecycle::run(app, Verb::Stop, names)
}
