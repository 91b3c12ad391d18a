//! Every help text, as a snapshot: what a user reads changes only on purpose.

use crate::home::Home;

const COMMANDS: [&str; 22] = [
    "active",
    "config",
    "create",
    "driver",
    "engine",
    "env",
    "inspect",
    "ip",
    "kill",
    "ls",
    "provision",
    "regenerate-certs",
    "release",
    "restart",
    "rm",
    "ssh",
    "start",
    "status",
    "stop",
    "trust",
    "url",
    "version",
];

#[test]
fn every_command_explains_itself() {
    let home = Home::new();
    for command in COMMANDS {
        let ended = home.run(&[command, "-h"]).with_code(0);
        let long = home.run(&[command, "--help"]).with_code(0);
        assert!(long.out.lines().count() >= ended.out.lines().count(), "{command}: {}", long.out);
        insta::assert_snapshot!(format!("help_{command}"), ended.out);
    }
    let lines = |flag: &str| home.run(&["create", flag]).out.lines().count();
    assert!(lines("--help") > lines("-h"), "--help says more");
}

#[test]
fn the_programs_help_is_there_with_and_without_asking() {
    let home = Home::new();
    let asked = home.run(&["--help"]).with_code(0);
    for words in [&[][..], &["help"]] {
        assert!(home.run(words).with_code(0).out.contains("Usage: rmachine [OPTIONS] [COMMAND]"));
    }
    insta::assert_snapshot!("help", asked.out);
}

#[test]
fn create_shows_the_flags_of_the_driver_that_is_asked_for() {
    let home = Home::new();
    let ended = home.run(&["create", "-d", "none", "-h"]).with_code(0);
    assert!(ended.out.contains("Options of the none driver") && ended.out.contains("--url"), "{}", ended.out);
    let ended = home.run(&["create", "--driver=generic", "-h"]).with_code(0);
    assert!(ended.out.contains("--generic-ip-address") && !ended.out.contains("--none-url"), "{}", ended.out);
}

#[test]
fn the_options_of_the_engine_have_headings_of_their_own_in_the_long_help() {
    let home = Home::new();
    let long = home.run(&["create", "--help"]).with_code(0).out;
    for words in ["The engine's options: network:", "--engine-bip <CIDR>", "--engine-live-restore[=<BOOL>]"] {
        assert!(long.contains(words), "{words}: {long}");
    }
}
