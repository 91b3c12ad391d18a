//! Called by docker-machine's name, the binary says what that program said.

use crate::home::Home;

const URL: &str = "tcp://127.0.0.1:2376";

#[test]
fn messages_that_scripts_match_on_are_the_same() {
    let home = Home::classic().with_machine("n1", URL).with_config("future", r#"{ "ConfigVersion": 4 }"#);
    let table: &[(&[&str], &str)] = &[
        (
            &["inspect", "x"],
            "Docker machine \"x\" does not exist. Use \"docker-machine ls\" to list machines. Use \"docker-machine create\" to add a new one.\n",
        ),
        (&["env"], "Error: No machine name(s) specified and no \"default\" machine exists\n"),
        (
            &["bogus"],
            "docker-machine: 'bogus' is not a docker-machine command. See 'docker-machine --help'.\n",
        ),
        (&["env", "-u", "n1"], "Error: Expected no machine name when the -u flag is present\n"),
        (&["url", "n1", "n2"], "Error: Expected one machine name as an argument\n"),
        (
            &["create", "-d", "none", "--url", URL, "a b"],
            "Error creating machine: Invalid hostname specified. Allowed hostname chars are: 0-9a-zA-Z . -\n",
        ),
        (
            &["create", "-d", "bogus", "n2"],
            "Driver \"bogus\" not found. Do you have the plugin binary \"docker-machine-driver-bogus\" accessible in your PATH?\n",
        ),
        (
            &["create", "-d", "none", "--url", URL, "n2", "n3"],
            "Invalid command line. Found extra arguments [n3]\n",
        ),
        (&["active"], "No active host found\n"),
        (&["ls", "--filter", "x"], "Unsupported filter syntax\n"),
        (
            &["inspect", "future"],
            "Error getting migrated host: config version is from the future -- you should upgrade your Docker Machine client\n",
        ),
    ];
    for (words, message) in table {
        let ended = home.run(words).with_code(1);
        assert_eq!(ended.err, *message, "{words:?}");
    }
}

#[test]
fn where_a_name_is_missing_the_help_comes_first() {
    let home = Home::classic();
    for (words, message) in [
        (&["rm"][..], "Error: Expected to get one or more machine names as arguments\n"),
        (&["create", "--driver=none"], "Error: No machine name specified\n"),
    ] {
        let ended = home.run(words).with_code(1);
        let command = words[0];
        assert!(ended.out.contains(&format!("Usage: docker-machine {command}")), "{}", ended.out);
        assert_eq!(ended.err, message);
    }
}

#[test]
fn an_unknown_flag_is_named_as_go_names_it() {
    let ended = Home::classic().run(&["ls", "-bogus"]).with_code(1);
    assert_eq!(ended.err, "flag provided but not defined: -bogus\n");
    assert!(
        ended.out.starts_with("Incorrect Usage.\n\n") && ended.out.contains("Usage: docker-machine ls"),
        "{}",
        ended.out
    );
}

#[test]
fn goes_forms_of_flags_are_read() {
    let home = Home::classic().with_machine("n1", URL);
    home.run(&["-debug=false", "ls", "-quiet=true"]).with_code(0).printing("n1\n");
    home.run(&["--bugsnag-api-token=no-report", "ls", "--quiet"]).with_code(0).printing("n1\n");
}

#[test]
fn a_docker_plugins_words_are_found_behind_dockers() {
    let home = Home::classic()
        .with_machine("n1", URL)
        .with_var("DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND", "/usr/bin/docker");
    home.run(&["--context", "x", "machine", "ls", "-q"]).with_code(0).printing("n1\n");
}

#[test]
fn docker_finds_a_plugin_that_says_who_it_is() {
    let ended = Home::classic().run(&["docker-cli-plugin-metadata"]).with_code(0);
    let answer: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&answer["SchemaVersion"], &answer["Vendor"]), (&"0.1.0".into(), &"rmachine".into()));
}

#[test]
fn rm_asks_on_stdin_whatever_it_is_and_takes_no_for_an_answer() {
    let home = Home::classic().with_machine("n1", URL);
    for answer in ["n\n", "", "maybe y\n"] {
        let ended = home.run_with(&["rm", "n1"], answer).with_code(0);
        assert!(ended.out.contains(
            "About to remove n1\nWARNING: This action will delete both local reference and remote instance.\n"
        ));
        assert!(ended.out.ends_with("Are you sure? (y/n): "), "{:?}", ended.out);
        assert!(home.machine("n1").exists());
    }
}

#[test]
fn a_host_is_asked_before_its_engine_is_pointed_at() {
    let home = Home::classic().with_machine("n1", "tcp://127.0.0.1:1");
    let ended = home.run(&["env", "n1"]).with_code(1).printing("");
    assert!(ended.err.starts_with("Error checking TLS connection: "), "{}", ended.err);
    let ended = home.run(&["config", "n1"]).with_code(1).printing("");
    assert!(ended.err.starts_with("Error running connection boilerplate: "), "{}", ended.err);
}
