//! The command line as a value.
//!
//! `create` takes the flags of its driver, which are known only once the driver is: its name is looked for in the raw words
//! first, then the whole line is read with that driver's flags in the tree.

use std::collections::BTreeMap;

use clap::{
    ArgAction, CommandFactory, FromArgMatches, Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{
    argv, classic,
    commands::{Command, create::Chosen},
    defaults,
    driver_choice::{self, Choice},
    error::CliError,
    flags,
    globals::Globals,
    settings::{GLOBAL, Settings, SettingsError},
};
use crate::{
    driver::Driver,
    drivers,
    env::{Env, Voice},
};

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
        // What needs nothing of the file is there even when that is broken.
        Err(broken) => match parse_with(env, &Settings::default()) {
            Err(CliError::Clap(asked)) if !asked.use_stderr() => Err(asked.into()),
            Ok(line) if line.command.as_ref().is_none_or(Command::needs_no_settings) => Ok(line),
            _ => Err(broken.into()),
        },
    }
}

fn settings(env: &Env) -> Result<Settings, SettingsError> {
    let settings = Settings::load(env)?;
    if !settings.is_empty() {
        let mut known = known_settings(&tree(env));
        // A plugin's flags are known once it runs, which a setting of it is no reason for.
        for program in driver_choice::drivers(&argv::words(env), env, &settings).plugins() {
            let section = format!("create.{}", program.driver);
            known.extend(settings.keys(&section).map(|keys| (section, keys)));
        }
        settings.check(&known)?;
    }
    Ok(settings)
}

fn parse_with(env: &Env, settings: &Settings) -> Result<Line, CliError> {
    let words = argv::words(env);
    let Whole { tree, choice, path } = whole(env, settings, &words)?;
    let chosen =
        choice.as_ref().and_then(|choice| choice.driver.as_ref()).map(|driver| driver.name().to_owned());
    let mut line =
        read(tree, &words, env).map_err(|error| of_other_driver(error, path, chosen.as_deref(), env))?;
    let args = line.0.command.as_mut().and_then(Command::created);
    let matches = path.iter().try_fold(&line.1, |matches, name| matches.subcommand_matches(name));
    if let (Some(args), Some(choice), Some(matches)) = (args, choice, matches) {
        args.chosen = choice.driver.map(|driver| Chosen {
            driver: driver.name().to_owned(),
            because: choice.because,
            flags: flags::read(matches, driver.as_ref()),
        });
    }
    Ok(line.0)
}

/// The tree for one command line, with the flags of the driver of a `create`.
struct Whole {
    tree: clap::Command,
    choice: Option<Choice>,
    /// The command that takes a driver's flags, with its parents; empty where the line has another.
    path: &'static [&'static str],
}

fn whole(env: &Env, settings: &Settings, words: &[String]) -> Result<Whole, CliError> {
    let mut tree = defaults::fill(tree(env), env, settings)?;
    let place = argv::place_of_command(words, &tree);
    let path = place.map_or(&[][..], |place| creating(&words[place..]));
    let choice = match path {
        [] => None,
        [_create] => Some(driver_choice::choose(words, env, settings)?),
        [..] => Some(driver_choice::choose_for_many(words, env, settings)?),
    };
    let driver = choice.as_ref().and_then(|choice| choice.driver.as_deref());
    tree = with_driver(tree, path, driver, env, settings)?;
    if env.voice() == Voice::DockerMachine {
        let specs = driver.map(Driver::flags).unwrap_or_default();
        let flags: Vec<String> = specs.into_iter().map(|spec| spec.name).collect();
        tree = classic::tree::shape(tree, env, &flags);
    }
    Ok(Whole { tree, choice, path })
}

/// The command that takes a driver's flags, with its parents, where the words begin with one.
fn creating(words: &[String]) -> &'static [&'static str] {
    match words {
        [create, ..] if create == "create" => &["create"],
        [swarm, create, ..] if swarm == "swarm" && create == "create" => &["swarm", "create"],
        [swarm, add, ..] if swarm == "swarm" && add == "add" => &["swarm", "add"],
        _ => &[],
    }
}

/// The tree as help shows it, with the driver's flags where the line names one that there is.
pub fn shown(env: &Env) -> clap::Command {
    let settings = settings(env).unwrap_or_default();
    whole(env, &settings, &argv::words(env)).map_or_else(|_| tree(env), |whole| whole.tree)
}

/// A flag that is unknown because it is another driver's.
fn of_other_driver(error: CliError, path: &[&str], chosen: Option<&str>, env: &Env) -> CliError {
    let CliError::Clap(clap) = &error else { return error };
    let is_unknown = clap.kind() == ErrorKind::UnknownArgument && !path.is_empty();
    let Some(ContextValue::String(flag)) = clap.get(ContextKind::InvalidArg).filter(|_| is_unknown) else {
        return error;
    };
    let name = flag.trim_start_matches('-');
    let name = name.split('=').next().unwrap_or(name);
    if env.voice() != Voice::Rmachine {
        return error;
    }
    let drivers = drivers::all();
    let has_it = |driver: &dyn Driver| {
        driver.flags().iter().any(|spec| spec.name == name || spec.aliases.iter().any(|alias| alias == name))
    };
    let Some(owner) = drivers.iter().find(|driver| has_it(driver.as_ref())) else { return error };
    let owner = owner.name();
    let message = match chosen {
        Some(chosen) => format!("--{name} is a flag of the driver {owner}, and the driver is {chosen}"),
        None => format!("--{name} is a flag of the driver {owner}"),
    };
    CliError::usage(message, format!("{} {} -d {owner} --{name} ...", env.program(), path.join(" ")))
}

fn read(root: clap::Command, words: &[String], env: &Env) -> Result<(Line, clap::ArgMatches), CliError> {
    if env.voice() == Voice::DockerMachine {
        let command = argv::place_of_command(words, &root).map(|place| words[place].as_str());
        let [before, after] = argv::typed_options(words, &root);
        classic::words::one_form_each(None, &before)?;
        classic::words::one_form_each(command, &after)?;
    }
    let normal = argv::normalised(words, &root, env.voice());
    let program = env.program().to_owned();
    let matches = root.try_get_matches_from([program].into_iter().chain(normal))?;
    Ok((Line::from_arg_matches(&matches)?, matches))
}

/// The whole tree, in the name we were called by.
pub fn tree(env: &Env) -> clap::Command {
    let program = env.program().to_owned();
    let tree = Line::command().name(program.clone()).bin_name(program);
    FOR_MANY.into_iter().fold(tree, |tree, path| at(tree, path, &mut naming_one_swarm))
}

/// The commands that make many machines with the options of `create`; their one name is the swarm's.
const FOR_MANY: [&[&str]; 2] = [&["swarm", "create"], &["swarm", "add"]];

fn naming_one_swarm(command: clap::Command) -> clap::Command {
    command.mut_arg("names", |names| {
        names.value_name("SWARM").help("The swarm").num_args(1).action(ArgAction::Set)
    })
}

fn with_driver(
    root: clap::Command,
    path: &[&str],
    driver: Option<&dyn Driver>,
    env: &Env,
    settings: &Settings,
) -> Result<clap::Command, CliError> {
    let mut trouble = None;
    let root = at(root, path, &mut |create| match driver {
        Some(driver) => flags::add(create.clone(), driver, env, settings).unwrap_or_else(|error| {
            trouble = Some(error);
            create
        }),
        None => create.after_help(driver_choice::list(&argv::words(env), env, settings)),
    });
    let root = at(root, path, &mut driver_choice::named);
    trouble.map_or(Ok(root), Err)
}

/// The tree with one of its commands changed; nothing where there is no path to one.
fn at(
    tree: clap::Command,
    path: &[&str],
    change: &mut dyn FnMut(clap::Command) -> clap::Command,
) -> clap::Command {
    match path {
        [] => tree,
        [last] => tree.mut_subcommand(*last, change),
        [first, rest @ ..] => tree.mut_subcommand(*first, |command| at(command, rest, change)),
    }
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
