//! `engine unset`: options go back to what the host had before, or to the engine's default.

use super::common::{self, HowArgs};
use crate::{
    cli::{
        app::App,
        engine_words,
        error::{CliError, Outcome},
    },
    engine::options::{OptionError, nearest_word, spec_of_word},
    ops::engine::edit::Edit,
};

/// Options of `engine unset`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine; several are separated by commas
    #[arg(value_name = "NAME[,NAME...]")]
    names: String,

    /// Take this option back, or one entry of it
    #[arg(value_name = "OPTION[=ENTRY]")]
    options: Vec<String>,

    /// Take a variable of the engine's environment back
    #[arg(long, value_name = "KEY")]
    env: Vec<String>,

    #[command(flatten)]
    how: HowArgs,
}

/// Takes them back on all machines.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { names, options, env, how } = args;
    if options.is_empty() && env.is_empty() {
        return Err(CliError::usage(
            "no option is named",
            format!("{} engine unset NAME OPTION, such as mtu", app.program()),
        ));
    }
    for word in options {
        let name = word.split('=').next().unwrap_or(word);
        // What only a file of the user's has set is not in the table, and can be taken back all the same.
        if spec_of_word(name).is_none() && nearest_word(name).is_some() {
            let error = OptionError::Unknown { key: name.to_owned(), nearest: nearest_word(name) };
            return Err(engine_words::wrong(app.program(), &error));
        }
    }
    let edit = Edit { unset: options.clone(), unset_env: env.clone(), ..Edit::default() };
    common::change(app, &common::machines([names]), edit, how)
}
