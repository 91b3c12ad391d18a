//! On a terminal: rows that leave their last words, questions, and no colors where they are not wanted.

use crate::home::{Ended, Home};

const URL: &str = "tcp://127.0.0.1:2376";

/// Types words on a terminal of 100 columns; `keys` are typed once the program asks.
fn on_terminal(home: &Home, words: &str, keys: &str) -> Ended {
    let script = format!("stty rows 30 cols 100; rmachine {words}; echo code $?");
    home.run_on_terminal(&script, keys)
}

#[test]
fn what_a_row_ended_with_stays_on_the_screen() {
    let ended = on_terminal(&Home::new(), &format!("create -d none --url {URL} n1 n2"), "");
    let last = |name: &str| {
        ended.out.lines().rev().find(|line| line.starts_with(name)).unwrap_or_default().to_owned()
    };
    for name in ["n1", "n2"] {
        assert!(last(name).contains("ready at tcp://127.0.0.1:2376"), "{:?}", ended.out);
    }
    assert!(ended.out.contains("code 0"));
}

#[test]
fn removal_is_asked_for_and_only_yes_is_yes() {
    for (keys, is_kept) in [("n\n", true), ("\n", true), ("\x04", true), ("y\n", false)] {
        let home = Home::new().with_machine("n1", URL);
        let ended = on_terminal(&home, "rm n1", keys);
        assert!(
            ended.out.contains("Are you sure? (y/n): ") && ended.out.contains("code 0"),
            "{:?}",
            ended.out
        );
        assert_eq!(home.machine("n1").exists(), is_kept, "{keys:?}: {:?}", ended.out);
    }
}

#[test]
fn errors_are_colored_unless_no_color_is_set_or_the_terminal_is_dumb() {
    let home = Home::new().with_var("TERM", "xterm");
    assert!(on_terminal(&home, "env n1", "").out.contains("\x1b[1;31merror:\x1b[0m"));
    let home = home.with_var("NO_COLOR", "1");
    assert!(!on_terminal(&home, "env n1", "").out.contains('\x1b'));
    let home = Home::new().with_var("TERM", "dumb");
    let ended = on_terminal(&home, &format!("create -d none --url {URL} n1"), "");
    assert!(!ended.out.contains('\x1b') && ended.out.contains("n1: ready at"), "{:?}", ended.out);
}

#[test]
fn the_question_of_rm_counts_the_machines() {
    let home = Home::new().with_machine("n1", URL).with_machine("n2", URL);
    let asked = |words: &str| on_terminal(&home, words, "n\r").out;
    let (one, two) = (asked("rm n1"), asked("rm n1 n2"));
    assert!(one.contains("This removes n1, with the host that was made for it;"), "{one}");
    assert!(two.contains("This removes n1, n2, with the hosts that were made for them;"), "{two}");
}
