//! A driver's flags, which are data until run time, as clap's and back.

use clap::{Arg, ArgAction, ArgMatches, Command};

use super::{defaults, error::CliError, settings::Settings};
use crate::{
    driver::{Driver, FlagKind, FlagSpec, FlagValue, Flags},
    env::Env,
};

/// Adds a driver's flags to `create`.
pub fn add(
    command: Command,
    driver: &dyn Driver,
    env: &Env,
    settings: &Settings,
) -> Result<Command, CliError> {
    let heading = format!("Options of the {} driver", driver.name());
    let mut command = command.next_help_heading(heading);
    for spec in driver.flags() {
        // A plugin may have a flag of the name of ours: then ours is meant, and the plugin gets its default.
        if !is_taken(&command, &spec.name) {
            command = command.arg(arg(&spec, driver.name(), env, settings)?);
        }
    }
    Ok(command)
}

fn is_taken(command: &Command, name: &str) -> bool {
    command.get_arguments().any(|arg| {
        let is_alias = || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name));
        arg.get_id() == name || arg.get_long() == Some(name) || is_alias()
    })
}

fn arg(spec: &FlagSpec, driver: &str, env: &Env, settings: &Settings) -> Result<Arg, CliError> {
    let arg = Arg::new(spec.name.clone())
        .long(spec.name.clone())
        .visible_aliases(spec.aliases.clone())
        .help(spec.help.clone())
        .hide_default_value(spec.secret);
    let arg = match spec.kind {
        FlagKind::Bool => arg.action(ArgAction::SetTrue),
        FlagKind::Int => arg
            .action(ArgAction::Set)
            .value_name("N")
            .value_parser(|text: &str| text.parse::<i64>().map_err(|_| "it must be a whole number"))
            .allow_negative_numbers(true),
        FlagKind::Text => arg.action(ArgAction::Set).value_name("TEXT"),
        FlagKind::List => arg.action(ArgAction::Append).value_name("TEXT"),
    };
    let section = format!("create.{driver}");
    let given = defaults::value(env, settings, spec.env.as_deref(), &section, key(&spec.name, driver), &arg)?;
    let arg = defaults::described(arg, env, spec.env.as_deref());
    Ok(match given.or_else(|| spec.default.as_ref().map(texts)) {
        Some(values) => defaults::with_default(arg, values),
        None => arg,
    })
}

/// A flag's key in the driver's section of the configuration file.
pub fn key<'a>(flag: &'a str, driver: &str) -> &'a str {
    flag.strip_prefix(driver).and_then(|rest| rest.strip_prefix('-')).unwrap_or(flag)
}

fn texts(value: &FlagValue) -> Vec<String> {
    match value {
        FlagValue::Bool(is_on) => vec![is_on.to_string()],
        FlagValue::Int(number) => vec![number.to_string()],
        FlagValue::Text(text) => vec![text.clone()],
        FlagValue::List(list) => list.clone(),
    }
}

/// The flags as they were given in one way or another.
pub fn read(matches: &ArgMatches, driver: &dyn Driver) -> Flags {
    let value = |spec: &FlagSpec| {
        let name = spec.name.as_str();
        match spec.kind {
            FlagKind::Bool => one(matches, name).map(FlagValue::Bool),
            FlagKind::Int => one(matches, name).map(FlagValue::Int),
            FlagKind::Text => one(matches, name).map(FlagValue::Text),
            FlagKind::List => {
                let list = matches.try_get_many::<String>(name).ok().flatten();
                list.map(|list| FlagValue::List(list.cloned().collect()))
            }
        }
    };
    Flags(driver.flags().iter().filter_map(|spec| Some((spec.name.clone(), value(spec)?))).collect())
}

/// The value of a flag; of one that is not the driver's there is none of its kind.
fn one<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> Option<T> {
    matches.try_get_one::<T>(name).ok().flatten().cloned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What the flag gives for these words, with a variable that is perhaps set.
    fn given(variable: Option<&str>, words: &[&str]) -> Vec<String> {
        let mut spec = FlagSpec::list("cloud-group", "Join this group").env("CLOUD_GROUP");
        spec.default = Some(FlagValue::List(vec!["p".into(), "q".into()]));
        let mut env = Env::for_tests(Path::new("/"));
        env.vars.extend(variable.map(|value| ("CLOUD_GROUP".to_owned(), value.to_owned())));
        let create = Command::new("create").arg(arg(&spec, "cloud", &env, &Settings::default()).unwrap());
        let matches = create.get_matches_from([&["create"], words].concat());
        matches.get_many("cloud-group").unwrap().cloned().collect()
    }

    #[test]
    fn the_variable_of_a_list_gives_the_list_and_typing_replaces_it() {
        assert_eq!(given(None, &[]), ["p", "q"]);
        assert_eq!(given(Some("a,b"), &[]), ["a", "b"]);
        assert_eq!(given(Some("a,b"), &["--cloud-group", "c", "--cloud-group", "d"]), ["c", "d"]);
    }
}
