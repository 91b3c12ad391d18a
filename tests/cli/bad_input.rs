//! What bad input gets: one line that says what is wrong, one to type, an exit code, and a store that is as it was.

use crate::home::Home;

const URL: &str = "tcp://127.0.0.1:2376";

/// Names that no machine can have; `rm -f ..` of docker-machine deletes the whole store.
const BAD_NAMES: [&str; 6] = ["..", ".", "", "a/b", "../machines/n1", "n 1"];

#[test]
fn a_name_that_could_leave_the_store_is_refused_by_every_command() {
    for (home, code, told) in
        [(Home::new(), 2, "is not a machine name"), (Home::classic(), 1, "Invalid hostname specified.")]
    {
        bad_names_are_refused(&home.with_machine("n1", URL), code, told);
    }
}

fn bad_names_are_refused(home: &Home, code: i32, told: &str) {
    let before = home.snapshot();
    for command in [
        "rm -f",
        "rm -y",
        "create -d none --url x",
        "env",
        "inspect",
        "ip",
        "url",
        "status",
        "start",
        "ssh",
        "provision",
    ] {
        for name in BAD_NAMES {
            let words: Vec<&str> = command.split(' ').chain([name]).collect();
            let ended = home.run(&words).with_code(code).saying(told);
            assert_eq!((ended.out.as_str(), ended.err.contains("hint: ")), ("", code == 2), "{words:?}");
        }
    }
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_mistake_on_the_command_line_is_answered_with_the_usage_and_exit_2() {
    let home = Home::new().with_machine("n1", URL);
    let table: &[(&[&str], &str)] = &[
        (&["bogus"], "unrecognized subcommand 'bogus'"),
        (&["stat"], "some similar subcommands exist: 'restart', 'status', 'start'"),
        (&["ls", "--bogus"], "unexpected argument '--bogus'"),
        (&["ls", "--ofline"], "a similar argument exists: '--offline'"),
        (&["ls", "--timeout", "soon"], "invalid value 'soon'"),
        (&["create", "-d", "none", "--bogus", "n2"], "unexpected argument '--bogus'"),
        (
            &["create", "-d", "generic", "--generic-ssh-prt", "22", "n2"],
            "a similar argument exists: '--generic-ssh-port'",
        ),
        (&["create", "-d", "generic", "--generic-ssh-port", "x", "n2"], "invalid value 'x'"),
        (&["create", "-d", "none", "--engine-listen", "here", "n2"], "invalid value 'here'"),
        (&["status", "n1", "n2"], "unexpected argument 'n2'"),
    ];
    for (words, message) in table {
        home.run(words).with_code(2).saying(message).saying("Usage: rmachine").printing("");
    }
}

#[test]
fn what_clap_cannot_see_is_exit_2_with_something_to_type() {
    let home = Home::new().with_machine("n1", URL);
    let table: &[(&[&str], &str, &str)] = &[
        (&["create"], "no machine is named", "hint: rmachine create NAME"),
        (&["rm"], "no machine is named", "hint: rmachine rm NAME"),
        (&["env"], "there is none called \"default\"", "hint: rmachine ls"),
        (&["create", "-d", "genric", "n2"], "there is no driver \"genric\"", "hint: did you mean generic?"),
        (&["create", "-d", "none", "--url", URL, "n2", "n2"], "n2 is named twice", "hint: "),
        (
            &["create", "-d", "none", "--engine-label", "x", "n2"],
            "option \"labels\" must be a list of KEY=VALUE",
            "hint: ",
        ),
        (
            &["create", "-d", "none", "--sudo-password-env", "NOPE", "n2"],
            "the variable NOPE is not set",
            "hint: ",
        ),
        (&["ls", "--filter", "color=red"], "Unsupported filter key 'color'", "hint: the keys are"),
        (
            &["env", "n1", "--shell", "fsh"],
            "\"fsh\" is no shell that env can write for",
            "hint: did you mean",
        ),
        (&["env", "-u", "n1"], "Expected no machine name when the -u flag is present", "hint: env --unset"),
        (&["inspect", "n1", "-f", "{{range .}}"], "template: :1: unexpected EOF", "hint: a template such as"),
    ];
    for (words, message, hint) in table {
        home.run(words).with_code(2).saying(message).saying(hint).printing("");
    }
}

#[test]
fn an_unknown_machine_is_told_with_the_names_that_are_near() {
    let home = Home::new().with_machine("web-1", URL);
    let before = home.snapshot();
    for command in [
        "env",
        "inspect",
        "ip",
        "url",
        "status",
        "start",
        "stop",
        "kill",
        "restart",
        "provision",
        "ssh",
        "version",
        "config",
    ] {
        home.run(&[command, "wbe-1"])
            .with_code(1)
            .saying("machine \"wbe-1\" does not exist")
            .saying("did you mean web-1?");
    }
    for command in ["rm", "release"] {
        home.run(&[command, "-y", "wbe-1"]).with_code(1).saying("machine \"wbe-1\" does not exist");
    }
    assert_eq!(home.snapshot(), before);
}

#[test]
fn what_is_asked_of_several_is_done_for_those_that_exist() {
    let home = Home::new().with_machine("n1", URL).with_machine("m1", URL);
    home.run(&["url", "n1", "n2"]).with_code(4).saying("n2: machine \"n2\" does not exist");
    home.run(&["rm", "-y", "n1", "n2", "n3"])
        .with_code(4)
        .saying("n2: machine \"n2\" does not exist")
        .saying("n3: machine \"n3\" does not exist");
    home.run(&["ls", "-q"]).with_code(0).printing("m1\n");
    assert!(!home.store().join(".rmachine/locks/n2").exists(), "a name that is none gets no lock");
    let before = home.snapshot();
    home.run(&["rm", "-y", "m1", ".."]).with_code(2).saying("\"..\"");
    home.run(&["rm", "-y", "n2", "n3"])
        .with_code(1)
        .saying("\"n2\" does not exist")
        .saying("\"n3\" does not exist");
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_state_that_there_is_not_is_refused_with_the_nearest() {
    let home = Home::new().with_machine("n1", URL);
    let near = home.run(&["ls", "--filter", "state=Runing"]).with_code(2);
    near.saying("error: there is no state \"Runing\"").saying("hint: did you mean --filter state=running?");
    home.run(&["ls", "--filter", "state=up"]).with_code(2).saying("hint: the states are Running, Paused, ");
    home.run(&["ls", "-q", "--filter", "state=not found"]).with_code(0).printing("");
    Home::classic().run(&["ls", "-q", "--filter", "state=Runing"]).with_code(0).printing("");
}

#[test]
fn a_flag_of_another_driver_is_told_with_that_driver() {
    let home = Home::new();
    let other = home.run(&["create", "-d", "none", "--qemu-memory", "512", "n1"]).with_code(2);
    other
        .saying("error: --qemu-memory is a flag of the driver qemu, and the driver is none")
        .saying("hint: rmachine create -d qemu --qemu-memory ...");
    home.run(&["create", "-d", "none", "--qemu-memroy", "n1"]).with_code(2).saying("unexpected argument");
}

#[test]
fn removing_by_force_what_is_not_there_is_fine() {
    Home::new().run(&["rm", "-f", "n1"]).with_code(0).saying("machine \"n1\" does not exist");
}

#[test]
fn a_host_that_could_not_be_removed_is_named_and_a_failure_even_by_force() {
    let home = Home::new();
    let hosts = home.path("hosts").display().to_string();
    let make = |name: &str, fault: &str| {
        let words =
            ["create", "-d", "rehearsal", "--rehearsal-folder", &hosts, "--rehearsal-fault", fault, name];
        home.run(&words).with_code(0);
    };
    let stays = "the machine is forgotten, but the host of the driver rehearsal may still be there: could not remove the host";
    make("m1", "remove");
    home.run(&["rm", "-y", "m1"]).with_code(1).saying("could not remove the host");
    assert!(home.machine("m1").exists(), "without force it is not forgotten");
    home.run(&["rm", "-f", "m1"]).with_code(1).saying(stays).saying("hint: look for it where it was made");
    make("m1", "remove");
    make("m2", "none");
    home.run(&["rm", "-f", "m1", "m2"]).with_code(4).saying(&format!("m1: {stays}"));
    home.run(&["ls", "-q"]).with_code(0).printing("");
    assert!(home.path("hosts/m1").exists() && !home.path("hosts/m2").exists());
}

#[test]
fn without_a_terminal_rm_and_release_want_their_consent_as_a_flag() {
    let home = Home::new().with_machine("n1", URL);
    for command in ["rm", "release"] {
        let ended = home.run_with(&[command, "n1"], "y\n").with_code(3);
        ended
            .saying("there is no terminal to ask for consent")
            .saying(&format!("hint: say it with a flag: rmachine {command} -y"));
    }
    assert!(home.machine("n1").exists());
}

#[test]
fn classic_swarm_is_refused_before_anything_happens() {
    let home = Home::new().with_machine("n1", URL);
    let before = home.snapshot();
    for words in [
        &["create", "-d", "none", "--url", URL, "--swarm", "n2"][..],
        &["create", "-d", "none", "--url", URL, "--swarm-master", "n2"],
    ] {
        home.run(words).with_code(3).saying("classic swarm").saying("swarm of today").printing("");
    }
    for words in [&["env", "--check", "--swarm", "n1"][..], &["config", "--swarm", "n1"]] {
        let ended = home.run(words).with_code(1).printing("");
        ended.saying("n1 is not the master of a classic swarm").saying("hint: a swarm of today");
    }
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_password_file_that_others_may_read_is_refused() {
    let home = Home::new();
    std::fs::write(home.path("pw"), "hunter2\n").unwrap();
    let chmod = std::process::Command::new("chmod").arg("644").arg(home.path("pw")).status().unwrap();
    assert!(chmod.success());
    let ended =
        home.run(&["create", "-d", "none", "--url", URL, "--sudo-password-file", "pw", "n1"]).with_code(3);
    ended.saying("others may read the password file").saying("hint: chmod 600");
}

#[test]
fn a_variable_that_is_neither_true_nor_false_is_named() {
    let home = Home::new().with_var("MACHINE_DEBUG", "maybe");
    home.run(&["ls"]).with_code(2).saying("MACHINE_DEBUG is neither true nor false: \"maybe\"");
}
