//! `active`: which machine `DOCKER_HOST` points at.

use std::time::Duration;

use serde_json::json;

use crate::{
    cli::{
        app::App,
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

/// Prints the first machine, by name, whose URL is `$DOCKER_HOST`; docker-machine wanted it running, too.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { timeout, json } = args;
    let target = app.env.var("DOCKER_HOST").ok_or_else(|| none_active("DOCKER_HOST is not set"))?;
    let world = app.quiet_world()?;
    let mut rows = query::stored(&world)?;
    rows.retain(|row| row.url.as_deref() == Some(target));
    if app.is_classic() {
        let at_most = Duration::from_secs(timeout);
        rows = app.wait(async move { Ok(query::look(&world, rows, Ask::State, at_most).await) })?;
        if rows.iter().any(|row| row.state == Some(State::Timeout)) {
            return Err(failed("Error getting active host: timeout"));
        }
        rows.retain(|row| row.state == Some(State::Running));
    }
    let Row { name, url, .. } =
        rows.into_iter().next().ok_or_else(|| none_active("no machine has that URL"))?;
    app.ui.data(if json { json::compact(&json!({ "name": name, "url": url })) } else { name });
    Ok(code::DONE)
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
