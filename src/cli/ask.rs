//! Questions on the terminal. Nobody is asked when stdin is none, except that docker-machine took a yes from a pipe.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::ui::Ui;
use crate::{
    env::{Env, Voice},
    prompt::Prompt,
    secret::Secret,
};

/// Asks on the terminal.
pub struct Terminal {
    ui: Arc<Ui>,
    is_there: bool,
    /// How the terminal was before it was told not to echo: an interrupt at that moment must put it back.
    before: Mutex<Option<Termios>>,
}

impl Terminal {
    /// A terminal, if stdin is one.
    pub fn new(env: &Env, ui: Arc<Ui>) -> Self {
        Self { ui, is_there: env.stdin_is_terminal, before: Mutex::default() }
    }

    /// Puts the terminal back as it was, when it is being read without echo.
    pub fn restore(&self) {
        if let Some(before) = self.before.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
        }
        if self.ui.is_asking() {
            self.ui.ask("\n");
        }
    }

    fn set_before(&self, before: Option<Termios>) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = before;
    }

    /// Asks whether to go on; `None` where stdin ended before an answer.
    pub fn answer(&self, question: &str) -> Option<bool> {
        let mut answer = String::new();
        let read = self.ui.while_asking(|| {
            self.ui.ask(&format!("{question} (y/n): "));
            io::stdin().read_line(&mut answer)
        });
        read.ok().filter(|length| *length > 0).map(|_| answer.trim_start().starts_with(['y', 'Y']))
    }
}

impl Prompt for Terminal {
    fn secret(&self, question: &str) -> Option<Secret> {
        if !self.is_there {
            return None;
        }
        let answer = self.ui.while_asking(|| {
            self.set_before(tcgetattr(io::stdin()).ok());
            rpassword::prompt_password(question)
        });
        self.set_before(None);
        answer.ok().map(Secret::from)
    }

    fn confirm(&self, question: &str) -> Option<bool> {
        if !self.is_there && self.ui.voice() == Voice::Rmachine {
            return None;
        }
        // Somebody who ends stdin instead of answering does not mean yes.
        Some(self.answer(question).unwrap_or(false))
    }
}
