//! `swarm label`: labels of nodes, for placement.

use std::collections::BTreeMap;

use super::{change, create::labels, machines, named};
use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome},
    },
    ops::swarm::change::Change,
};

/// Options of `swarm label`.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    swarm: String,

    /// The machines of the nodes, and labels to set: web-w1 web-w2 zone=east
    #[arg(value_name = "MACHINE|KEY=VALUE", required = true)]
    words: Vec<String>,

    /// Remove the label of this key
    #[arg(long, value_name = "KEY")]
    remove: Vec<String>,
}

/// Sets and removes them.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { swarm, words, remove } = args;
    let swarm = named(app, swarm)?;
    let (set, names): (Vec<String>, Vec<String>) = words.iter().cloned().partition(|word| word.contains('='));
    let set = labels(&set)?.into_iter().map(|(key, value)| (key, Some(value)));
    let change: BTreeMap<String, Option<String>> =
        set.chain(remove.iter().map(|key| (key.clone(), None))).collect();
    if change.is_empty() || names.is_empty() {
        return Err(CliError::usage(
            "machines and labels are meant",
            format!("{} swarm label {swarm} NODE KEY=VALUE", app.program()),
        ));
    }
    change::apply(app, swarm, machines(&names)?, Change::Labels(change), false)
}
