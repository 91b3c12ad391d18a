//! `engine apply`: hosts follow what is stored for their machines.

use super::common::{self, HowArgs};
use crate::{
    cli::{app::App, error::Outcome},
    ops::engine::edit::Edit,
};

/// Options of `engine apply`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines (default: the machine `default`)
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    #[command(flatten)]
    how: HowArgs,
}

/// Brings all of them to what is stored.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { names, how } = args;
    common::change(app, &common::machines(names), Edit::default(), how)
}
