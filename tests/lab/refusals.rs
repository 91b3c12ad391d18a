//! What bad input and bad hosts get: an exit code, one line that says why, a hint to type for, nothing half-written, and a
//! second create that works once the cause is gone.

mod busy;
mod hosts;
mod identity;
mod ports;
mod reach;

use crate::support::{Host, Run, User};

/// The create failed as it should, the hint is there, and no machine is.
#[track_caller]
fn refused(user: &User, run: Run, status: i32, cause: &str, hint: &str) -> Run {
    let run = run.fails(status, cause);
    let headline = run.stderr.lines().find(|line| line.starts_with("error: ")).expect("a headline");
    assert!(run.stderr.lines().any(|line| line.contains(cause) && !line.contains('\t')), "{headline}");
    assert!(run.stderr.contains(&format!("hint: {hint}")), "{hint:?} is not hinted at: {}", run.stderr);
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "", "after: {}", run.stderr);
    run
}

/// Now the same works.
#[track_caller]
fn works(user: &User, host: &Host, more: &[&str]) {
    user.adopt(host, "n1", more).ok();
    assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty());
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1");
}
