//! The tree of commands as docker-machine's parser and help had it.

use clap::{ArgAction, Command};

use super::help;
use crate::{drivers, env::Env};

/// The same tree in docker-machine's manners: its help, a flag's last value wins, and a flag takes the next word whatever it
/// begins with. `create_flags` are those that the driver brought.
pub fn shape(tree: Command, env: &Env, create_flags: &[String]) -> Command {
    let tree = tree.mut_subcommand("create", |create| {
        create.mut_arg("driver", |arg| match arg.get_default_values() {
            [] => arg.default_value(drivers::DOCKER_MACHINE_DEFAULT),
            _ => arg,
        })
    });
    let tree = lenient(tree).mut_subcommands(|command| {
        let command = match command.get_name() {
            // Where docker-machine passed over further names, so do we.
            "config" => command.mut_arg("name", |arg| arg.num_args(0..)),
            _ => command,
        };
        let text = help::of_command(&command, env, create_flags);
        lenient(command).override_help(text)
    });
    let text = help::of_program(&tree, env);
    tree.override_help(text)
}

fn lenient(command: Command) -> Command {
    command.args_override_self(true).mut_args(|arg| {
        let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        if takes_value && !arg.is_positional() { arg.allow_hyphen_values(true) } else { arg }
    })
}
