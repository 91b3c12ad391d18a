//! The house rules as a test: what ARCHITECTURE.md and CONTRIBUTING.md promise of the whole tree.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use rmachine::{checkpoint::Checkpoint, drivers};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files under a folder with this ending, but for unit tests that have a file of their own, as (path relative to the root, text).
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = all_files(folder, ending);
    found.retain(|(path, _)| !path.ends_with("/tests.rs"));
    found
}

/// All of them.
fn all_files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "{folder} has no .{ending} files");
    found
}

/// The code of a file without its tests and comments.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or(text);
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The layer of a room; arrows point to the same or a lower one.
fn layer(room: &str) -> u8 {
    match room {
        "main" | "lib" | "cli" => 4,
        "ops" => 3,
        "driver" | "drivers" | "provision" | "swarm" => 2,
        "engine" | "tls" | "ssh" | "store" | "contexts" | "parcel" | "process" => 1,
        "checkpoint" | "env" | "error" | "event" | "machine" | "prompt" | "remote" | "retry" | "secret"
        | "shell" | "template" => 0,
        other => panic!("{other} is in no layer: add it here and to ARCHITECTURE.md"),
    }
}

fn room(path: &str) -> &str {
    let inside = path.strip_prefix("src/").expect("a source file");
    inside.split(['/', '.']).next().expect("a first part")
}

#[test]
fn arrows_between_rooms_point_downward_only() {
    let mut wrong = Vec::new();
    for (path, text) in files("src", "rs") {
        let from = room(&path);
        if from == "lib" {
            continue;
        }
        for target in imported_rooms(&code(&text)) {
            if layer(&target) > layer(from) || (layer(&target) == layer(from) && is_sideways(from, &target)) {
                wrong.push(format!("{path} uses {target}"));
            }
        }
    }
    assert!(wrong.is_empty(), "upward arrows:\n{}", wrong.join("\n"));
}

/// Within L2 the drivers and provisioning know nothing of each other.
fn is_sideways(from: &str, to: &str) -> bool {
    matches!(
        (from, to),
        ("drivers" | "driver", "provision" | "swarm")
            | ("provision", "drivers" | "driver" | "swarm")
            | ("driver", "drivers")
    )
}

/// The rooms named after `crate::`, alone or in braces.
fn imported_rooms(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 1;
            let mut word = String::new();
            let mut fresh = true;
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => fresh = true,
                    c if depth == 1 && fresh && (c.is_alphanumeric() || c == '_') => {
                        word.push(c);
                        continue;
                    }
                    c if c.is_whitespace() && word.is_empty() => continue,
                    _ => {}
                }
                if !word.is_empty() {
                    rooms.insert(std::mem::take(&mut word));
                    fresh = c == ',' && depth == 1;
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            rooms.insert(word);
        }
    }
    rooms.retain(|room| {
        root().join(format!("src/{room}.rs")).exists() || root().join(format!("src/{room}")).is_dir()
    });
    rooms
}

/// Asserts that a text stands in no file but the allowed ones.
fn only_in(what: &[&str], allowed: &[&str]) {
    let mut wrong = Vec::new();
    for (path, text) in files("src", "rs") {
        if allowed.iter().any(|allowed| path.starts_with(allowed)) {
            continue;
        }
        let code = code(&text);
        for what in what {
            if code.contains(what) {
                wrong.push(format!("{path}: {what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "only {allowed:?} may have these:\n{}", wrong.join("\n"));
}

#[test]
fn there_is_one_printer() {
    only_in(
        &["println!", "print!(", "eprintln!", "eprint!(", "io::stdout()", "io::stderr()", "dbg!("],
        &[
            "src/cli/ui",
            "src/cli/progress",
            "src/env.rs",
            // A remote terminal and a piped command are the user's own streams, handed through.
            "src/cli/commands/ssh.rs",
        ],
    );
}

#[test]
fn only_the_environment_value_reads_the_environment() {
    only_in(&["std::env::", "env::var", "env::args", "env::current_dir"], &["src/env.rs"]);
}

#[test]
fn nobody_sleeps_outside_of_retry() {
    only_in(&["thread::sleep", "time::sleep", "sleep("], &["src/retry.rs"]);
}

#[test]
fn nothing_is_left_to_do() {
    only_in(&["todo!(", "unimplemented!("], &[]);
}

#[test]
fn no_driver_is_named_outside_its_file() {
    let names: Vec<String> = drivers::all()
        .iter()
        .map(|driver| format!("\"{}\"", driver.name()))
        .filter(|name| name != "\"none\"")
        .collect();
    assert!(names.len() >= 2, "the list of drivers is empty");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    only_in(&names, &["src/drivers/"]);
}

#[test]
fn every_flag_of_a_driver_is_prefixed_and_documented() {
    for driver in drivers::all() {
        for flag in driver.flags() {
            let prefix = format!("{}-", driver.name());
            assert!(flag.name.starts_with(&prefix), "--{} must begin with {prefix}", flag.name);
            assert!(!flag.help.is_empty() && !flag.help.ends_with('.'), "--{}: {:?}", flag.name, flag.help);
        }
    }
}

#[test]
fn readme_lists_every_driver() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    for driver in drivers::all() {
        let row = format!("| `{}` |", driver.name());
        assert!(readme.contains(&row), "README's table lacks {row}");
    }
}

/// Whose voice we speak with is decided once: a command asks for one of docker-machine's habits by its name.
#[test]
fn no_command_asks_whose_voice_it_has() {
    for (path, text) in files("src/cli/commands", "rs") {
        let code = code(&text);
        assert!(!code.contains("Voice::"), "{path} asks for the voice, not for a Habit");
    }
    let habits = fs::read_to_string(root().join("src/cli/classic/habits.rs")).expect("habits.rs");
    let all: String = files("src/cli", "rs").into_iter().map(|(_, text)| code(&text)).collect();
    let variants =
        habits.split_once("pub enum Habit {").expect("the enum").1.split_once("\n}").expect("its end").0;
    let names = variants.lines().filter_map(|line| line.trim().strip_suffix(','));
    for name in names {
        assert!(all.contains(&format!("Habit::{name}")), "nobody asks for the habit {name}");
    }
}

/// The words that a line of docs/differences.md may open with.
const DIFFERENCES: [&str; 3] = ["Fixed", "Differs", "rmachine"];

#[test]
fn every_difference_names_a_test_that_shows_it() {
    let page = fs::read_to_string(root().join("docs/differences.md")).expect("docs/differences.md");
    let tests = names_of_tests();
    let by_command = page.split("\n## ").skip(1);
    let mut count = 0;
    for section in by_command {
        for line in section.split("\n* ").skip(1) {
            count += 1;
            let opens = DIFFERENCES.iter().any(|word| line.starts_with(&format!("**{word}**: ")));
            assert!(opens, "this line does not open with one of {DIFFERENCES:?}: {line}");
            let shown_by = line.trim_end().strip_suffix('`').and_then(|line| line.rsplit('`').next());
            let is_test = shown_by.is_some_and(|name| tests.contains(name));
            assert!(is_test, "this line does not end with the name of a test: {line}");
        }
    }
    assert!(count > 0, "no difference is listed");
}

/// The functions below a `#[test]`, in tests/ and in src/.
fn names_of_tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["src", "tests"] {
        for (_, text) in all_files(folder, "rs") {
            for after in text.split("#[test]").chain(text.split("#[tokio::test]")).skip(1) {
                let name = after.split_once("fn ").and_then(|(_, rest)| rest.split('(').next());
                names.extend(name.map(str::to_owned));
            }
        }
    }
    names
}

#[test]
fn every_checkpoint_is_reached_by_some_code() {
    let all: String = files("src", "rs").into_iter().map(|(_, text)| code(&text)).collect();
    for point in Checkpoint::ALL.into_iter().chain(Checkpoint::OF_ROTATION) {
        let reached = format!("reach(Checkpoint::{point:?})");
        assert!(all.contains(&reached), "no code reaches {point:?}");
    }
}

/// The calls with which `create` and `provision` have effects outside this process, and the checkpoint that must follow each.
const EFFECTS: [(&str, &str, Checkpoint); 11] = [
    ("src/ops/certs.rs", "work.authority(", Checkpoint::CaMade),
    ("src/ops/certs.rs", "work.client(", Checkpoint::ClientCertificateMade),
    ("src/ops/create.rs", "record(world, &request", Checkpoint::Recorded),
    ("src/ops/create.rs", "self.make_host(", Checkpoint::HostMade),
    ("src/ops/create.rs", "self.start_host(", Checkpoint::HostMade),
    ("src/ops/create.rs", "env_files::write(", Checkpoint::EnvFilesWritten),
    ("src/ops/provision.rs", "pin(world, lock, record", Checkpoint::Connected),
    ("src/ops/provision.rs", "certs::issue_server(", Checkpoint::ServerCertificateMade),
    ("src/ops/provision.rs", "begin(world, lock, record, true)", Checkpoint::ChangeRecorded),
    ("src/ops/provision.rs", "run(&session, &plan", Checkpoint::Applied),
    ("src/ops/provision.rs", "verify(world, driver", Checkpoint::Verified),
];

/// Calls that have an effect outside this process, wherever they stand in the stories of `create` and `provision`.
const OUTSIDE: [&str; 8] = [
    ".store.save(",
    ".store.create(",
    ".store.write_file(",
    "driver.create(",
    "provision::apply(",
    "provision::look(",
    "env_files::write(",
    "certs::issue_server(",
];

#[test]
fn every_outside_effect_of_create_is_followed_by_its_checkpoint() {
    for (path, effect, point) in EFFECTS {
        let code = code(&fs::read_to_string(root().join(path)).expect(path));
        let (_, after) = code.split_once(effect).unwrap_or_else(|| panic!("{path} has no {effect}"));
        let next = after
            .split_once("reach(Checkpoint::")
            .map(|(_, rest)| rest.split(')').next().unwrap_or_default());
        assert_eq!(next, Some(format!("{point:?}").as_str()), "{path}: after {effect}");
    }
}

/// A new effect in those stories changes these counts: give it a checkpoint, name it in `EFFECTS`, and count it here.
#[test]
fn no_outside_effect_of_create_is_without_a_checkpoint() {
    let count = |path: &str| {
        let code = code(&fs::read_to_string(root().join(path)).expect(path));
        OUTSIDE.iter().map(|effect| code.matches(effect).count()).sum::<usize>()
    };
    let provision = count("src/ops/provision.rs") + count("src/ops/provision/host.rs");
    assert_eq!((count("src/ops/create.rs"), provision), (7, 7), "an effect came or went");
}

#[test]
fn source_files_open_with_why_they_exist() {
    for (path, text) in files("src", "rs") {
        assert!(text.starts_with("//!"), "{path} has no module documentation");
    }
}

/// Beyond that nobody reads one.
#[test]
fn no_file_is_longer_than_400_lines() {
    let files = ["src", "tests", "benches"].into_iter().flat_map(|folder| all_files(folder, "rs"));
    let long: Vec<_> =
        files.map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > 400).collect();
    assert!(long.is_empty(), "split these: {long:?}");
}

#[test]
fn scripts_are_strict_and_read_nothing_they_should_not() {
    for (path, text) in files("templates", "sh") {
        assert!(text.contains("set -u"), "{path} is not strict");
        assert!(!text.contains("curl | sh") && !text.contains("eval "), "{path} runs text it was given");
    }
}

#[test]
fn nothing_in_the_repository_points_outside_of_it() {
    for folder in ["src", "tests", "templates", "scripts", "benches", "docs"] {
        if !root().join(folder).is_dir() {
            continue;
        }
        for ending in ["rs", "sh", "md"] {
            for (path, text) in files_or_none(folder, ending) {
                if path == "tests/tidy.rs" {
                    continue;
                }
                for word in [concat!("/wo", "rk/"), concat!("/var/tmp/", "dev"), "shared/reference"] {
                    assert!(!text.contains(word), "{path} mentions {word}");
                }
            }
        }
    }
}

fn files_or_none(folder: &str, ending: &str) -> Vec<(String, String)> {
    if has_files(&root().join(folder), ending) { files(folder, ending) } else { Vec::new() }
}

fn has_files(folder: &Path, ending: &str) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() { has_files(&path, ending) } else { path.extension().is_some_and(|e| e == ending) }
    })
}
