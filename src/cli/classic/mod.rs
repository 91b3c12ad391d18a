//! docker-machine's voice, where it is more than a sentence of one command: its commands and flags, what it did otherwise
//! (`habits.rs`), how its parser read words, the shape of its help, and what it printed while it worked. What it said of errors is
//! in `error/classic.rs`.

pub mod habits;
pub mod help;
pub mod narrator;
pub mod rm;
pub mod ssh;

pub mod surface;
pub mod tree;
pub mod words;
