//! `config`: the docker client's options for a machine. Callers use it as a liveness probe, so it always asks the engine.

use serde_json::json;

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        json,
        swarm_flag::SwarmFlag,
    },
    ops::query,
};

/// Options of `config`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine (default: the machine `default`)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    swarm: SwarmFlag,
}

/// Asks the engine, then prints the options.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref name, json, ref swarm } = args;
    let world = app.quiet_world()?;
    let (name, swarm) = swarm.resolve(app, &world, name.as_deref())?;
    let folder = world.store.machine_dir(&name);
    let checked = || -> Result<String, CliError> {
        let record = world.store.load(&name)?;
        swarm.check(app, &world, &record)?;
        Ok(query::url(&world, &swarm.meant(&world, record)?)?)
    };
    let url = checked().map_err(CliError::classic("Error running connection boilerplate: "))?;
    let file = |name: &str| folder.join(name).display().to_string();
    let (ca, certificate, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
    let is_tls = !url.starts_with("ssh://");
    app.ui.data_raw(&match (json, is_tls) {
        (true, false) => json::compact(&json!({ "name": name, "url": url, "tlsverify": false })) + "\n",
        (true, true) => {
            json::compact(&json!({
                "name": name, "url": url, "tlsverify": true, "tlscacert": ca, "tlscert": certificate, "tlskey": key,
            })) + "\n"
        }
        (false, false) => format!("-H={url}\n"),
        (false, true) => format!(
            "--tlsverify\n--tlscacert={ca:?}\n--tlscert={certificate:?}\n--tlskey={key:?}\n-H={url}\n"
        ),
    });
    Ok(code::DONE)
}
