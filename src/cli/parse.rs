//! The command line as a value.
//!
//! `create` takes the flags of its driver, which are known only once the driver is: its name is looked for in the raw words
//! first, then the whole line is read with that driver's flags in the tree.

use std::collections::BTreeMap;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser};

use super::{
    argv,
    commands::{Command, create::Chosen},
    defaults, driver_choice,
    error::CliError,
    flags,
    globals::Globals,
    settings::{GLOBAL, Settings, SettingsError},
};
use crate::{driver::Driver, drivers, env::Env};

/// Make hosts into Docker engines that the local client can use at once
#[derive(Parser)]
#[command(name = "rmachine", version, disable_version_flag = true, subcommand_required = false)]
pub struct Line {
    /// Options that every command takes.
    #[command(flatten)]
    pub globals: Globals,

    /// Show the version
    #[arg(long, short = 'v', action = ArgAction::Version)]
    version: Option<bool>,

    /// What to do; nothing shows the help.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Reads the command line.
pub fn parse(env: &Env) -> Result<Line, CliError> {
    match settings(env) {
        Ok(settings) => parse_with(env, &settings),
        // Help is there even when the file is broken.
        Err(broken) => match parse_with(env, &Settings::default()) {
            Err(CliError::Clap(asked)) if !asked.use_stderr() => Err(asked.into()),
            _ => Err(broken.into()),
        },
    }
}

fn settings(env: &Env) -> Result<Settings, SettingsError> {
    let settings = Settings::load(env)?;
    if !settings.is_empty() {
        settings.check(&known_settings(&tree(env)))?;
    }
    Ok(settings)
}

fn parse_with(env: &Env, settings: &Settings) -> Result<Line, CliError> {
    let mut root = tree(env);
    root = defaults::fill(root, env, settings)?;
    let words = argv::words(env);
    let place = argv::place_of_command(&words, &root);
    let is_create = place.is_some_and(|place| words[place] == "create");
    let choice = is_create.then(|| driver_choice::choose(&words, env, settings)).transpose()?;
    let driver = choice.as_ref().and_then(|choice| choice.driver.as_deref());
    root = with_driver(root, is_create, driver, env, settings)?;
    let mut line = read(root, &words, env)?;
    if let (Some(Command::Create(args)), Some(choice)) = (&mut line.0.command, choice) {
        args.chosen =
            choice.driver.zip(line.1.subcommand_matches("create")).map(|(driver, matches)| Chosen {
                driver: driver.name().to_owned(),
                because: choice.because,
                flags: flags::read(matches, driver.as_ref()),
            });
    }
    Ok(line.0)
}

fn read(root: clap::Command, words: &[String], env: &Env) -> Result<(Line, clap::ArgMatches), CliError> {
    let normal = argv::normalised(words, &root, env.voice());
    let program = env.program().to_owned();
    let matches = root.try_get_matches_from([program].into_iter().chain(normal))?;
    Ok((Line::from_arg_matches(&matches)?, matches))
}

/// The whole tree, in the name we were called by.
pub fn tree(env: &Env) -> clap::Command {
    let program = env.program().to_owned();
    Line::command().name(program.clone()).bin_name(program)
}

fn with_driver(
    root: clap::Command,
    is_create: bool,
    driver: Option<&dyn Driver>,
    env: &Env,
    settings: &Settings,
) -> Result<clap::Command, CliError> {
    let mut trouble = None;
    let root = match driver {
        Some(driver) => root.mut_subcommand("create", |create| {
            flags::add(create.clone(), driver, env, settings).unwrap_or_else(|error| {
                trouble = Some(error);
                create
            })
        }),
        None if is_create => {
            root.mut_subcommand("create", |create| create.after_help(driver_choice::list(env)))
        }
        None => root,
    };
    trouble.map_or(Ok(root), Err)
}

/// The sections and keys that the configuration file may have.
fn known_settings(root: &clap::Command) -> BTreeMap<String, Vec<String>> {
    let longs = |command: &clap::Command| -> Vec<String> {
        command.get_arguments().filter_map(|arg| arg.get_long().map(str::to_owned)).collect()
    };
    let commands = root.get_subcommands().map(|command| (command.get_name().to_owned(), longs(command)));
    let drivers = drivers::all().into_iter().map(|driver| {
        let keys =
            driver.flags().iter().map(|flag| flags::key(&flag.name, driver.name()).to_owned()).collect();
        (format!("create.{}", driver.name()), keys)
    });
    commands.chain(drivers).chain([(GLOBAL.to_owned(), longs(root))]).collect()
}
