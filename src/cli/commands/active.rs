//! `active`: which machine docker goes to, by `DOCKER_HOST` or its context.

use std::time::Duration;

use serde_json::json;

use super::ls::{order, swarms};
use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        error::{CliError, Outcome, code},
        json,
    },
    machine::State,
    ops::query::{self, Ask, Row},
};

/// Options of `active`.
#[derive(clap::Args)]
pub struct Args {
    /// Give up on a machine after this many seconds (docker-machine's voice, which asks the hosts)
    #[arg(long, short, value_name = "SECONDS", default_value_t = 10)]
    timeout: u64,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints the first machine, by name, whose URL or whose swarm's URL is `$DOCKER_HOST`; docker-machine wanted it running, too.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { timeout, json } = args;
    let target = app
        .docker_host()
        .ok_or_else(|| none_active("DOCKER_HOST is not set, and docker's context is the default one"))?;
    let world = app.quiet_world()?;
    let mut rows = query::stored(&world)?;
    rows.retain(|row| is_at(row, target));
    order::sort(&mut rows);
    if app.has(Habit::ActiveRuns) {
        let at_most = Duration::from_secs(timeout);
        rows = app.wait(async move { Ok(query::look(&world, rows, Ask::State, at_most).await) })?;
        let is_any_late = rows.iter().any(|row| row.is_late);
        rows.retain(|row| row.state == Some(State::Running));
        if rows.is_empty() && is_any_late {
            return Err(failed("Error getting active host: timeout"));
        }
    }
    let Row { name, url, .. } =
        rows.into_iter().next().ok_or_else(|| none_active("no machine has that URL"))?;
    app.ui.data(if json { json::compact(&json!({ "name": name, "url": url })) } else { name });
    Ok(code::DONE)
}

fn is_at(row: &Row, target: &str) -> bool {
    let Some(url) = row.url.as_deref() else { return false };
    let swarm = row.record.as_ref().ok().and_then(|record| swarms::url(record, url));
    url == target || swarm.as_deref() == Some(target)
}

fn none_active(why: &str) -> CliError {
    CliError::Classic {
        prefix: String::new(),
        source: Box::new(CliError::Failed {
            message: "No active host found".into(),
            hint: Some(why.to_owned()),
        }),
    }
}

fn failed(message: &str) -> CliError {
    CliError::Failed { message: message.into(), hint: None }
}
