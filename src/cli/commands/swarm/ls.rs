//! `swarm ls`: the swarms of the store.

use serde_json::json;

use crate::{
    cli::{
        app::App,
        error::{Outcome, code},
        json, table,
    },
    engine::api::swarm::Role,
    ops::fan_out::{AT_ONCE, fan_out},
    ops::swarm::status::{Status, status},
};

/// Options of `swarm ls`.
#[derive(clap::Args)]
pub struct Args {
    /// Print names only
    #[arg(long, short)]
    quiet: bool,

    /// Print JSON
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
}

/// Asks every swarm and lists them.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { quiet, json: as_json } = args;
    let names = app.store()?.swarms()?;
    if quiet {
        for name in names {
            app.ui.data(name);
        }
        return Ok(code::DONE);
    }
    let world = app.quiet_world()?;
    let looked = app.wait(async move {
        Ok(fan_out(names, AT_ONCE, |name| {
            let world = world.clone();
            async move { status(&world, &name, false).await }
        })
        .await)
    })?;
    if as_json {
        let all: Vec<_> = looked
            .iter()
            .map(|(name, looked)| match looked {
                Ok(status) => json!(status),
                Err(error) => json!({ "name": name, "error": error.to_string() }),
            })
            .collect();
        app.ui.data(json::pretty(&json!(all)));
        return Ok(code::DONE);
    }
    let mut rows = vec![["NAME", "STATE", "MANAGERS", "WORKERS", "MAY LOSE", "THROUGH"].map(str::to_owned)];
    for (name, looked) in looked {
        rows.push(match looked {
            Ok(status) => row(&status),
            Err(error) => [
                name.to_string(),
                "Error".to_owned(),
                String::new(),
                String::new(),
                String::new(),
                error.to_string(),
            ],
        });
    }
    app.ui.data_raw(&table::aligned(&rows));
    Ok(code::DONE)
}

fn row(status: &Status) -> [String; 6] {
    let of = |role: Role| status.nodes.iter().filter(|node| node.role == role).count();
    [
        status.name.to_string(),
        state(status).to_owned(),
        format!("{}/{}", status.reachable, status.managers),
        of(Role::Worker).to_string(),
        status.margin.to_string(),
        status.through.as_ref().map(ToString::to_string).unwrap_or_default(),
    ]
}

/// One word for a swarm.
pub fn state(status: &Status) -> &'static str {
    match (&status.through, status.is_healthy()) {
        (None, _) => "No quorum",
        (Some(_), true) => "Healthy",
        (Some(_), false) => "Degraded",
    }
}
