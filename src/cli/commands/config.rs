//! `config`: the docker client's options for a machine. Callers use it as a liveness probe, so it always asks the engine.

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
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

    #[command(flatten)]
    swarm: SwarmFlag,
}

/// Asks the engine, then prints the options.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { name, swarm } = args;
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
