//! `ssh`: a login, a command, or the system's OpenSSH with our key and the pinned host key.

use std::{os::unix::process::CommandExt, path::PathBuf, process::Command, time::Duration};

use crate::{
    cli::{
        app::App,
        classic::{self, habits::Habit},
        error::{CliError, Outcome, code},
        names,
    },
    ops::{World, connect, login, ssh_config},
    remote::Exit,
    retry::Deadline,
    ssh::openssh,
    store::Record,
};

/// How long a login may take, questions to the user included.
const LOGIN: Duration = Duration::from_secs(120);
/// How long another rmachine may hold the machine while we only want to write its known hosts.
const LOCK: Duration = Duration::from_secs(10);

/// Options of `ssh`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine (default: the machine `default`), then a command, or options of OpenSSH such as -L 8080:localhost:80
    #[arg(value_name = "NAME [COMMAND]", num_args = 0.., trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Logs in; the exit code is the remote one.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { words } = args;
    let world = app.quiet_world()?;
    let (name, rest) = match words.split_first() {
        Some((name, rest)) if !name.starts_with('-') => (names::one(&world.store, Some(name))?, rest),
        _ => (names::one(&world.store, None)?, words.as_slice()),
    };
    let record = world.store.load(&name)?;
    let outcome = match rest {
        [first, ..] if first != "--" && first.starts_with('-') => hand_over(app, world, record, rest),
        [first, command @ ..] if first == "--" => log_in(app, world, record, command),
        command => log_in(app, world, record, command),
    };
    outcome.map_err(without_status).map_err(CliError::about(&name))
}

/// Our own failure, told from a command's by its exit code.
fn without_status(error: CliError) -> CliError {
    match error {
        interrupted @ CliError::Interrupted { .. } => interrupted,
        error => CliError::NoStatus { source: Box::new(error) },
    }
}

fn log_in(app: &App, world: World, record: Record, command: &[String]) -> Outcome {
    let command = (!command.is_empty()).then(|| command.join(" "));
    let on_terminal = command.is_none() && app.env.stdin_is_terminal;
    let must_run = app.has(Habit::HostMustRun);
    app.wait(async move {
        if must_run {
            classic::ssh::must_run(&world, &record).await?;
        }
        let session = login::log_in(&world, &record, Deadline::after(LOGIN)).await?;
        let (stdin, stdout, stderr) = (tokio::io::stdin(), tokio::io::stdout(), tokio::io::stderr());
        let exit = if on_terminal {
            session.terminal(command.as_deref(), &world.env, stdout).await?
        } else {
            session.command(command.as_deref(), stdin, stdout, stderr).await?
        };
        session.close().await;
        Ok(code_of(&exit))
    })
}

fn code_of(exit: &Exit) -> u8 {
    match exit {
        Exit::Status(status) => u8::try_from(*status).unwrap_or(code::NO_STATUS),
        Exit::Signal(_) => code::NO_STATUS,
    }
}

/// Becomes the system's ssh: forwards, proxies and agents are its work.
fn hand_over(app: &App, world: World, record: Record, rest: &[String]) -> Outcome {
    let endpoint = connect::endpoint(&world, world.driver(&record)?.as_ref(), &record)?;
    let program = app.env.find_program("ssh").ok_or_else(|| CliError::Failed {
        message: format!("options of OpenSSH ({}) need its client, which is not installed", rest[0]),
        hint: Some("apt install openssh-client".into()),
    })?;
    let name = record.name.clone();
    let known_hosts = app.wait(async move { known_hosts(&world, &record).await })?;
    let arguments = openssh::arguments(&name, &endpoint, known_hosts.as_deref(), rest)?;
    let source = Command::new(&program).args(arguments).exec();
    Err(CliError::Io { doing: format!("run {}", program.display()), source })
}

/// The file with the pinned keys; `None` where none is pinned and the user's own files count.
async fn known_hosts(world: &World, record: &Record) -> Result<Option<PathBuf>, CliError> {
    if record.side.host_keys.is_empty() {
        return Ok(None);
    }
    // A machine that another rmachine works on can be reached all the same.
    let (name, keys) = (&record.name, &record.side.host_keys);
    if !ssh_config::has_known_hosts(&world.store, name, keys)? {
        let lock = world.store.lock(name, Deadline::after(LOCK), &world.events).await?;
        ssh_config::write_known_hosts(&world.store, &lock, name, keys)?;
    }
    Ok(Some(ssh_config::known_hosts(&world.store, name)))
}
