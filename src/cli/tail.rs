//! The last lines of a step's output, for when it fails.

use std::collections::VecDeque;

/// How many lines a failed step shows.
const MOST: usize = 20;

/// The last lines of output.
#[derive(Default)]
pub struct Tail {
    lines: VecDeque<String>,
    /// The lines are of the step before: a step that says nothing (undoing, often) does not hide what went wrong.
    is_old: bool,
}

impl Tail {
    /// Another step begins.
    pub fn begin_step(&mut self) {
        self.is_old = true;
    }

    /// Keeps a line.
    pub fn keep(&mut self, line: String) {
        if std::mem::take(&mut self.is_old) {
            self.lines.clear();
        }
        self.lines.push_back(line);
        if self.lines.len() > MOST {
            self.lines.pop_front();
        }
    }

    /// The lines, which are forgotten then.
    pub fn taken(&mut self) -> VecDeque<String> {
        std::mem::take(&mut self.lines)
    }
}
