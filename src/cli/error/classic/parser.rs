//! What docker-machine's parser said of a line that it could not read: the help on stdout, the reason on stderr. It said success; here it
//! is 1.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::{
    cli::{
        argv,
        error::{Ui, code},
        parse,
    },
    env::Env,
};

/// Tells what clap found.
pub fn report(ui: &Ui, env: &Env, error: &clap::Error) -> u8 {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => String::new(),
    };
    let argument = word(ContextKind::InvalidArg);
    // Such as `--timeout <SECONDS>`.
    let flag = argument.split([' ', '=']).next().unwrap_or_default().trim_start_matches('-').to_owned();
    let value = word(ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let (program, command) = (env.program(), word(ContextKind::InvalidSubcommand));
            ui.note(format_args!(
                "{program}: '{command}' is not a {program} command. See '{program} --help'."
            ));
        }
        ErrorKind::UnknownArgument if !argument.starts_with('-') => too_many(ui, env),
        ErrorKind::UnknownArgument => misused(ui, env, &format!("flag provided but not defined: -{flag}")),
        ErrorKind::TooManyValues => {
            misused(ui, env, &format!("invalid boolean value {value:?} for -{flag}"));
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            misused(ui, env, &format!("flag needs an argument: -{flag}"));
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            misused(ui, env, &format!("invalid value {value:?} for flag -{flag}"));
        }
        _ => ui.note(error.render().to_string().trim_end()),
    }
    code::FAILED
}

/// More names than the command takes.
fn too_many(ui: &Ui, env: &Env) {
    match argv::command(env).as_deref() {
        Some("active" | "ls") => ui.note("Error: Too many arguments given"),
        command => {
            if command == Some("inspect") {
                show_help(ui, env, command);
            }
            ui.note("Error: Expected one machine name as an argument");
        }
    }
}

/// The line cannot be read: `message` says why.
pub fn misused(ui: &Ui, env: &Env, message: &str) {
    ui.data("Incorrect Usage.\n");
    show_help(ui, env, argv::command(env).as_deref());
    ui.note(message);
}

/// The help of a command, or of the program.
pub fn show_help(ui: &Ui, env: &Env, command: Option<&str>) {
    let mut tree = parse::shown(env);
    tree.build();
    let command = command.and_then(|name| tree.find_subcommand_mut(name).cloned());
    ui.help(&command.unwrap_or(tree).render_help());
}
