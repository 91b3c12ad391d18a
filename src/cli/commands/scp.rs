//! `scp`: copies by the system's scp, or by rsync, with each machine's own port, key and pinned host key.

use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        error::{CliError, Outcome, classic, code},
        location::Location,
    },
    ops::openssh,
    process::{Command, ProcessError},
    store::{Record, StoreError},
};

/// What rsync ends with when the other side did not answer, mostly because there is no rsync.
const NO_ANSWER: [i32; 2] = [12, 127];

/// Options of `scp`.
#[derive(clap::Args)]
pub struct Args {
    /// From where: a path here, or `[user@]machine:path`; then to where
    #[arg(value_names = ["SOURCE", "DESTINATION"], num_args = 0.., hide_default_value = true)]
    places: Vec<String>,

    /// Copy folders with what is in them
    #[arg(long, short)]
    recursive: bool,

    /// Send only what differs, by rsync
    #[arg(long, short)]
    delta: bool,

    /// Show no progress
    #[arg(id = "quiet", long = "quiet", short = 'q')]
    quiet: bool,
}

/// Copies.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { places, recursive, delta, quiet } = args;
    let [from, to] = places.as_slice() else { return Err(wrong_number(app)) };
    let world = app.quiet_world()?;
    let place = |typed| Location::parse(&world.store, typed).map_err(|error| not_loaded(app, error));
    let places = [place(from)?, place(to)?];
    let mut machines: Vec<_> = places.iter().filter_map(Location::machine).collect();
    machines.dedup();
    if machines.is_empty() && !app.has(Habit::CopiesHere) {
        return Err(CliError::usage(
            "neither side is on a machine",
            format!("a machine's name ends in a colon: {} scp {from} {to}:", app.program()),
        ));
    }
    if *delta && places.iter().all(|place| place.machine().is_some()) {
        return Err(CliError::usage(
            "rsync cannot copy from one machine to another",
            "leave --delta away, or copy to this computer first",
        ));
    }
    let records = machines.iter().map(|name| world.store.load(name)).collect::<Result<Vec<_>, _>>()?;
    let config = openssh::for_a_copy(&world, &records)?;
    let way = config.path().display().to_string();
    let mut command = if *delta { rsync(app, &way, *quiet) } else { scp(app, &way, *quiet) };
    if *recursive {
        command = command.arg("-r");
    }
    command = command.arg("--").args(places.iter().map(Location::word));
    let program = command.name();
    let status = app.wait(async move {
        let status = command.attached().await?;
        drop(config);
        Ok(status)
    })?;
    if status.success() {
        return Ok(code::DONE);
    }
    let error = ProcessError::Failed { program, status, stderr: String::new() };
    let has_no_answer = *delta && status.code().is_some_and(|code| NO_ANSWER.contains(&code));
    match records.first().filter(|_| has_no_answer) {
        Some(Record { name, .. }) => Err(CliError::Failed {
            message: error.to_string(),
            hint: Some(format!(
                "the host needs rsync, too: {} ssh {name} -- sudo apt-get install -y rsync",
                app.program()
            )),
        }),
        None => Err(error.into()),
    }
}

/// docker-machine says of a machine that is not there what it was doing, and says it twice.
fn not_loaded(app: &App, error: CliError) -> CliError {
    if !app.has(Habit::TellsLoadingTwice) || !matches!(error, CliError::Store(StoreError::NotFound { .. })) {
        return error;
    }
    let loading = "Error loading host: ".repeat(2);
    CliError::Failed { message: loading + &classic::message(&error), hint: None }
}

fn wrong_number(app: &App) -> CliError {
    if app.has(Habit::HelpOnWrongNumber) {
        return CliError::NoNames { command: "scp" };
    }
    CliError::usage(
        "scp takes two places: from where, and to where",
        format!("{} scp n1:FILE .", app.program()),
    )
}

fn scp(app: &App, way: &str, quiet: bool) -> Command {
    // -3: between two machines the data comes through here, because they know nothing of each other.
    let scp = Command::new(&app.env, "scp").args(["-3", "-F", way]);
    if quiet { scp.arg("-q") } else { scp }
}

fn rsync(app: &App, way: &str, quiet: bool) -> Command {
    // -s: names reach the host as they are, whatever its shell would make of them.
    // It splits the command at blanks, and has quotes of its own.
    let shell = format!("ssh -F '{}'", way.replace('\'', "''"));
    let rsync = Command::new(&app.env, "rsync").args(["-s", "-e", &shell]);
    if quiet { rsync } else { rsync.arg("--progress") }
}
