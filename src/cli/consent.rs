//! "Are you sure?" before what cannot be taken back.

use super::{app::App, classic::habits::Habit, error::CliError};
use crate::prompt::Prompt;

/// Whether the user wants it: by a flag, or by an answer. Without a terminal the flag is needed, except in docker-machine's voice,
/// where the answer may come through a pipe.
pub fn given(app: &App, about: &str, is_flagged: bool, command: &str) -> Result<bool, CliError> {
    if app.has(Habit::ConsentByPipe) || !is_flagged {
        app.ui.say(about);
    }
    if is_flagged {
        return Ok(true);
    }
    match app.terminal().confirm("Are you sure?") {
        Some(answer) => Ok(answer),
        None if app.has(Habit::ConsentByPipe) => Ok(false),
        None => Err(CliError::refused(
            "there is no terminal to ask for consent",
            format!("say it with a flag: {} {command} -y NAME", app.program()),
        )),
    }
}
