//! `ip`: addresses of hosts, in the order of the arguments.

use serde_json::json;

use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        error::{CliError, Outcome},
        json, many, names,
    },
    ops::{OpsError, query},
};

/// Options of `ip`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines (default: the machine `default`)
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints one address per line, as last known; docker-machine wants the host to be running.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref names, json } = args;
    let world = app.quiet_world()?;
    let names = names::several(app, &world.store, names)?;
    let must_run = app.has(Habit::HostMustRun);
    let results = many::look(app, &world, names, must_run, |world, record| {
        let ip = query::ip(world, record)?;
        ip.ok_or_else(|| OpsError::NoUrl { machine: record.name.to_string() }.into())
    })?;
    for (name, ip) in results.iter().filter_map(|(name, result)| Some((name, result.as_ref().ok()?))) {
        app.ui.data(if json { json::compact(&json!({ "name": name, "ip": ip })) } else { ip.clone() });
    }
    many::ended(results).map_err(CliError::classic("Error getting IP address: "))
}
