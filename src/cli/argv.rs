//! Words as they were typed, made into words that clap reads: the forms of Go's flag parser (`-force`, `--swarm=false`) that scripts for
//! docker-machine use.

use clap::{Arg, ArgAction, Command};

use super::{defaults::truth, parse};
use crate::env::{Env, Voice};

/// The words after the program's name.
pub fn words(env: &Env) -> Vec<String> {
    env.args.get(1..).unwrap_or_default().to_vec()
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

/// The words with Go's forms of options in clap's. What stands after `--`, after the name of a command that hands its words on, and
/// as an option's value stays as it is.
pub fn normalised(words: &[String], root: &Command, voice: Voice) -> Vec<String> {
    let place = place_of_command(words, root);
    let command = place.and_then(|place| root.find_subcommand(&words[place])).unwrap_or(root);
    let is_option = roles(words, root);
    words
        .iter()
        .zip(is_option)
        .enumerate()
        .filter_map(|(at, (word, is_option))| match is_option {
            true => normal(word, if place > Some(at) { root } else { command }, root, voice),
            false if voice == Voice::DockerMachine => Some(helpful(word, at, place).to_owned()),
            false => Some(word.clone()),
        })
        .collect()
}

/// docker-machine's other words for help: in place of a command, and, even where no options are read, right after it.
fn helpful(word: &str, at: usize, place: Option<usize>) -> &str {
    match word {
        "h" if place == Some(at) => "help",
        "-help" if place.is_some_and(|place| at == place + 1) => "--help",
        word => word,
    }
}

/// The names of the options that were typed: those before the command, and those after it.
pub fn typed_options<'a>(words: &'a [String], root: &Command) -> [Vec<&'a str>; 2] {
    let place = place_of_command(words, root).unwrap_or(words.len());
    let names = |range: std::ops::Range<usize>| {
        let options = words.iter().zip(roles(words, root)).enumerate();
        let options = options.filter(|(at, (_, is_option))| *is_option && range.contains(at));
        options.map(|(_, (word, _))| name_of(word)).collect()
    };
    [names(0..place), names(place..words.len())]
}

/// The words without these options and their values; the values of secret options give way to dots.
pub fn retold(words: &[String], root: &Command, without: &[&str], secret: &[String]) -> Vec<String> {
    let command = place_of_command(words, root).and_then(|place| root.find_subcommand(&words[place]));
    let takes_next = |word: &str| takes_next(word, command.unwrap_or(root)) || takes_next(word, root);
    let mut told = Vec::new();
    let mut words = words.iter().zip(roles(words, root));
    while let Some((word, is_option)) = words.next() {
        let name = name_of(word);
        let (is_out, is_secret) = (without.contains(&name), secret.iter().any(|secret| secret == name));
        if !is_option || !(is_out || is_secret) {
            told.push(word.clone());
            continue;
        }
        let is_apart = !word.contains('=') && takes_next(word) && words.next().is_some();
        if !is_out {
            told.push(if is_apart { word.clone() } else { format!("--{name}=...") });
            told.extend(is_apart.then(|| "...".to_owned()));
        }
    }
    told
}

fn name_of(word: &str) -> &str {
    let body = word.trim_start_matches('-');
    body.split_once('=').map_or(body, |(name, _)| name)
}

/// Which of the words are options.
fn roles(words: &[String], root: &Command) -> Vec<bool> {
    let place = place_of_command(words, root);
    let command = place.and_then(|place| root.find_subcommand(&words[place])).unwrap_or(root);
    let hands_on = command.get_positionals().any(Arg::is_trailing_var_arg_set);
    let (mut is_over, mut is_value) = (false, false);
    let role = |(at, word): (usize, &String)| {
        is_over = is_over || word == "--" || (hands_on && place.is_some_and(|place| at >= place));
        let is_option = !is_over && !std::mem::take(&mut is_value) && is_option(word);
        let here = if place > Some(at) { root } else { command };
        is_value = is_option && !word.contains('=') && (takes_next(word, here) || takes_next(word, root));
        is_option
    };
    words.iter().enumerate().map(role).collect()
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
            ("-storage-path -force rm n1", "--storage-path -force rm n1"),
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
}
