//! Help in docker-machine's shape: its sections, its order, its way of writing a flag; the sentences are ours.

use clap::{Arg, ArgAction, Command};

use super::surface::{self, COMMANDS, Names, Spoken};
use crate::{cli::commands::version::BUILD, env::Env, store::Store};

/// The width of a tab, to which columns are padded.
const TAB: usize = 8;

/// The help of the program.
pub fn of_program(tree: &Command, env: &Env) -> String {
    let program = env.program();
    let options: Vec<(String, String)> = surface::GLOBALS
        .iter()
        .filter_map(|names| match names[0] {
            "help" => Some((spelled(names), "Show this help".to_owned())),
            "storage-path" => {
                let store = Store::locate(env, None).ok();
                let folder = store.map(|store| format!(" \"{}\"", store.root().display()));
                let (_, about) = flag(tree, names)?;
                Some((spelled(names) + &folder.unwrap_or_default(), about))
            }
            _ => flag(tree, names),
        })
        .collect();
    let commands: Vec<(String, String)> = COMMANDS.iter().filter_map(|known| command(tree, known)).collect();
    format!(
        "Usage: {program} [OPTIONS] COMMAND [arg...]\n\n{about}.\n\nVersion: {version}, build {BUILD}\n\nAuthor:\n  {author}\n\n\
         Options:\n{options}\nCommands:\n{commands}\nRun '{program} COMMAND --help' for more information on a command.\n",
        about = tree.get_about().map(ToString::to_string).unwrap_or_default(),
        version = env!("CARGO_PKG_VERSION"),
        author = concat!("The contributors of rmachine - <", env!("CARGO_PKG_REPOSITORY"), ">"),
        options = columns("  ", &options),
        commands = columns("  ", &commands),
    )
}

/// The help of a command.
pub fn of_command(command: &Command, env: &Env, driver_flags: &[String]) -> String {
    let program = env.program();
    let name = command.get_name();
    let mut flags: Vec<(String, String)> =
        surface::flags(Some(name)).iter().filter_map(|names| flag(command, names)).collect();
    if name == "create" {
        let of_driver = |flag: &String| command.get_arguments().find(|arg| arg.get_long() == Some(flag));
        flags.extend(driver_flags.iter().filter_map(of_driver).map(|arg| written(arg, &[])));
        flags.sort();
    }
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    if flags.is_empty() {
        return format!("Usage: {program} {name} [arg...]\n\n{about}\n");
    }
    let flags = columns("   ", &flags);
    format!("Usage: {program} {name} [OPTIONS] [arg...]\n\n{about}\n\nOptions:\n   \n{flags}")
}

fn command(tree: &Command, known: &Spoken) -> Option<(String, String)> {
    if known.name == "help" {
        return Some((known.name.to_owned(), "Show the commands, or the help of one".to_owned()));
    }
    let command = tree.find_subcommand(known.name)?;
    Some((known.name.to_owned(), command.get_about().map(ToString::to_string).unwrap_or_default()))
}

/// A flag of the command under one of its names.
fn flag(command: &Command, names: Names) -> Option<(String, String)> {
    let is_it = |arg: &&Arg| {
        names.iter().any(|name| arg.get_long() == Some(*name) || is_letter(arg.get_short(), name))
    };
    command.get_arguments().find(is_it).map(|arg| written(arg, names))
}

fn is_letter(short: Option<char>, name: &str) -> bool {
    short.is_some_and(|letter| name.chars().eq([letter]))
}

/// A flag with its names, its form and its default, and what it does with its variable.
fn written(arg: &Arg, names: &[&str]) -> (String, String) {
    let long = arg.get_long().unwrap_or_default();
    let names = if names.is_empty() { &[long] } else { names };
    let default =
        arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(",");
    let form = match arg.get_action() {
        ArgAction::Append => format!(" [--{long} option --{long} option]"),
        ArgAction::Set if default.is_empty() || arg.is_hide_default_value_set() => " ".to_owned(),
        ArgAction::Set => format!(" \"{default}\""),
        _ => String::new(),
    };
    let about = arg.get_help().map(ToString::to_string).unwrap_or_default();
    (spelled(names) + &form, about.replace("[env: ", "[$"))
}

/// `--force, -f`.
fn spelled(names: &[&str]) -> String {
    let one = |name: &&str| if name.len() == 1 { format!("-{name}") } else { format!("--{name}") };
    names.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Two columns, the first one padded by tabs.
fn columns(indent: &str, rows: &[(String, String)]) -> String {
    let width = |text: &str| indent.len() + text.chars().count();
    let widest = rows.iter().map(|(left, _)| width(left)).max().unwrap_or(0);
    let column = (widest / TAB + 1) * TAB;
    let row = |(left, right): &(String, String)| {
        format!("{indent}{left}{}{right}\n", "\t".repeat((column - width(left)).div_ceil(TAB)))
    };
    rows.iter().map(row).collect()
}
