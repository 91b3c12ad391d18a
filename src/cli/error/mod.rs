//! What can go wrong on the way from words to words, and how it is told: headline, causes, a hint to type, an exit code.
//!
//! This folder is the only place that maps errors to hints (`hints.rs`), exit codes (`codes.rs`) and to docker-machine's sentences
//! (`classic.rs`).

pub mod classic;
mod codes;
mod hints;

use std::{error::Error, io};

use super::{argv, parse, ui::Ui};
use crate::{
    driver::DriverError,
    env::{Env, Voice},
    machine::{MachineName, NameError},
    ops::{OpsError, links::LinkError, query::QueryError},
    process::ProcessError,
    retry::TimedOut,
    ssh::SshError,
    store::StoreError,
};

pub use super::settings::SettingsError;
pub(super) use classic::{
    of_driver as classic_driver, of_store as classic_store, of_version as classic_version,
};

/// Exit codes, as README lists them.
pub mod code {
    /// Everything was done.
    pub const DONE: u8 = 0;
    /// It failed.
    pub const FAILED: u8 = 1;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
    /// It was refused before anything was changed.
    pub const REFUSED: u8 = 3;
    /// Some machines are done, others failed.
    pub const PARTLY: u8 = 4;
    /// SIGINT.
    pub const INTERRUPTED: u8 = 130;
    /// OpenSSH's code for everything that is not the remote command's.
    pub const NO_STATUS: u8 = 255;
}

/// What a command returns: an exit code when there is nothing to report.
pub type Outcome = Result<u8, CliError>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// clap did not understand the command line, or was asked for help.
    #[error(transparent)]
    Clap(#[from] clap::Error),
    /// The command line is wrong in a way that clap cannot see.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to type.
        hint: Option<String>,
    },
    /// docker-machine's parser would have refused the line, and shown the help.
    #[error("{message}")]
    Misused {
        /// In that parser's words.
        message: String,
    },
    /// The user's configuration file is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A name that no machine can have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No name was given, and there is no machine `default`.
    #[error("no machine is named, and there is none called \"default\"")]
    NoDefault,
    /// No name was given, and this command has no default.
    #[error("no machine is named")]
    NoNames {
        /// The command.
        command: &'static str,
    },
    /// `--swarm-discovery` is no URL.
    #[error("--swarm-discovery {url:?} is not the URL of a discovery service")]
    SwarmDiscovery {
        /// What was given.
        url: String,
    },
    /// Several things are wrong with the command line or the machines it names.
    #[error("{} errors", errors.len())]
    Several {
        /// Each of them.
        errors: Vec<CliError>,
    },
    /// It would do harm, or cannot work.
    #[error("{message}")]
    Refused {
        /// What is refused and why.
        message: String,
        /// What to type.
        hint: Option<String>,
    },
    /// It failed in a way that only the command line can see.
    #[error("{message}")]
    Failed {
        /// What failed.
        message: String,
        /// What to type.
        hint: Option<String>,
    },
    /// A verb failed.
    #[error(transparent)]
    Ops(#[from] OpsError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A driver.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// A question to a machine was not answered.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A login broke, or OpenSSH cannot be used for it.
    #[error(transparent)]
    Ssh(#[from] SshError),
    /// The links of `install-links`.
    #[error(transparent)]
    Links(#[from] LinkError),
    /// A program of this computer that we only hand over to.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// `--timeout` passed.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// A file or stream of the user's.
    #[error("cannot {doing}")]
    Io {
        /// What was to be done, such as `read the password file /run/secret`.
        doing: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// SIGINT.
    #[error("interrupted")]
    Interrupted {
        /// Whether the same command goes on where this one ended.
        goes_on: bool,
    },
    /// Some of several machines failed, or all.
    #[error("{} of {} machines failed", failures.len(), failures.len() + done)]
    Machines {
        /// Each with what happened to it.
        failures: Vec<(MachineName, CliError)>,
        /// How many did not fail.
        done: usize,
    },
    /// `ssh` came to no command whose exit code it could pass on; as OpenSSH, it says 255 then.
    #[error("{source}")]
    NoStatus {
        /// Why.
        source: Box<CliError>,
    },
    /// The same error, with the words that docker-machine puts before it.
    #[error("{source}")]
    Classic {
        /// Those words, such as `Error checking TLS connection: `.
        prefix: String,
        /// The error.
        source: Box<CliError>,
    },
}

impl CliError {
    /// A wrong command line.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    /// A refusal.
    pub fn refused(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { message: message.into(), hint: Some(hint.into()) }
    }

    /// The same error, about this machine: what to type can name it.
    pub fn about(name: &MachineName) -> impl Fn(Self) -> Self {
        let name = name.clone();
        move |error| match error {
            interrupted @ Self::Interrupted { .. } => interrupted,
            error => Self::Machines { failures: vec![(name.clone(), error)], done: 0 },
        }
    }

    /// Puts docker-machine's words before an error, of several machines before each; our own voice does not use them.
    pub fn classic<E: Into<Self>>(prefix: impl Into<String>) -> impl Fn(E) -> Self {
        let prefix = prefix.into();
        move |error| match error.into() {
            error @ Self::Machines { .. } => Self::classic_of(|_| prefix.clone())(error),
            error => Self::Classic { prefix: prefix.clone(), source: Box::new(error) },
        }
    }

    /// The same with words that name each of the machines.
    pub fn classic_of(prefix: impl Fn(&MachineName) -> String) -> impl Fn(Self) -> Self {
        move |error| match error {
            Self::Machines { failures, done } => {
                let told = |(name, error)| {
                    let prefix = prefix(&name);
                    (name, Self::Classic { prefix, source: Box::new(error) })
                };
                Self::Machines { failures: failures.into_iter().map(told).collect(), done }
            }
            error => error,
        }
    }
}

/// Tells the user what went wrong and returns the exit code.
pub fn report(ui: &Ui, env: &Env, error: &CliError) -> u8 {
    if let CliError::Clap(error) = error {
        return report_clap(ui, env, error);
    }
    report_each(ui, env, error);
    match ui.voice() {
        Voice::Rmachine => codes::of(error),
        Voice::DockerMachine => classic::code(error),
    }
}

fn report_each(ui: &Ui, env: &Env, error: &CliError) {
    match error {
        CliError::Machines { failures, done } => {
            let several = failures.len() + done > 1;
            for (name, error) in failures {
                report_one(ui, env, Some((name, several)), error);
            }
        }
        CliError::NoStatus { source } if matches!(**source, CliError::Machines { .. }) => {
            report_each(ui, env, source);
        }
        CliError::Several { errors } => {
            for error in errors {
                report_one(ui, env, None, error);
            }
        }
        error => report_one(ui, env, None, error),
    }
}

/// The machine it is about is named where there are several.
fn report_one(ui: &Ui, env: &Env, about: Option<(&MachineName, bool)>, error: &CliError) {
    match ui.voice() {
        Voice::DockerMachine => classic::report(ui, env, error),
        Voice::Rmachine => {
            let whose = about
                .filter(|(_, several)| *several)
                .map(|(name, _)| format!("{name}: "))
                .unwrap_or_default();
            ui.note(format_args!("{} {whose}{error}", ui.red("error:")));
            for cause in causes(error) {
                ui.note(format_args!("  because {cause}"));
            }
            let to = hints::To { program: env.program(), name: about.map(|(name, _)| name) };
            for hint in hints::hints(error, to) {
                ui.note(format_args!("{} {hint}", ui.cyan("hint:")));
            }
        }
    }
}

/// The chain below the headline; one that the line before it already says is left out.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut above = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = plain(&cause.to_string());
        if !above.contains(&text) {
            causes.push(text.clone());
        }
        above = text;
        next = cause.source();
    }
    causes
}

/// Without the number that Rust appends to what the system says.
fn plain(text: &str) -> String {
    match text.rsplit_once(" (os error ") {
        Some((said, number)) if number.ends_with(')') => said.to_owned(),
        _ => text.to_owned(),
    }
}

/// Help and versions are data; anything else is a wrong command line.
fn report_clap(ui: &Ui, env: &Env, error: &clap::Error) -> u8 {
    let text = error.render();
    if !error.use_stderr() {
        ui.help(&text);
        return code::DONE;
    }
    match ui.voice() {
        Voice::DockerMachine => classic::report_clap(ui, env, error),
        Voice::Rmachine => {
            let shown = if ui.has_color() { text.ansi().to_string() } else { text.to_string() };
            if !shown.contains("Usage:") {
                ui.note(usage(env));
            }
            ui.note(shown.trim_end());
            code::USAGE
        }
    }
}

/// clap leaves the usage out where a value is wrong.
fn usage(env: &Env) -> String {
    let mut tree = parse::tree(env);
    tree.build();
    let command = argv::command(env).and_then(|name| tree.find_subcommand_mut(&name).cloned());
    command.unwrap_or(tree).render_usage().to_string()
}
