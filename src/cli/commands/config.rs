//! `config`: the docker client's options for a machine. Callers use it as a liveness probe, so it always asks the engine.

use std::time::Duration;

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        names,
        swarm_flag::ClassicSwarm,
    },
    ops::query,
    retry::Deadline,
};

/// How long the engine may take to answer; docker-machine gave the handshake as much.
const AT_MOST: Duration = Duration::from_secs(20);

/// Options of `config`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine (default: the machine `default`)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    #[command(flatten)]
    swarm: ClassicSwarm,
}

/// Asks the engine, then prints the options.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { name, swarm } = args;
    swarm.refuse(app)?;
    let world = app.quiet_world()?;
    let name = names::one(&world.store, name.as_deref())?;
    let folder = world.store.machine_dir(&name);
    let url = app
        .wait(async move {
            let record = world.store.load(&name)?;
            query::check(&world, &record, Deadline::after(AT_MOST)).await?;
            Ok(query::url(&world, &record)?)
        })
        .map_err(CliError::classic("Error running connection boilerplate: "))?;
    let file = |name: &str| folder.join(name).display().to_string();
    app.ui.data_raw(&if url.starts_with("ssh://") {
        format!("-H={url}\n")
    } else {
        format!(
            "--tlsverify\n--tlscacert={:?}\n--tlscert={:?}\n--tlskey={:?}\n-H={url}\n",
            file("ca.pem"),
            file("cert.pem"),
            file("key.pem"),
        )
    });
    Ok(code::DONE)
}
