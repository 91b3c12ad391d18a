//! Which driver `create` works with, found in the raw words before they can be read in full.

use std::path::Path;

use super::{
    defaults,
    error::CliError,
    settings::{GLOBAL, Settings},
};
use crate::{
    driver::Driver,
    drivers::{self, Drivers, plugin::find::Program},
    env::{Env, Voice},
    ops::OpsError,
    store::Store,
};

/// A driver and why it is the one.
pub struct Choice {
    /// The driver; `None` when only the help of `create` is wanted.
    pub driver: Option<Box<dyn Driver>>,
    /// What to tell the user where he did not choose himself.
    pub because: Option<String>,
}

/// Looks at what is typed, the variable, the configuration file, what flags imply, and what this machine can run.
pub fn choose(words: &[String], env: &Env, settings: &Settings) -> Result<Choice, CliError> {
    let set = || settings.get("create", "driver").and_then(|values| values.first()).map(String::as_str);
    let variable = || defaults::variable("driver").and_then(|variable| env.var(variable));
    if let Some(name) = typed(words).or_else(variable).or_else(set) {
        return Ok(Choice { driver: Some(find(name, &drivers(words, env, settings))?), because: None });
    }
    if asks_for_help(words) && implied(words).is_none() {
        return Ok(Choice { driver: None, because: None });
    }
    if env.voice() == Voice::DockerMachine {
        return Ok(Choice {
            driver: Some(find(drivers::DOCKER_MACHINE_DEFAULT, &drivers(words, env, settings))?),
            because: None,
        });
    }
    if let Some((driver, flag)) = implied(words) {
        let because = format!("using the {} driver, the only one that has --{flag}", driver.name());
        return Ok(Choice { driver: Some(driver), because: Some(because) });
    }
    pick(env)
}

/// The same for a command that may need no driver: its machines may all exist, or stand in a list of hosts to adopt.
pub fn choose_for_many(words: &[String], env: &Env, settings: &Settings) -> Result<Choice, CliError> {
    let has_list = options(words).iter().any(|word| word == "--hosts" || word.starts_with("--hosts="));
    if typed(words).is_none() && has_list {
        let driver = drivers::all().into_iter().find(|driver| driver.profile().adopts.is_some());
        return Ok(Choice { driver, because: None });
    }
    match choose(words, env, settings) {
        Err(CliError::Refused { .. }) => Ok(Choice { driver: None, because: None }),
        choice => choice,
    }
}

/// The words that may be options: those before `--`.
fn options(words: &[String]) -> &[String] {
    &words[..words.iter().position(|word| word == "--").unwrap_or(words.len())]
}

fn typed(words: &[String]) -> Option<&str> {
    value_of(words, "driver", "d")
}

/// What is typed for an option, by its long name or its letter.
fn value_of<'a>(words: &'a [String], name: &str, letter: &str) -> Option<&'a str> {
    let words = options(words);
    words.iter().enumerate().find_map(|(place, word)| {
        let option = word.strip_prefix('-')?;
        let long = option.strip_prefix('-').unwrap_or(option);
        let (long, value) = long.split_once('=').map_or((long, None), |(long, value)| (long, Some(value)));
        let is_it = long == name || (long == letter && !option.starts_with('-'));
        is_it.then(|| value.or_else(|| words.get(place + 1).map(String::as_str))).flatten()
    })
}

/// All drivers that there are, with the plugins of the store that the line works on.
pub fn drivers(words: &[String], env: &Env, settings: &Settings) -> Drivers {
    let set = settings.get(GLOBAL, "storage-path").and_then(|values| values.first()).map(String::as_str);
    let folder = value_of(words, "storage-path", "s").or(set).map(Path::new);
    Drivers::new(env, Store::locate(env, folder).ok().map(|store| store.root().to_owned()))
}

fn asks_for_help(words: &[String]) -> bool {
    options(words).iter().any(|word| matches!(word.as_str(), "-h" | "-help" | "--help"))
}

fn find(name: &str, drivers: &Drivers) -> Result<Box<dyn Driver>, CliError> {
    let found = drivers.with_flags(name).map_err(OpsError::from)?;
    found.ok_or_else(|| OpsError::unknown_driver(name, drivers).into())
}

/// The only driver that has one of the typed flags, such as `--ip`.
fn implied(words: &[String]) -> Option<(Box<dyn Driver>, String)> {
    let typed =
        options(words).iter().filter_map(|word| word.strip_prefix("--").or_else(|| word.strip_prefix('-')));
    typed.map(|word| word.split('=').next().unwrap_or(word)).find_map(|flag| {
        let has = |driver: &dyn Driver| {
            driver
                .flags()
                .iter()
                .any(|spec| spec.name == flag || spec.aliases.iter().any(|alias| alias == flag))
        };
        let mut drivers = drivers::all().into_iter().filter(|driver| has(driver.as_ref()));
        let only = drivers.next()?;
        drivers.next().is_none().then(|| (only, flag.to_owned()))
    })
}

/// One that this machine can run.
fn pick(env: &Env) -> Result<Choice, CliError> {
    match drivers::pick_default(env) {
        Ok(drivers::Picked { driver, why }) => {
            Ok(Choice { driver: Some(driver), because: Some(format!("using {why}")) })
        }
        Err(none) => {
            let hint = format!("adopt a host that is there: {} create --ip ADDRESS NAME", env.program());
            Err(CliError::refused(none.to_string(), hint))
        }
    }
}

/// `create` with the drivers' names where `--driver` is explained.
pub fn named(create: clap::Command) -> clap::Command {
    let names: Vec<String> = drivers::all().iter().map(|driver| driver.name().to_owned()).collect();
    create.mut_arg("driver", |arg| {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        arg.help(help.replacen(
            "this driver",
            &format!("this driver: {}, or a plugin's", names.join(", ")),
            1,
        ))
    })
}

/// The drivers, for the end of `create --help`.
pub fn list(words: &[String], env: &Env, settings: &Settings) -> String {
    let found = self::drivers(words, env, settings);
    let line = |driver: Box<dyn Driver>| {
        let missing =
            driver.available(env).err().map(|why| format!(" (not here: {why})")).unwrap_or_default();
        format!("  {:<12} {}{missing}\n", driver.name(), driver.profile().summary)
    };
    let drivers: String = drivers::all().into_iter().map(line).collect();
    let plugin =
        |program: Program| format!("  {:<12} a plugin: {}\n", program.driver, program.path.display());
    let plugins: String = found.plugins().into_iter().map(plugin).collect();
    let program = env.program();
    format!("Drivers:\n{drivers}{plugins}\nThe flags of a driver: {program} create --driver DRIVER --help")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_driver_is_found_in_every_form_of_its_flag() {
        for line in [
            "create -d generic n1",
            "create --driver generic",
            "create n1 --driver=generic",
            "create -driver=generic",
        ] {
            assert_eq!(typed(&words(line)), Some("generic"), "{line}");
        }
        assert_eq!(typed(&words("create -D n1 -- -d generic")), None);
    }
}
