//! `swarm deploy`: a stack of a compose file, through a manager that answers, with docker's own client.

use std::path::PathBuf;

use super::named;
use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome},
    },
    ops::{env_files, query, swarm::through},
    process::Command,
};

/// Options of `swarm deploy`.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    swarm: String,

    /// Deploy the services of this file; several are merged
    #[arg(long, short = 'c', value_name = "FILE", required = true)]
    compose_file: Vec<PathBuf>,

    /// The stack
    #[arg(value_name = "STACK")]
    stack: String,

    /// Remove services that the file does not name any more
    #[arg(long)]
    prune: bool,

    /// Ask registries for images' digests: always, changed or never
    #[arg(long, value_name = "WHEN", value_parser = ["always", "changed", "never"])]
    resolve_image: Option<String>,

    /// Send registry credentials to the nodes
    #[arg(long)]
    with_registry_auth: bool,
}

/// Hands over to docker, whose exit status is ours.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { swarm, compose_file, stack, prune, resolve_image, with_registry_auth } = args;
    let stack = stack.clone();
    let name = named(app, swarm)?;
    let world = app.quiet_world()?;
    let manager = app.wait({
        let (world, name) = (world.clone(), name.clone());
        async move { Ok(through::manager(&world, &name, &world.swarm(&name)?).await?) }
    })?;
    let record = world.store.load(&manager.machine)?;
    let url = query::url(&world, &record)?;
    let program = app.env.find_program("docker").ok_or_else(|| CliError::Failed {
        message: "stacks are deployed by docker's own client, which is not installed".into(),
        hint: Some("apt install docker-cli, or docker.io on Debian 12".into()),
    })?;
    app.ui.say(format_args!("deploying {stack} through {}", manager.machine));
    let mut command = Command::new(&app.env, &program.to_string_lossy()).args(["stack", "deploy"]);
    for (variable, value) in env_files::variables(&world.store, &record.name, &url) {
        command = command.var(variable, value.as_deref().unwrap_or_default());
    }
    for file in compose_file {
        command = command.arg("--compose-file").arg(file);
    }
    if let Some(when) = resolve_image {
        command = command.args(["--resolve-image", when]);
    }
    if *prune {
        command = command.arg("--prune");
    }
    if *with_registry_auth {
        command = command.arg("--with-registry-auth");
    }
    let status = app.wait(async move { Ok(command.args(["--", &stack]).attached().await?) })?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}
