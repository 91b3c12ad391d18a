//! `env`: the variables that point the docker client at a machine, for a shell to evaluate.
//!
//! The store alone answers, unless `--check` is given or docker-machine's voice is spoken. Nothing is printed when anything fails, so
//! that `eval` does nothing.

mod proxy;
mod variables;

use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        error::{CliError, Outcome, code},
        expiry,
        swarm_flag::SwarmFlag,
    },
    machine::MachineName,
    ops::{certs, query, ssh_config},
    shell::{self, Shell},
    store::{Stage, nearest},
};
use variables::Variables;

/// Options of `env`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine (default: the machine `default`)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Write for this shell: bash, zsh, fish, powershell, cmd, tcsh, emacs, nushell, dotenv or json
    #[arg(long)]
    shell: Option<String>,

    /// Unset the variables instead
    #[arg(long, short)]
    unset: bool,

    /// Keep the host's address away from the proxy
    #[arg(long)]
    no_proxy: bool,

    /// Ask the engine first
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    swarm: SwarmFlag,
}

/// Prints the variables.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref name, ref shell, unset, no_proxy, check, ref swarm } = args;
    let meant = if unset {
        none_named(name.as_deref())?;
        None
    } else {
        Some(swarm.resolve(app, &app.quiet_world()?, name.as_deref())?)
    };
    let variables = match &meant {
        None => Variables::unset(no_proxy.then(|| proxy::name(&app.env))),
        Some((machine, flag)) => {
            of_machine(app, machine, flag, no_proxy, check || app.has(Habit::EngineIsAsked))?
        }
    };
    let shell = wanted_shell(app, shell.as_deref())?;
    let statements = shell.statements(&variables.as_refs()).map_err(|error| CliError::Failed {
        message: error.to_string(),
        hint: Some("choose another shell with --shell, or move the store to a plainer path".into()),
    })?;
    let way = meant.as_ref().map_or(Ok(String::new()), |(machine, _)| way(app, shell, machine))?;
    app.ui.data_raw(&(statements + &way + &shell.hint(app.voice(), &app.env.args)));
    if let Some((machine, _)) = meant.filter(|_| !app.has(Habit::FourVariables)) {
        warn(app, &machine)?;
    }
    Ok(code::DONE)
}

/// Certificates that end soon are told beside the variables, while there is time.
fn warn(app: &App, name: &MachineName) -> Result<(), CliError> {
    let world = app.quiet_world()?;
    let lives = certs::lives(&world, &world.store.load(name)?);
    for line in expiry::warnings(app.program(), name, &lives) {
        app.ui.note(format_args!("{} {line}", app.ui.red("warning:")));
    }
    Ok(())
}

/// What `ssh`, which the docker client runs for `ssh://`, lacks to find key and host key.
fn way(app: &App, shell: Shell, name: &MachineName) -> Result<String, CliError> {
    if app.has(Habit::FourVariables) {
        return Ok(String::new());
    }
    let store = app.store()?;
    let line = ssh_config::missing_line(&app.env, &store, &store.load(name)?);
    Ok(line.map_or_else(String::new, |line| {
        shell.comment("This line at the top of ~/.ssh/config lets the docker client find key and host key: ")
            + &shell.comment(&line)
    }))
}

fn of_machine(
    app: &App,
    name: &MachineName,
    swarm: &SwarmFlag,
    no_proxy: bool,
    check: bool,
) -> Result<Variables, CliError> {
    let world = app.quiet_world()?;
    let read = || -> Result<Variables, CliError> {
        let record = world.store.load(name)?;
        if check {
            swarm.check(app, &world, &record)?;
        }
        let record = swarm.meant(&world, record)?;
        if record.side.stage < Stage::Provisioned {
            return Err(CliError::Failed {
                message: format!("{} has no engine to point at: its create did not finish", record.name),
                hint: Some(format!(
                    "the same create goes on; {} rm {} removes what there is",
                    app.program(),
                    record.name
                )),
            });
        }
        let mut variables = Variables::of(app, &world, &record)?;
        if no_proxy {
            let ip = query::ip(&world, &record)?.unwrap_or_default();
            variables.set(proxy::name(&app.env), proxy::value(&app.env, &ip));
        }
        Ok(variables)
    };
    read().map_err(CliError::classic("Error checking TLS connection: "))
}

fn none_named(name: Option<&str>) -> Result<(), CliError> {
    if name.is_none() {
        return Ok(());
    }
    Err(CliError::usage("Error: Expected no machine name when the -u flag is present", "env --unset"))
}

fn wanted_shell(app: &App, typed: Option<&str>) -> Result<Shell, CliError> {
    let Some(typed) = typed else {
        return shell::detect(&app.env, shell::parent_name().as_deref()).map_err(|_| CliError::Failed {
            message: "Error: Unknown shell".into(),
            hint: Some("name it: --shell bash".into()),
        });
    };
    match Shell::parse(typed) {
        Some(shell) => Ok(shell),
        None if app.has(Habit::AnyShell) => Ok(Shell::Sh),
        None => {
            let known: Vec<String> = Shell::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
            let near = nearest(typed, known.clone());
            let hint = if near.is_empty() {
                format!("known are {}, json", known.join(", "))
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            Err(CliError::usage(format!("{typed:?} is no shell that env can write for"), hint))
        }
    }
}
