//! `engine set`: options of engines, changed with a plan beforehand and a way back.

use super::common::{self, HowArgs};
use crate::{
    cli::{
        app::App,
        engine_words,
        error::{CliError, Outcome},
    },
    engine::options::spec_of_word,
    ops::engine::edit::Edit,
};

/// Options of `engine set`.
#[derive(clap::Args)]
pub struct Args {
    /// Machines, then options: a word with `=` is an option, one without is a machine
    #[arg(value_name = "NAME... OPTION=VALUE", required = true)]
    words: Vec<String>,

    /// Set a variable of the engine's environment
    #[arg(long, value_name = "KEY=VALUE")]
    env: Vec<String>,

    #[command(flatten)]
    how: HowArgs,
}

/// Sets them on all machines.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { words, env, how } = args;
    let (options, names): (Vec<&String>, Vec<&String>) = words.iter().partition(|word| word.contains('='));
    if let Some(after) = names_after_options(words) {
        return Err(CliError::usage(
            format!("{after} stands behind an option: machines come first"),
            format!(
                "{} engine set NAME... OPTION=VALUE...; true and false are written out: {after}=true",
                app.program()
            ),
        ));
    }
    if options.is_empty() && env.is_empty() {
        let hint = match apart(words) {
            Some((option, value)) => format!("did you mean {option}={value}?"),
            None => format!("{} engine set NAME... OPTION=VALUE, such as mtu=1450", app.program()),
        };
        return Err(CliError::usage("no option is named", hint));
    }
    engine_words::variables("--env", env)?;
    let asked = engine_words::read(app.program(), options.into_iter().map(String::as_str))?;
    let edit = Edit {
        set: asked.options,
        listen: asked.listen,
        port: asked.port,
        env: env.clone(),
        ..Edit::default()
    };
    common::change(app, &common::machines(names), edit, how)
}

/// The first word without `=` behind one with it.
fn names_after_options(words: &[String]) -> Option<&String> {
    words.iter().skip_while(|word| !word.contains('=')).find(|word| !word.contains('='))
}

/// An option and its value as two words.
fn apart(words: &[String]) -> Option<(&str, &str)> {
    let mut pairs = words.windows(2).map(|pair| (pair[0].as_str(), pair[1].as_str()));
    pairs.find(|(option, _)| spec_of_word(option).is_some())
}
