//! `version`: of this program, or of a machine's engine.

use std::time::Duration;

use serde_json::json;

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, classic::ASKING_VERSION, code},
        json, names,
    },
    ops::query,
    retry::Deadline,
};

/// How long the engine may take to answer.
const AT_MOST: Duration = Duration::from_secs(20);

/// Options of `version`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine whose engine is asked (default: this program itself)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Whether no machine is asked.
    pub fn is_about_us(&self) -> bool {
        self.name.is_none()
    }
}

/// Prints a version.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref name, json } = args;
    let Some(name) = name else {
        let own = json!({ "name": app.program(), "version": env!("CARGO_PKG_VERSION"), "build": BUILD });
        app.ui.data(if json { json::compact(&own) } else { line(app.program()) });
        return Ok(code::DONE);
    };
    let world = app.quiet_world()?;
    let name = names::one(&world.store, Some(name))?;
    let machine = name.clone();
    let version = app
        .wait(async move {
            let record = world.store.load(&machine)?;
            Ok(query::check(&world, &record, Deadline::after(AT_MOST)).await?)
        })
        .map_err(CliError::classic(ASKING_VERSION))?;
    app.ui.data(if json {
        json::compact(
            &json!({ "name": name, "version": version.version, "api_version": version.api_version }),
        )
    } else {
        version.version
    });
    Ok(code::DONE)
}

/// The program's version, in the form of docker-machine's, which callers parse.
pub fn line(program: &str) -> String {
    format!("{program} version {}, build {}", env!("CARGO_PKG_VERSION"), BUILD)
}

/// The commit, where the packager said it.
pub const BUILD: &str = match option_env!("RMACHINE_BUILD") {
    Some(commit) => commit,
    None => "HEAD",
};
