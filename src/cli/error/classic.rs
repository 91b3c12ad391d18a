//! docker-machine's own sentences and exit codes, for the scripts that match on them.

mod create;
mod parser;

use super::{CliError, Ui, causes, code};
use crate::{
    driver::DriverError,
    drivers::plugin::error::PluginError,
    engine::api::ApiError,
    env::Env,
    ops::{OpsError, query::QueryError},
    store::StoreError,
};

pub use parser::report as report_clap;

/// What stands before the trouble with a machine's creation.
pub const CREATING: &str = "Error creating machine: ";
/// What stands before an engine's refusal to say its version.
pub const ASKING_VERSION: &str = "Unable to query docker version: ";

/// A driver that docker-machine has on another platform only.
const ELSEWHERE: &str = "vmwarefusion";

/// 1 for every error, 3 for a refusal of the driver's checks before `create`.
pub fn code(error: &CliError) -> u8 {
    match error {
        CliError::Driver(DriverError::Preflight { .. })
        | CliError::Ops(OpsError::Driver(DriverError::Preflight { .. }))
        | CliError::Refused { .. } => code::REFUSED,
        CliError::Classic { source, .. } | CliError::NoStatus { source } => code(source),
        CliError::Machines { failures, .. } if failures.len() == 1 => code(&failures[0].1),
        CliError::Interrupted { .. } => code::INTERRUPTED,
        _ => code::FAILED,
    }
}

/// The sentence docker-machine had for it; where it had none, ours on one line.
pub fn message(error: &CliError) -> String {
    match error {
        CliError::Classic { source, .. } if is_whole(source) => message(source),
        CliError::Classic { prefix, source } => format!("{prefix}{}", below(prefix, source)),
        CliError::NoDefault => "Error: No machine name(s) specified and no \"default\" machine exists".into(),
        CliError::NoNames { command: "create" } => "Error: No machine name specified".into(),
        CliError::NoNames { command: "scp" | "mount" } => "Improper number of arguments".into(),
        CliError::NoNames { .. } => "Error: Expected to get one or more machine names as arguments".into(),
        CliError::SwarmDiscovery { url } => {
            format!("Error parsing swarm discovery: Swarm Discovery URL was in the wrong format: {url}")
        }
        CliError::Name(_) => "Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -".into(),
        CliError::Store(error) | CliError::Ops(OpsError::Store(error)) => of_store(error),
        CliError::Driver(error) | CliError::Ops(OpsError::Driver(error)) => of_driver(error),
        CliError::Ops(error) => of_ops(error),
        CliError::Query(error) => of_query(error),
        other => in_one_line(other),
    }
}

/// The same below a prefix that says what was being done, where the sentence depends on that.
fn below(prefix: &str, error: &CliError) -> String {
    match error {
        CliError::Ops(error) if prefix == CREATING => create::message(error),
        CliError::Query(QueryError::Engine { source, .. }) if prefix == ASKING_VERSION => of_version(source),
        error => message(error),
    }
}

/// Sentences that docker-machine prints without the words of the command before them.
fn is_whole(error: &CliError) -> bool {
    matches!(
        error,
        CliError::NoDefault
            | CliError::Store(StoreError::NotFound { .. } | StoreError::AlreadyExists(_))
            | CliError::Ops(
                OpsError::Store(StoreError::AlreadyExists(_))
                    | OpsError::UnknownDriver { .. }
                    | OpsError::Certs(_)
                    | OpsError::Driver(DriverError::Preflight { .. } | DriverError::Usage { .. })
            )
    )
}

/// The same for the store.
pub fn of_store(error: &StoreError) -> String {
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
        StoreError::NoConfig { path } => format!("open {}: no such file or directory", path.display()),
        other => in_one_line(&other),
    }
}

/// The same for a driver.
pub fn of_driver(error: &DriverError) -> String {
    match error {
        DriverError::Preflight { message, .. } => format!("Error with pre-create check: {message:?}"),
        DriverError::Usage { message } => {
            format!("Error setting machine configuration from flags provided: {message}")
        }
        DriverError::Unsupported { driver, verb } => format!("{driver} driver does not support {verb}"),
        DriverError::NoHost { verb, .. } => {
            format!("hosts without a driver cannot be {}", participle(verb))
        }
        DriverError::Missing { driver } => {
            format!("Driver {driver:?} not found. Do you have the plugin binary accessible in your PATH?")
        }
        DriverError::Failed { source, .. } => {
            source.downcast_ref().and_then(of_plugin).unwrap_or_else(|| in_one_line(error))
        }
        other => in_one_line(&other),
    }
}

/// The same for a plugin that cannot be talked to; where docker-machine had only its runtime's words, there is none.
fn of_plugin(error: &PluginError) -> Option<String> {
    match error {
        PluginError::Silent { after, .. } => Some(format!(
            "Error attempting to get plugin server address for RPC: Failed to dial the plugin server in {}s",
            after.as_secs()
        )),
        PluginError::Version { version, .. } => {
            Some(format!("Driver binary uses an incompatible API version ({version})"))
        }
        _ => None,
    }
}

/// `stopped` of `stop`.
fn participle(verb: &str) -> String {
    let doubled = if verb.ends_with('p') { "p" } else { "" };
    format!("{verb}{doubled}ed")
}

fn of_ops(error: &OpsError) -> String {
    match error {
        OpsError::UnknownDriver { name, .. } if name == ELSEWHERE => {
            format!("Driver {name:?} not supported on this platform.")
        }
        OpsError::UnknownDriver { name, .. } => format!(
            "Driver {name:?} not found. Do you have the plugin binary \"docker-machine-driver-{name}\" accessible in your PATH?"
        ),
        OpsError::Store(error) => of_store(error),
        OpsError::Driver(error) => of_driver(error),
        OpsError::Certs(error) => create::of_certs(error),
        other => in_one_line(&other),
    }
}

fn of_query(error: &QueryError) -> String {
    match error {
        QueryError::NotRunning { .. } => "Host is not running".into(),
        QueryError::Ops(error) => of_ops(error),
        QueryError::NotSwarmMaster { name } => format!(
            "\"{name}\" is not a swarm master. The --swarm flag is intended for use with swarm masters"
        ),
        QueryError::SwarmSilent { .. } => {
            "Connection to Swarm cannot be checked but the certs are valid. Maybe swarm is not started".into()
        }
        QueryError::Engine { at, source, .. } => certificates(at, &in_one_line(source)),
    }
}

/// What the check of an engine's certificates found wrong; a connection that does not come about counts as that, too.
fn certificates(at: &str, cause: &str) -> String {
    format!(
        "Error checking and/or regenerating the certs: There was an error validating certificates for host {at:?}: {cause}\n\
         They can be made anew with 'docker-machine regenerate-certs NAME'.\n\
         That restarts the Docker daemon, which may stop running containers.\n"
    )
}

/// Why an engine did not tell its version.
pub fn of_version(error: &OpsError) -> String {
    match error {
        OpsError::Engine(ApiError::Refused { .. }) => "Cannot connect to the docker engine endpoint".into(),
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

/// Tells what went wrong on the way, where the command goes on.
pub fn tell(ui: &Ui, error: &CliError) {
    ui.note(message(error));
}

/// Tells what went wrong; where nothing is named, docker-machine shows the help first.
pub fn report(ui: &Ui, env: &Env, error: &CliError) {
    match error {
        CliError::NoNames { command } => parser::show_help(ui, env, Some(command)),
        CliError::Misused { message } => return parser::misused(ui, env, message),
        _ => {}
    }
    ui.note(to_type(&message(error), env));
    // docker-machine refused nothing of the kind, so what to type instead is news to whoever reads this.
    if let CliError::Refused { hint: Some(hint), .. } = error {
        ui.note(hint);
    }
}

/// What the message says to type, in the name we were called by.
fn to_type(message: &str, env: &Env) -> String {
    ["\"", "'"].iter().fold(message.to_owned(), |text, quote| {
        text.replace(&format!("{quote}docker-machine "), &format!("{quote}{} ", env.program()))
    })
}
