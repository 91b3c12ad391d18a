//! `url`: URLs of engines, in the order of the arguments.

use serde_json::json;

use crate::{
    cli::{app::App, classic::habits::Habit, error::Outcome, json, many, names},
    ops::query,
};

/// Options of `url`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines (default: the machine `default`)
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints one URL per line, as last known; docker-machine wants the host to be running.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref names, json } = args;
    names::at_most_one(app, names)?;
    let world = app.quiet_world()?;
    let names = names::several(app, &world.store, names)?;
    let must_run = app.has(Habit::HostMustRun);
    let results = many::look(app, &world, names, must_run, |world, record| Ok(query::url(world, record)?))?;
    for (name, url) in results.iter().filter_map(|(name, result)| Some((name, result.as_ref().ok()?))) {
        app.ui.data(if json { json::compact(&json!({ "name": name, "url": url })) } else { url.clone() });
    }
    many::ended(results)
}
