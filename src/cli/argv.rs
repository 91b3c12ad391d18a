//! Words as they were typed, made into words that clap reads: what the docker CLI puts before them, and the forms of Go's flag
//! parser (`-force`, `--swarm=false`) that scripts for docker-machine use.

use clap::{Arg, ArgAction, Command};

use super::{defaults::truth, parse};
use crate::env::{Env, Voice};

/// Set by the docker CLI for its plugins.
const CALLED_BY_DOCKER: &str = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND";

/// The words after the program's name, without those of `docker [OPTIONS] machine` when docker called us.
pub fn words(env: &Env) -> Vec<String> {
    let words = env.args.get(1..).unwrap_or_default();
    let is_plugin = env.voice() == Voice::DockerMachine && env.var(CALLED_BY_DOCKER).is_some();
    let after = words.iter().position(|word| word == "machine").filter(|_| is_plugin);
    words[after.map_or(0, |place| place + 1)..].to_vec()
}

/// The command's name, if one was typed.
pub fn command(env: &Env) -> Option<String> {
    let words = words(env);
    place_of_command(&words, &parse::tree(env)).map(|place| words[place].clone())
}

/// Where the command's name stands: the first word that is neither an option nor an option's value.
pub fn place_of_command(words: &[String], root: &Command) -> Option<usize> {
    let mut place = 0;
    while let Some(word) = words.get(place) {
        if word == "--" || !is_option(word) {
            return Some(place);
        }
        place += if takes_next(word, root) { 2 } else { 1 };
    }
    None
}

fn is_option(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-')
}

fn takes_next(word: &str, root: &Command) -> bool {
    let name = word.trim_start_matches('-');
    find(root, name).is_some_and(|arg| arg.get_action().takes_values())
}

/// The option of this name, one letter or more.
fn find<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let mut letters = name.chars();
    let short = letters.next().filter(|_| letters.next().is_none());
    command.get_arguments().find(|arg| {
        let is_alias = || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&name));
        short.map_or_else(
            || arg.get_long() == Some(name) || is_alias(),
            |letter| arg.get_short() == Some(letter),
        )
    })
}

/// The words with Go's forms of options in clap's. What stands after `--`, and after the name of a command that hands its words on,
/// stays as it is.
pub fn normalised(words: &[String], root: &Command, voice: Voice) -> Vec<String> {
    let place = place_of_command(words, root);
    let command = place.and_then(|place| root.find_subcommand(&words[place]));
    if let (Some(place), Some(command)) = (place, command)
        && command.get_positionals().any(Arg::is_trailing_var_arg_set)
    {
        let before = words[..place].iter().filter_map(|word| normal(word, root, root, voice));
        return before.chain(words[place..].iter().cloned()).collect();
    }
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let options = words[..end].iter().filter_map(|word| normal(word, command.unwrap_or(root), root, voice));
    options.chain(words[end..].iter().cloned()).collect()
}

/// One word; `None` when it says nothing, as `--force=false` does.
fn normal(word: &str, command: &Command, root: &Command, voice: Voice) -> Option<String> {
    let as_it_is = || Some(word.to_owned());
    if !is_option(word) {
        return as_it_is();
    }
    let body = word.trim_start_matches('-');
    let (name, value) = body.split_once('=').map_or((body, None), |(name, value)| (name, Some(value)));
    let Some(arg) = find(command, name).or_else(|| find(root, name)) else {
        // Go knows no letters in a row: `-bogus` is one flag, and named so when it is not known.
        let is_one = voice == Voice::DockerMachine && name.len() > 1;
        return if is_one { Some(format!("--{body}")) } else { as_it_is() };
    };
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let dashes = if name.len() == 1 { "-" } else { "--" };
    let in_our_form = || Some(format!("{dashes}{body}"));
    match value.filter(|_| is_switch) {
        None => in_our_form(),
        Some(value) => match truth(value) {
            Some(true) => Some(format!("{dashes}{name}")),
            Some(false) => None,
            None => as_it_is(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn tree() -> Command {
        let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
        Command::new("rmachine")
            .arg(Arg::new("storage-path").long("storage-path").short('s').global(true))
            .arg(switch("debug").short('D').global(true))
            .subcommand(Command::new("rm").arg(switch("force").short('f')).arg(switch("y").short('y')))
            .subcommand(
                Command::new("ssh")
                    .arg(Arg::new("words").num_args(0..).trailing_var_arg(true).allow_hyphen_values(true)),
            )
    }

    fn normal_words(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        normalised(&words, &tree(), Voice::Rmachine).join(" ")
    }

    #[test]
    fn goes_forms_of_options_become_ours() {
        let table = [
            ("rm -force n1", "rm --force n1"),
            ("rm --force=true n1", "rm --force n1"),
            ("rm --force=false n1", "rm n1"),
            ("rm -fy n1", "rm -fy n1"),
            ("-storage-path /s rm n1", "--storage-path /s rm n1"),
            ("-storage-path=/s -debug rm n1", "--storage-path=/s --debug rm n1"),
            ("rm -- -force", "rm -- -force"),
            ("rm --bogus n1", "rm --bogus n1"),
        ];
        for (typed, read) in table {
            assert_eq!(normal_words(typed), read);
        }
    }

    #[test]
    fn words_of_ssh_are_handed_on_as_they_are() {
        assert_eq!(normal_words("-debug ssh n1 -force=true -D 1080"), "--debug ssh n1 -force=true -D 1080");
    }

    #[test]
    fn the_command_is_found_behind_options_and_their_values() {
        let words: Vec<String> = ["-s", "rm", "--debug", "ssh"].map(str::to_owned).into();
        assert_eq!(place_of_command(&words, &tree()), Some(3));
    }

    #[test]
    fn what_docker_puts_before_a_plugins_words_is_dropped() {
        let mut env = Env::for_tests(Path::new("/"));
        env.args = ["/p/docker-machine", "--debug", "machine", "ls", "-q"].map(str::to_owned).into();
        assert_eq!(words(&env).len(), 4);
        env.vars.insert(CALLED_BY_DOCKER.into(), "docker".into());
        assert_eq!(words(&env), ["ls", "-q"]);
    }
}
