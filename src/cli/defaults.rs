//! Where a flag's value comes from when it is not typed: a variable, then the user's configuration file, then its own default.
//!
//! clap could read variables by itself, but then the environment would be read in a second place, and an empty variable would
//! count as given.

use clap::{Arg, ArgAction, Command};

use super::{
    error::CliError,
    settings::{GLOBAL, Settings},
};
use crate::env::Env;

/// Flags of the core that a variable gives; a driver's flags carry theirs themselves.
const VARIABLES: [(&str, &str); 13] = [
    ("bugsnag-api-token", "MACHINE_BUGSNAG_API_TOKEN"),
    ("debug", "MACHINE_DEBUG"),
    ("driver", "MACHINE_DRIVER"),
    ("engine-install-url", "MACHINE_DOCKER_INSTALL_URL"),
    ("engine-registry-mirror", "ENGINE_REGISTRY_MIRROR"),
    ("github-api-token", "MACHINE_GITHUB_API_TOKEN"),
    ("native-ssh", "MACHINE_NATIVE_SSH"),
    ("storage-path", "MACHINE_STORAGE_PATH"),
    ("swarm-image", "MACHINE_SWARM_IMAGE"),
    ("tls-ca-cert", "MACHINE_TLS_CA_CERT"),
    ("tls-ca-key", "MACHINE_TLS_CA_KEY"),
    ("tls-client-cert", "MACHINE_TLS_CLIENT_CERT"),
    ("tls-client-key", "MACHINE_TLS_CLIENT_KEY"),
];

/// The variable of a flag of the core.
pub fn variable(flag: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(name, _)| *name == flag).map(|(_, variable)| *variable)
}

/// Gives every flag of the tree the value it has when it is not typed.
pub fn fill(root: Command, env: &Env, settings: &Settings) -> Result<Command, CliError> {
    let mut trouble = None;
    let mut given = |section: &str, arg: Arg| {
        let flag = arg.get_long().unwrap_or_default().to_owned();
        match value(env, settings, variable(&flag), section, &flag, &arg) {
            Ok(Some(values)) => with_default(described(arg, env, variable(&flag)), values),
            Ok(None) => described(arg, env, variable(&flag)),
            Err(error) => {
                trouble = Some(error);
                arg
            }
        }
    };
    let root = root.mut_args(|arg| given(GLOBAL, arg)).mut_subcommands(|command| {
        let section = command.get_name().to_owned();
        command.mut_args(|arg| given(&section, arg))
    });
    trouble.map_or(Ok(root), Err)
}

/// What a variable or the file says of a flag, as the texts one would type.
pub fn value(
    env: &Env,
    settings: &Settings,
    variable: Option<&str>,
    section: &str,
    key: &str,
    arg: &Arg,
) -> Result<Option<Vec<String>>, CliError> {
    let from_variable = variable.and_then(|name| Some((name, env.var(name)?)));
    let Some((name, text)) = from_variable else {
        return Ok(settings.get(section, key).map(<[String]>::to_vec));
    };
    match arg.get_action() {
        ArgAction::SetTrue => truth(text).map(|is_on| Some(vec![is_on.to_string()])).ok_or_else(|| {
            CliError::usage(
                format!("{name} is neither true nor false: {text:?}"),
                format!("unset {name}, or set it to 1"),
            )
        }),
        ArgAction::Append => Ok(Some(text.split(',').map(str::to_owned).collect())),
        _ => Ok(Some(vec![text.to_owned()])),
    }
}

/// The words Go takes for true and false.
pub fn truth(word: &str) -> Option<bool> {
    match word {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// The flag with a value of its own.
pub fn with_default(arg: Arg, values: Vec<String>) -> Arg {
    arg.default_values(values)
}

/// The flag with its variable named in the help, in place of the value it gives.
pub fn described(arg: Arg, env: &Env, variable: Option<&str>) -> Arg {
    let Some(variable) = variable else { return arg };
    let shows_value = arg.get_action().takes_values() && env.var(variable).is_some();
    let arg = if shows_value { arg.hide_default_value(true) } else { arg };
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    arg.help(format!("{help} [env: {variable}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_variables_is_sorted_and_so_easy_to_read() {
        assert!(VARIABLES.is_sorted());
    }
}
