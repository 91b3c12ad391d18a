//! docker-machine's own sentences and exit codes, for the scripts that match on them.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::{CliError, Ui, causes, code};
use crate::{
    cli::{argv, parse},
    driver::DriverError,
    env::Env,
    ops::{OpsError, query::QueryError},
    store::StoreError,
};

/// 1 for every error, 3 for a refusal of the driver's checks before `create`.
pub fn code(error: &CliError) -> u8 {
    match error {
        CliError::Driver(DriverError::Preflight { .. })
        | CliError::Ops(OpsError::Driver(DriverError::Preflight { .. }))
        | CliError::Refused { .. } => code::REFUSED,
        CliError::Classic { source, .. } => code(source),
        CliError::Interrupted { .. } => code::INTERRUPTED,
        _ => code::FAILED,
    }
}

/// The sentence docker-machine had for it; where it had none, ours on one line.
pub fn message(error: &CliError) -> String {
    match error {
        CliError::Classic { source, .. } if is_whole(source) => message(source),
        CliError::Classic { prefix, source } => format!("{prefix}{}", message(source)),
        CliError::NoDefault => "Error: No machine name(s) specified and no \"default\" machine exists".into(),
        CliError::NoNames { command: "create" } => "Error: No machine name specified".into(),
        CliError::NoNames { command: "scp" | "mount" } => "Improper number of arguments".into(),
        CliError::NoNames { .. } => "Error: Expected to get one or more machine names as arguments".into(),
        CliError::Name(_) => "Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -".into(),
        CliError::Store(error) | CliError::Ops(OpsError::Store(error)) => of_store(error),
        CliError::Driver(error) | CliError::Ops(OpsError::Driver(error)) => of_driver(error),
        CliError::Ops(OpsError::UnknownDriver { name, .. }) => format!(
            "Driver {name:?} not found. Do you have the plugin binary \"docker-machine-driver-{name}\" accessible in your PATH?"
        ),
        CliError::Query(error) => of_query(error),
        other => in_one_line(other),
    }
}

/// Sentences that docker-machine prints without the words of the command before them.
fn is_whole(error: &CliError) -> bool {
    matches!(
        error,
        CliError::NoDefault
            | CliError::Store(StoreError::NotFound { .. } | StoreError::AlreadyExists(_))
            | CliError::Ops(
                OpsError::Store(StoreError::NotFound { .. } | StoreError::AlreadyExists(_))
                    | OpsError::UnknownDriver { .. }
                    | OpsError::Driver(DriverError::Preflight { .. })
            )
    )
}

fn of_store(error: &StoreError) -> String {
    match error {
        StoreError::NotFound { name, .. } => format!(
            "Docker machine {name:?} does not exist. Use \"docker-machine ls\" to list machines. \
             Use \"docker-machine create\" to add a new one."
        ),
        StoreError::AlreadyExists(name) => format!("Docker machine \"{name}\" already exists"),
        StoreError::FromTheFuture { .. } => {
            "Error getting migrated host: config version is from the future -- you should upgrade your Docker Machine client"
                .into()
        }
        other => in_one_line(&other),
    }
}

fn of_driver(error: &DriverError) -> String {
    match error {
        DriverError::Preflight { message, .. } => format!("Error with pre-create check: {message:?}"),
        DriverError::Usage { message } => {
            format!("Error setting machine configuration from flags provided: {message}")
        }
        other => in_one_line(&other),
    }
}

fn of_query(error: &QueryError) -> String {
    match error {
        QueryError::NotRunning { .. } => "Host is not running".into(),
        QueryError::Ops(OpsError::Store(error)) => of_store(error),
        other => in_one_line(&other),
    }
}

fn in_one_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    for cause in causes(error) {
        line.push_str(": ");
        line.push_str(&cause);
    }
    line
}

/// Tells what went wrong; where nothing is named, docker-machine shows the help first.
pub fn report(ui: &Ui, env: &Env, error: &CliError) {
    if let CliError::NoNames { command } = error {
        help_of(ui, env, Some(command));
    }
    ui.note(message(error));
}

/// docker-machine prints the help and the flag it did not know, and says success; here it says 1.
pub fn report_clap(ui: &Ui, env: &Env, error: &clap::Error) -> u8 {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => String::new(),
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let (program, command) = (env.program(), word(ContextKind::InvalidSubcommand));
            ui.note(format_args!(
                "{program}: '{command}' is not a {program} command. See '{program} --help'."
            ));
        }
        ErrorKind::UnknownArgument if !word(ContextKind::InvalidArg).starts_with('-') => {
            ui.note("Error: Expected one machine name as an argument");
        }
        ErrorKind::UnknownArgument => {
            ui.data("Incorrect Usage.\n");
            help_of(ui, env, argv::command(env).as_deref());
            let flag = word(ContextKind::InvalidArg);
            ui.note(format_args!("flag provided but not defined: -{}", flag.trim_start_matches('-')));
        }
        _ => ui.note(error.render().to_string().trim_end()),
    }
    code::FAILED
}

fn help_of(ui: &Ui, env: &Env, command: Option<&str>) {
    let mut tree = parse::tree(env);
    tree.build();
    let command = command.and_then(|name| tree.find_subcommand_mut(name).cloned());
    ui.help(&command.unwrap_or(tree).render_help());
}
