//! docker-machine's parser and help: commands, flags, order and shape.

use super::{recorded, store};
use crate::home::Home;

/// The flags that a help lists, without their values and what they do, such as `--force,-f`.
fn flags(help: &str) -> Vec<String> {
    let options = help.split_once("Options:\n").map_or("", |(_, options)| options);
    let options = options.split("\nCommands:\n").next().unwrap();
    let flag = |line: &str| {
        let names = line
            .trim_start()
            .split(['\t'])
            .next()
            .unwrap()
            .split(" [")
            .next()
            .unwrap()
            .split(" \"")
            .next()
            .unwrap();
        names.trim_end().replace(", ", ",")
    };
    options.lines().map(flag).filter(|flag| flag.starts_with('-')).collect()
}

#[test]
fn help_lists_the_commands_in_its_order() {
    let help = Home::classic().run(&["--help"]).with_code(0).out;
    let (_, commands) = help.split_once("\nCommands:\n").unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let wanted: Vec<&str> =
        recorded!("commands.txt").lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(commands, wanted);
    assert_eq!(flags(&help), recorded!("globals.txt").lines().collect::<Vec<_>>());
}

#[test]
fn help_of_a_command_lists_its_flags_in_its_order() {
    for line in recorded!("commands.txt").lines() {
        let mut words = line.split(' ');
        let command = words.next().unwrap();
        if matches!(command, "create" | "help") {
            continue;
        }
        let wanted: Vec<&str> = words.collect();
        let options = if wanted.is_empty() { "" } else { " [OPTIONS]" };
        let usage = format!("Usage: docker-machine {command}{options} [arg...]\n\n");
        for words in
            [[command, "--help"], [command, "-h"], [command, "-help"], ["help", command], ["h", command]]
        {
            let help = Home::classic().run(&words).with_code(0);
            assert!(help.out.starts_with(&usage), "{words:?}: {}", help.out);
            assert_eq!(
                (flags(&help.out), help.err.as_str()),
                (wanted.iter().map(ToString::to_string).collect(), "")
            );
        }
    }
}

#[test]
fn help_of_create_has_the_drivers_flags_among_the_shared_ones_by_name() {
    let help = Home::classic().run(&["create", "--driver=none", "--help"]).with_code(0).out;
    assert!(help.starts_with("Usage: docker-machine create [OPTIONS] [arg...]\n\n"), "{help}");
    let shown = flags(&help);
    assert!(shown.is_sorted(), "{shown:?}");
    for line in recorded!("create-flags.txt").lines() {
        let (flag, form) = line.split_once(' ').unwrap_or((line, ""));
        assert!(shown.iter().any(|shown| shown == flag), "{flag} is not in {help}");
        let long = flag.split(',').next().unwrap();
        let (default, variable) = form.split_once(" $").unwrap_or((form, ""));
        let row =
            help.lines().find(|row| row.trim_start().split([' ', ',', '\t']).next() == Some(long)).unwrap();
        match default {
            "list" => assert!(row.contains(&format!("{long} [{long} option {long} option]\t")), "{row}"),
            "bool" => assert!(row.contains(&format!("{long}\t")), "{row}"),
            "" => assert!(row.contains(&format!("{long} \t")), "{row}"),
            default => assert!(row.contains(&format!(" {default}\t")), "{row}"),
        }
        assert!(variable.is_empty() || row.ends_with(&format!("[${variable}]")), "{row}");
    }
}

#[test]
fn without_words_there_is_help_and_success() {
    let home = Home::classic();
    let asked = home.run(&["--help"]).with_code(0).out;
    for words in [&[][..], &["help"], &["h"], &["-h"], &["-help"]] {
        home.run(words).with_code(0).printing(&asked);
    }
}

#[test]
fn the_version_is_one_line_in_its_form() {
    let line = format!("docker-machine version {}, build HEAD\n", env!("CARGO_PKG_VERSION"));
    for word in ["-v", "--version", "-version", "version"] {
        Home::classic().run(&[word]).with_code(0).printing(&line);
    }
}

#[test]
fn a_line_that_cannot_be_read_gets_the_help_and_the_reason_and_fails() {
    let table: [(&[&str], &str); 8] = [
        (&["ls", "-bogus"], "flag provided but not defined: -bogus"),
        (&["ls", "--bogus=1"], "flag provided but not defined: -bogus"),
        (&["-bogus"], "flag provided but not defined: -bogus"),
        (&["rm", "-fy", "n1"], "flag provided but not defined: -fy"),
        (&["ls", "-q", "--quiet"], "Cannot use two forms of the same flag: q quiet"),
        (&["-D", "--debug", "ls"], "Cannot use two forms of the same flag: D debug"),
        (&["ls", "--timeout"], "flag needs an argument: -timeout"),
        (&["ls", "-t", "soon"], "invalid value \"soon\" for flag -timeout"),
    ];
    for (words, reason) in table {
        let ended = store().run(words).with_code(1);
        assert!(
            ended.out.starts_with("Incorrect Usage.\n\nUsage: docker-machine "),
            "{words:?}: {}",
            ended.out
        );
        assert_eq!(ended.err, format!("{reason}\n"), "{words:?}");
    }
}

#[test]
fn flags_stand_before_or_behind_names_with_one_dash_or_two() {
    let lines: [&[&str]; 7] = [
        &["env", "-u", "--shell", "fish"],
        &["env", "--unset", "--shell=fish"],
        &["env", "-unset", "-shell=fish"],
        &["env", "--shell", "bash", "-shell", "fish", "--unset=true"],
        &["env", "--u", "--shell", "fish"],
        &["-debug=false", "env", "-u=1", "-shell", "fish"],
        &[
            "--bugsnag-api-token=no-report",
            "--native-ssh",
            "--github-api-token",
            "x",
            "env",
            "-u",
            "-shell",
            "fish",
        ],
    ];
    for words in lines {
        let ended = store().run(words).with_code(0);
        assert!(ended.out.starts_with("set -e DOCKER_TLS_VERIFY;\n"), "{words:?}: {}", ended.out);
    }
    let home = store();
    home.run(&["rm", "n1", "-y"]).with_code(0);
    home.run(&["rm", "down", "kvm1", "--force"]).with_code(0);
    assert!(!home.machine("n1").exists() && !home.machine("down").exists());
}

#[test]
fn a_switch_can_be_switched_off() {
    let home = store();
    let ended = home.run_with(&["rm", "-y=false", "--force=0", "n1"], "n\n").with_code(0);
    assert!(ended.out.ends_with("Are you sure? (y/n): "), "{}", ended.out);
    assert!(home.machine("n1").exists());
}

#[test]
fn what_stands_behind_two_dashes_is_a_name() {
    let ended = store().run(&["status", "--", "-f"]).with_code(1);
    assert_eq!((ended.out.as_str(), ended.err.contains("flag")), ("", false), "{}", ended.err);
}

#[test]
fn a_flag_takes_the_next_word_whatever_it_begins_with() {
    let home = Home::classic();
    home.run(&["create", "-d", "none", "--url", "tcp://127.0.0.1:1", "--engine-opt", "-debug", "n1"])
        .with_code(0);
    let config = std::fs::read_to_string(home.machine("n1").join("config.json")).unwrap();
    assert!(config.contains("\"-debug\""), "{config}");
}

#[test]
fn further_names_of_config_are_passed_over() {
    let ended = store().run(&["config", "down", "n2"]).with_code(1);
    assert_eq!(ended.err, "Error running connection boilerplate: Host is not running\n");
}

#[test]
fn the_variable_of_debugging_outweighs_the_flag() {
    let debugs =
        |home: Home, words: &[&str]| home.run(words).with_code(0).err.contains("Docker Machine Version:  ");
    assert!(debugs(store(), &["ls", "-q", "-D"]));
    assert!(debugs(store(), &["-debug", "url", "n1"]));
    assert!(debugs(store().with_var("MACHINE_DEBUG", "T"), &["url", "n1"]));
    assert!(!debugs(store().with_var("MACHINE_DEBUG", "False"), &["-D", "url", "n1"]));
    let ended = store().with_var("MACHINE_DEBUG", "maybe").run(&["url", "n1"]).with_code(1);
    assert_eq!(
        ended.err,
        "Error parsing boolean value from MACHINE_DEBUG: strconv.ParseBool: parsing \"maybe\": invalid syntax\n"
    );
}

#[test]
fn words_for_the_hosts_ssh_switch_no_debugging_on() {
    let ended = store().run(&["ssh", "down", "-D", "1080"]);
    assert!(!ended.err.contains("Docker Machine Version"), "{}", ended.err);
}

#[test]
fn variables_give_what_is_not_typed() {
    let home = Home::classic()
        .with_var("MACHINE_DRIVER", "none")
        .with_var("ENGINE_REGISTRY_MIRROR", "http://a,http://b")
        .with_var("MACHINE_DOCKER_INSTALL_URL", "https://get.example.org")
        .with_var("MACHINE_SWARM_IMAGE", "swarm:1.2.9");
    home.run(&["create", "--url", "tcp://127.0.0.1:1", "n1"]).with_code(0);
    let config = std::fs::read_to_string(home.machine("n1").join("config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    let options = &config["HostOptions"];
    assert_eq!(options["EngineOptions"]["RegistryMirror"], serde_json::json!(["http://a", "http://b"]));
    assert_eq!(options["EngineOptions"]["InstallURL"], "https://get.example.org");
    assert_eq!(options["SwarmOptions"]["Image"], "swarm:1.2.9");
}

#[test]
fn names_keep_their_order_around_flags() {
    let home = store();
    let ended = home.run_with(&["rm", "n1", "--force=false", "down", "kvm1"], "n\n").with_code(0);
    assert!(ended.out.starts_with("About to remove n1, down, kvm1\n"), "{}", ended.out);
    let [from, to] = ["from", "to"].map(|name| home.path(name).display().to_string());
    std::fs::write(&from, "data").unwrap();
    home.run(&["scp", &from, "-r", &to]).with_code(0);
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "data");
}

#[test]
fn rmachines_own_flags_and_commands_work_and_are_not_shown() {
    let home = store();
    home.run(&["ls", "-q", "--offline"]).with_code(0);
    home.run(&["url", "n1", "--json", "-s", &home.store().display().to_string()]).with_code(0);
    home.run(&["release", "--help"]).with_code(0);
    let shown = home.run(&["--help"]).out + &home.run(&["ls", "--help"]).out;
    for ours in ["--offline", "--json", "release", "--columns"] {
        assert!(!shown.contains(ours), "{shown}");
    }
}

#[test]
fn words_that_ls_has_no_use_for_are_refused() {
    let ended = store().run(&["ls", "n1"]).with_code(1).printing("");
    assert_eq!(ended.err, "Error: Too many arguments given\n");
}

#[test]
fn without_a_shell_nothing_is_printed_to_evaluate() {
    let ended = store().with_var("SHELL", "").run(&["env", "-u"]).with_code(1).printing("");
    assert_eq!(ended.err, "Error: Unknown shell\n");
}

#[test]
fn inspect_of_two_names_shows_the_help_first() {
    let ended = store().run(&["inspect", "n1", "down"]).with_code(1);
    assert!(ended.out.starts_with("Usage: docker-machine inspect [OPTIONS] [arg...]\n"), "{}", ended.out);
    assert_eq!(ended.err, "Error: Expected one machine name as an argument\n");
}

#[test]
fn where_a_name_is_missing_the_help_comes_before_the_error() {
    for (words, reason) in [
        (&["rm", "-y"][..], "Error: Expected to get one or more machine names as arguments"),
        (&["create", "--driver=none"], "Error: No machine name specified"),
        (&["scp", "a"], "Improper number of arguments"),
        (&["mount"], "Improper number of arguments"),
    ] {
        let ended = store().run(words).with_code(1);
        let usage = format!("Usage: docker-machine {} [OPTIONS] [arg...]\n", words[0]);
        assert!(ended.out.starts_with(&usage), "{}", ended.out);
        assert_eq!(ended.err, format!("{reason}\n"));
    }
    // create's help has the flags of its driver.
    assert!(store().run(&["create", "--driver=none"]).out.contains("--none-url"));
}
