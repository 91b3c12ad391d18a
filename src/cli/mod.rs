//! Words in, words out: one file per command in `commands/`, beside what they share.
//!
//! A command returns an exit code or an error; this file runs it and reports. Only `ui.rs` prints.

mod app;
mod argv;
mod ask;
mod classic;
mod commands;
mod consent;
mod defaults;
mod driver_choice;
mod engine_source;
mod engine_words;
mod error;
mod expiry;
mod flags;
mod format;
mod globals;
mod json;
mod lifecycle;
mod location;
mod logging;
mod many;
mod names;
mod parse;
mod plugin;
mod progress;
mod runtime;
mod secrets;
mod settings;
mod sudo;
mod swarm_flag;
mod table;
mod tail;
mod ui;

use clap::error::ErrorKind;

use crate::{drivers, env::Env};
use app::App;
use error::{CliError, Outcome, code};
use ui::{Manners, Ui};

/// Runs the program and returns its exit code.
pub fn run(env: &Env) -> u8 {
    if let Some(answer) = plugin::metadata(env) {
        let ui = Ui::new(env, Manners::default());
        ui.data(answer);
        return ended(&ui, env, Ok(code::DONE));
    }
    let plugin = plugin::unwrapped(env);
    let env = plugin.as_ref().unwrap_or(env);
    let line = match read(env) {
        Ok(line) => line,
        Err(error) => {
            drivers::close_plugins();
            return ended(&Ui::new(env, Manners::default()), env, Err(error));
        }
    };
    let stdout_is_data = line.command.as_ref().is_some_and(commands::Command::stdout_is_data);
    let app = App::new(env, line.globals, stdout_is_data);
    start_logging(&app);
    let outcome = match line.command {
        Some(command) => command.run(&app),
        None => Ok(help(&app)),
    };
    drivers::close_plugins();
    ended(&app.ui, env, outcome)
}

fn read(env: &Env) -> Result<parse::Line, CliError> {
    let debug = classic::words::debug(env)?;
    let mut line = parse::parse(env)?;
    line.globals.debug = debug.unwrap_or(line.globals.debug);
    Ok(line)
}

fn start_logging(app: &App) {
    if !app.ui.manners().debug {
        return;
    }
    logging::start(app.ui.has_color());
    if app.has(classic::habits::Habit::VersionBeforeDebugging) {
        app.ui.note(format_args!(
            "Docker Machine Version:  {}, build {}",
            env!("CARGO_PKG_VERSION"),
            commands::version::BUILD
        ));
    }
}

/// No command: the help, as docker-machine did.
fn help(app: &App) -> u8 {
    app.ui.help(&parse::shown(&app.env).render_help());
    code::DONE
}

/// The exit code, with everything that went wrong told; data that could not be written is a failure, too.
fn ended(ui: &Ui, env: &Env, outcome: Outcome) -> u8 {
    let code = match outcome {
        Ok(code) => code,
        Err(CliError::Clap(asked)) if asked.kind() == ErrorKind::DisplayVersion => {
            ui.data(commands::version::line(env.program()));
            code::DONE
        }
        Err(error) => error::report(ui, env, &error),
    };
    match ui.lost() {
        Some(source) => error::report(ui, env, &CliError::Io { doing: "write to stdout".into(), source }),
        None => code,
    }
}
