//! The only printer: data goes to stdout, talk to stderr.
//!
//! docker-machine talks on stdout, except in the two commands whose stdout a shell evaluates; its voice keeps that. A reader that
//! went away (`rmachine ls | head -1`) is no error, a full disk is.

use std::{
    fmt::Display,
    io::{self, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::builder::StyledStr;
use indicatif::{MultiProgress, ProgressDrawTarget};

use crate::env::{Env, Voice};

/// What the user wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manners {
    /// `--quiet`: no talk.
    pub quiet: bool,
    /// `--debug`: everything, line by line.
    pub debug: bool,
    /// stdout is for a program: docker-machine's voice talks on stderr too.
    pub stdout_is_data: bool,
}

/// The printer.
pub struct Ui {
    voice: Voice,
    manners: Manners,
    color: bool,
    /// stdout is a terminal that takes colors; clap's help asks.
    color_on_stdout: bool,
    rows: Option<MultiProgress>,
    lost: Mutex<Option<io::Error>>,
    questions: Mutex<()>,
    asking: AtomicBool,
}

impl Ui {
    /// A printer for this process.
    pub fn new(env: &Env, manners: Manners) -> Self {
        let is_plain = env.var("NO_COLOR").is_some() || env.var("TERM") == Some("dumb");
        let has_rows = env.stderr_is_terminal
            && env.var("TERM") != Some("dumb")
            && env.voice() == Voice::Rmachine
            && !manners.quiet
            && !manners.debug;
        Self {
            voice: env.voice(),
            manners,
            color: env.stderr_is_terminal && !is_plain,
            color_on_stdout: env.stdout_is_terminal && !is_plain,
            rows: has_rows.then(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr())),
            lost: Mutex::default(),
            questions: Mutex::default(),
            asking: AtomicBool::new(false),
        }
    }

    /// Whose manners we have.
    pub fn voice(&self) -> Voice {
        self.voice
    }

    /// What the user wants to see.
    pub fn manners(&self) -> Manners {
        self.manners
    }

    /// Where progress rows are drawn; `None` where lines are printed instead.
    pub fn rows(&self) -> Option<&MultiProgress> {
        self.rows.as_ref()
    }

    /// Whether stderr takes colors.
    pub fn has_color(&self) -> bool {
        self.color
    }

    /// One line of data.
    pub fn data(&self, line: impl Display) {
        self.data_raw(&format!("{line}\n"));
    }

    /// Data as it is.
    pub fn data_raw(&self, text: &str) {
        let outcome = self.suspended(|| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
        });
        if let Err(error) = outcome
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    /// Help, which is data when it is asked for.
    pub fn help(&self, text: &StyledStr) {
        self.data_raw(&if self.color_on_stdout { text.ansi().to_string() } else { text.to_string() });
    }

    /// Talk that `--quiet` silences.
    pub fn say(&self, line: impl Display) {
        if self.manners.quiet {
            return;
        }
        match self.voice {
            Voice::DockerMachine if !self.manners.stdout_is_data => self.data(line),
            Voice::DockerMachine | Voice::Rmachine => self.note(line),
        }
    }

    /// Talk that is always heard, on stderr.
    pub fn note(&self, line: impl Display) {
        // Nobody is left to be told when stderr is gone.
        let _ = self.suspended(|| writeln!(io::stderr().lock(), "{line}"));
    }

    /// A question, without a line end; docker-machine asked on stdout.
    pub fn ask(&self, question: &str) {
        if self.voice == Voice::DockerMachine {
            return self.data_raw(question);
        }
        let _ = self.suspended(|| {
            let mut stderr = io::stderr().lock();
            stderr.write_all(question.as_bytes()).and_then(|()| stderr.flush())
        });
    }

    /// A word in bold red, where colors are wanted.
    pub fn red(&self, word: &str) -> String {
        self.painted("1;31", word)
    }

    /// A word in bold cyan, where colors are wanted.
    pub fn cyan(&self, word: &str) -> String {
        self.painted("1;36", word)
    }

    fn painted(&self, code: &str, word: &str) -> String {
        if self.color { format!("\x1b[{code}m{word}\x1b[0m") } else { word.to_owned() }
    }

    /// Runs something that uses the terminal, with the progress rows taken away meanwhile.
    pub fn suspended<R>(&self, work: impl FnOnce() -> R) -> R {
        match &self.rows {
            Some(rows) => rows.suspend(work),
            None => work(),
        }
    }

    /// Runs something that waits for the user, one question at a time. The rows are hidden, not held: other machines go on.
    pub fn while_asking<R>(&self, work: impl FnOnce() -> R) -> R {
        let _one_at_a_time = self.questions.lock().unwrap_or_else(PoisonError::into_inner);
        self.asking.store(true, Ordering::SeqCst);
        if let Some(rows) = &self.rows {
            // Rows that cannot be cleared stand above the question, which is no harm.
            let _ = rows.clear();
            rows.set_draw_target(ProgressDrawTarget::hidden());
        }
        let answer = work();
        if let Some(rows) = &self.rows {
            rows.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.asking.store(false, Ordering::SeqCst);
        answer
    }

    /// Whether the user is being asked something.
    pub fn is_asking(&self) -> bool {
        self.asking.load(Ordering::SeqCst)
    }

    /// What went wrong with stdout, if anything did.
    pub fn lost(&self) -> Option<io::Error> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
