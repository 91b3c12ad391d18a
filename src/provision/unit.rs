//! How an engine's unit starts it: the `ExecStart` that counts, with its flags and where each is written.
//!
//! Only as much of systemd.syntax(7) as such units use: sections, comments, continued lines, resets, quotes, and the
//! variables of `Environment=` and `EnvironmentFile=`.

use std::collections::BTreeMap;

use crate::engine::options::{self, Form};

/// A unit file or environment file of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Where it is.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The command that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecStart {
    /// The file it stands in.
    pub path: String,
    /// Program and arguments, as written.
    pub words: Vec<String>,
}

/// A flag of the engine's command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Its long name, without dashes.
    pub name: String,
    /// Its value; `true` for a switch that is only named.
    pub value: String,
}

/// The last `ExecStart=` of these files, in the order systemd reads them, that is not reset by a later empty one.
pub fn exec_start(files: &[TextFile]) -> Option<ExecStart> {
    let mut last = None;
    for file in files {
        for (key, value) in settings(&file.text) {
            if key == "ExecStart" {
                let words = split(&value);
                last = (!words.is_empty()).then(|| ExecStart { path: file.path.clone(), words });
            }
        }
    }
    last
}

/// The command of an engine that OpenRC starts: its script takes flags from a variable of this file, whoever wrote it.
pub fn openrc_command(settings: &str) -> ExecStart {
    ExecStart { path: settings.to_owned(), words: vec!["dockerd".to_owned(), "$DOCKER_OPTS".to_owned()] }
}

/// The `Environment=` lines of a unit file, as written after the `=`.
pub fn environment_lines(text: &str) -> Vec<String> {
    settings(text).into_iter().filter(|(key, _)| key == "Environment").map(|(_, value)| value).collect()
}

/// The variables of environment files and of `Environment=` lines, later ones winning, files over lines.
pub fn environment(units: &[TextFile], files: &[TextFile]) -> BTreeMap<String, String> {
    let lines = units.iter().flat_map(|unit| environment_lines(&unit.text)).flat_map(|line| split(&line));
    let entries = files.iter().flat_map(|file| file.text.lines()).map(str::trim);
    let entries =
        entries.filter(|line| !line.starts_with(['#', ';'])).map(|line| match line.split_once('=') {
            Some((name, value)) => format!("{name}={}", split(value).join(" ")),
            None => String::new(),
        });
    let pairs = lines.chain(entries);
    pairs
        .filter_map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect()
}

/// The flags of a command, with its variables put in: `$NAME` becomes words, `${NAME}` a part of one.
pub fn flags(command: &ExecStart, variables: &BTreeMap<String, String>) -> Vec<Flag> {
    let mut words = command.words.iter().skip(1).flat_map(|word| expand(word, variables)).peekable();
    let mut flags = Vec::new();
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-') else { continue };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let (name, value) = match flag.split_once('=') {
            Some((name, value)) => (long_name(name), Some(value.to_owned())),
            None => (long_name(flag), None),
        };
        let value = match value {
            Some(value) => value,
            None if is_switch(name) => "true".to_owned(),
            None => words.next().unwrap_or_default(),
        };
        flags.push(Flag { name: name.to_owned(), value });
    }
    flags
}

fn is_switch(name: &str) -> bool {
    options::spec_of_flag(name).is_some_and(|spec| spec.form == Form::Switch)
        || matches!(name, "validate" | "version" | "help")
}

/// The short names of dockerd(8).
fn long_name(name: &str) -> &str {
    match name {
        "H" => "host",
        "D" => "debug",
        "l" => "log-level",
        "G" => "group",
        "s" => "storage-driver",
        "b" => "bridge",
        "p" => "pidfile",
        "g" => "graph",
        other => other,
    }
}

fn expand(word: &str, variables: &BTreeMap<String, String>) -> Vec<String> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if let Some(name) = word.strip_prefix('$').filter(|name| is_name(name)) {
        return variables.get(name).map(|value| split(value)).unwrap_or_default();
    }
    let mut text = word.to_owned();
    for (name, value) in variables {
        text = text.replace(&format!("${{{name}}}"), value);
    }
    vec![text]
}

/// The `Key=value` lines, comments left out and continued lines joined.
fn settings(text: &str) -> Vec<(String, String)> {
    let mut joined: Vec<String> = Vec::new();
    let mut continues = false;
    for line in text.lines() {
        if line.trim_start().starts_with(['#', ';']) {
            continue;
        }
        let (part, goes_on) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        match joined.last_mut().filter(|_| continues) {
            Some(last) => {
                last.push(' ');
                last.push_str(part);
            }
            None => joined.push(part.to_owned()),
        }
        continues = goes_on;
    }
    let pairs = joined.iter().filter_map(|line| line.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect()
}

/// Words, with quotes and backslashes taken off.
fn split(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', _) => word.get_or_insert_default().extend(chars.next()),
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> TextFile {
        TextFile { path: path.into(), text: text.into() }
    }

    fn flags_of(command: &str, defaults: &str) -> Vec<String> {
        let units = [file("u", &format!("[Service]\nExecStart={command}\n"))];
        let command = exec_start(&units).unwrap();
        let variables = environment(&units, &[file("d", defaults)]);
        flags(&command, &variables).into_iter().map(|flag| format!("{}={}", flag.name, flag.value)).collect()
    }

    #[test]
    fn the_last_command_that_is_not_reset_counts() {
        let vendor = file("/lib/docker.service", "[Service]\nExecStart=/usr/bin/dockerd -H fd://\n");
        let reset = file(
            "/etc/a.conf",
            "[Service]\nExecStart=\nExecStart=/opt/dockerd \\\n  -H fd:// \\\n  --debug\n",
        );
        let command = exec_start(&[vendor.clone(), reset]).unwrap();
        assert_eq!((command.path.as_str(), command.words.len()), ("/etc/a.conf", 4));
        assert_eq!(exec_start(&[vendor, file("/etc/b.conf", "ExecStart=\n")]), None);
    }

    #[test]
    fn flags_are_read_in_every_form_that_the_engine_takes() {
        let cases: [(&str, &str, &[&str]); 5] = [
            (
                "/usr/sbin/dockerd -H fd:// --containerd=/run/c.sock $DOCKER_OPTS",
                "# DOCKER_OPTS=\"--x\"\n",
                &["host=fd://", "containerd=/run/c.sock"],
            ),
            (
                "dockerd $DOCKER_OPTS",
                "DOCKER_OPTS=\"-H tcp://0.0.0.0:2375 --tlsverify\"",
                &["host=tcp://0.0.0.0:2375", "tlsverify=true"],
            ),
            ("dockerd --host=fd:// -D --label a=b", "", &["host=fd://", "debug=true", "label=a=b"]),
            (
                "dockerd --bip ${NET} --live-restore=false",
                "NET=10.1.0.1/24",
                &["bip=10.1.0.1/24", "live-restore=false"],
            ),
            ("dockerd --log-opt 'tag=a b'", "", &["log-opt=tag=a b"]),
        ];
        for (command, defaults, expected) in cases {
            assert_eq!(flags_of(command, defaults), expected, "{command}");
        }
    }
}
