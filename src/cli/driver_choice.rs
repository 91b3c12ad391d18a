//! Which driver `create` works with, found in the raw words before they can be read in full.

use super::{defaults, error::CliError, settings::Settings};
use crate::{
    driver::Driver,
    drivers,
    env::{Env, Voice},
    ops::OpsError,
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
        return Ok(Choice { driver: Some(find(name)?), because: None });
    }
    if asks_for_help(words) && implied(words).is_none() {
        return Ok(Choice { driver: None, because: None });
    }
    if env.voice() == Voice::DockerMachine {
        return Ok(Choice { driver: Some(find(drivers::DOCKER_MACHINE_DEFAULT)?), because: None });
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
    let words = options(words);
    words.iter().enumerate().find_map(|(place, word)| match word.as_str() {
        "-d" | "-driver" | "--driver" => words.get(place + 1).map(String::as_str),
        word => ["--driver=", "-driver=", "-d="].iter().find_map(|form| word.strip_prefix(form)),
    })
}

fn asks_for_help(words: &[String]) -> bool {
    options(words).iter().any(|word| matches!(word.as_str(), "-h" | "-help" | "--help"))
}

fn find(name: &str) -> Result<Box<dyn Driver>, CliError> {
    drivers::find(name).ok_or_else(|| OpsError::unknown_driver(name).into())
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

/// The drivers, for the end of `create --help`.
pub fn list(env: &Env) -> String {
    let line = |driver: Box<dyn Driver>| {
        let missing =
            driver.available(env).err().map(|why| format!(" (not here: {why})")).unwrap_or_default();
        format!("  {:<12} {}{missing}\n", driver.name(), driver.profile().summary)
    };
    let drivers: String = drivers::all().into_iter().map(line).collect();
    let program = env.program();
    format!("Drivers:\n{drivers}\nThe flags of a driver: {program} create --driver DRIVER --help")
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
