//! `status`: what a host is doing, in one word.

use serde_json::json;

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        json, names,
    },
    ops::query,
};

/// Options of `status`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine (default: the machine `default`)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Asks the driver.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref name, json } = args;
    let world = app.quiet_world()?;
    let name = names::one(&world.store, name.as_deref())?;
    let machine = name.clone();
    let state = app
        .wait(async move { Ok(query::state(&world, &world.store.load(&machine)?).await?) })
        .map_err(CliError::classic(format!("error getting state for host {name}: ")))?;
    app.ui.data(if json {
        json::compact(&json!({ "name": name, "state": state }))
    } else {
        state.to_string()
    });
    Ok(code::DONE)
}
