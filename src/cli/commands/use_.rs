//! `use`: which context docker takes when nobody says.

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        names,
    },
    machine::MachineName,
    ops::{contexts, ssh_config, swarm::context},
    shell::{self, Shell},
};

/// What `cd` takes for going back.
const BACK: &str = "-";
/// Variables that win over the current context, the strongest first.
const STRONGER: [&str; 2] = ["DOCKER_HOST", "DOCKER_CONTEXT"];

/// Options of `use`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine or the swarm; `-` goes back to docker's default context
    #[arg(value_name = "NAME", allow_hyphen_values = true, required_unless_present = "default")]
    name: Option<String>,

    /// Go back to docker's default context
    #[arg(long, conflicts_with = "name")]
    default: bool,
}

/// Switches.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { name, default } = args;
    match name.as_deref() {
        Some(name) if name != BACK && !default => select(app, name)?,
        _ => go_back(app)?,
    }
    warn(app);
    Ok(code::DONE)
}

fn select(app: &App, typed: &str) -> Result<(), CliError> {
    if let Some(swarm) =
        typed.parse().ok().filter(|name| app.store().is_ok_and(|store| store.has_swarm(name)))
    {
        return select_swarm(app, &swarm);
    }
    let name = names::one(&app.store()?, Some(typed))?;
    let world = app.world("use", std::slice::from_ref(&name))?;
    let about = CliError::about(&name);
    let url = app
        .wait({
            let (world, name) = (world.clone(), name.clone());
            async move { Ok(contexts::select(&world, &name).await?) }
        })
        .map_err(&about)?;
    app.ui.say(format_args!("docker uses {name} at {url}"));
    if let Some(line) = ssh_config::missing_line(&app.env, &world.store, &world.store.load(&name)?) {
        app.ui.say(format_args!("the docker client needs this line at the top of ~/.ssh/config: {line}"));
    }
    Ok(())
}

fn select_swarm(app: &App, name: &MachineName) -> Result<(), CliError> {
    let world = app.world("use", &[])?;
    let (manager, url) = app.wait({
        let name = name.clone();
        async move { Ok(context::select(&world, &name).await?) }
    })?;
    app.ui.say(format_args!("docker uses swarm {name} through {manager} at {url}"));
    Ok(())
}

fn go_back(app: &App) -> Result<(), CliError> {
    let before = contexts::deselect(&app.quiet_world()?)?;
    let before = before.map(|name| format!(", no longer {name}")).unwrap_or_default();
    app.ui.say(format_args!("docker uses its default context{before}"));
    Ok(())
}

/// A variable of this shell makes the switch worth nothing.
fn warn(app: &App) {
    let set = STRONGER.into_iter().filter(|name| app.env.var(name).is_some());
    let shell = shell::detect(&app.env, shell::parent_name().as_deref()).unwrap_or(Shell::Sh);
    for name in set {
        app.ui.note(format_args!(
            "{} {name} is set in this shell and wins over the context; to unset it: {}",
            app.ui.red("warning:"),
            shell.unset(name)
        ));
    }
}
