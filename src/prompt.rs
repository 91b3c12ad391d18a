//! Questions to the person at the terminal, as a trait: the library never reads a terminal itself.

use crate::secret::Secret;

/// Asks the user. `None` means that nobody can be asked: stdin is no terminal, or the voice forbids questions.
pub trait Prompt: Send + Sync {
    /// Asks for a value without showing it.
    fn secret(&self, question: &str) -> Option<Secret>;
    /// Asks a yes-or-no question; only an answer that begins with y is yes.
    fn confirm(&self, question: &str) -> Option<bool>;
}

/// Nobody is there.
pub struct Nobody;

impl Prompt for Nobody {
    fn secret(&self, _question: &str) -> Option<Secret> {
        None
    }

    fn confirm(&self, _question: &str) -> Option<bool> {
        None
    }
}
