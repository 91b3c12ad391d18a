//! `rmachine ssh` on a real terminal that changes its size, is interrupted, and whose program is ended.

use std::time::Duration;

use crate::{
    host,
    support::{Kind, User},
};

/// Long enough for a login on a busy computer.
const LATER: Duration = Duration::from_secs(3);

#[test]
fn a_terminal_on_the_host_has_our_size_and_signals_at_every_moment() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();

    // The kernel tells everybody on the terminal of the new size.
    let resized = "stty cols 91 rows 33; (sleep 4; stty cols 120 rows 41 </dev/tty) & exec rmachine ssh n1";
    let shown = user.at_terminal_slowly(
        &format!("sh -c '{resized}'"),
        LATER,
        &["stty size; sleep 5; stty size; exit 5\n"],
    );
    assert_eq!(shown.status, 5, "{}", shown.stdout);
    let (before, after) = (shown.stdout.find("33 91"), shown.stdout.find("41 120"));
    assert!(before.is_some() && after > before, "{}", shown.stdout);

    // Ctrl-C is the remote program's, not ours.
    let keys = ["sleep 100; echo ended with $?\n", "\x03", "exit 7\n"];
    let interrupted = user.at_terminal_slowly("rmachine ssh n1", LATER, &keys);
    assert_eq!(interrupted.status, 7, "{}", interrupted.stdout);
    assert!(!host.run("pgrep -x sleep").status.success(), "the remote program was interrupted");

    // Ended from outside, it puts the terminal back.
    let ended = "sh -c '(sleep 4; kill -TERM $$) & exec rmachine ssh n1'; echo status $?; stty -a | grep -o ' -\\?icanon'";
    let ended = user.at_terminal_slowly(ended, LATER, &["sleep 100\n"]);
    assert!(ended.stdout.contains("status 255"), "{}", ended.stdout);
    assert!(ended.stdout.trim_end().ends_with(" icanon"), "the terminal is put back: {}", ended.stdout);
}
