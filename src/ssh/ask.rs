//! The person at the terminal: asked from inside of async code, and never the same thing twice by one connection attempt
//! after the other.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::{event::Events, prompt::Prompt, secret::Secret};

/// Runs a question that blocks until it is answered, so that other connections go on meanwhile where they can.
pub(super) fn ask<T>(question: impl FnOnce() -> T) -> T {
    let many_threads =
        Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if many_threads { tokio::task::block_in_place(question) } else { question() }
}

/// Who is asked and told, and what was answered before.
pub(super) struct Person<'a> {
    prompt: &'a dyn Prompt,
    events: &'a Events,
    secrets: Mutex<HashMap<String, Option<Secret>>>,
    decisions: Mutex<HashMap<String, Option<bool>>>,
    told: Mutex<HashSet<String>>,
}

impl<'a> Person<'a> {
    pub fn new(prompt: &'a dyn Prompt, events: &'a Events) -> Self {
        Self {
            prompt,
            events,
            secrets: Mutex::default(),
            decisions: Mutex::default(),
            told: Mutex::default(),
        }
    }

    /// The prompt itself, for questions that are remembered elsewhere.
    pub fn prompt(&self) -> &'a dyn Prompt {
        self.prompt
    }

    /// Asks for a secret; `round` tells questions of the same words apart.
    pub fn secret(&self, round: usize, question: &str) -> Option<Secret> {
        let mut answers = lock(&self.secrets);
        let answer = || ask(|| self.prompt.secret(question));
        answers.entry(format!("{round} {question}")).or_insert_with(answer).clone()
    }

    /// Asks a yes-or-no question.
    pub fn confirm(&self, question: &str) -> Option<bool> {
        let answer = || ask(|| self.prompt.confirm(question));
        *lock(&self.decisions).entry(question.to_owned()).or_insert_with(answer)
    }

    /// Tells something, once.
    pub fn note(&self, text: &str) {
        if lock(&self.told).insert(text.to_owned()) {
            self.events.note(text);
        }
    }
}

/// Remembers what was answered, so that a further login to the same host asks nobody.
pub(super) struct Memory {
    prompt: Arc<dyn Prompt>,
    secrets: Mutex<HashMap<String, Secret>>,
    /// What is answered without asking, once: a code that was good for one login is asked for when it is refused.
    known: Mutex<HashMap<String, Secret>>,
}

impl Memory {
    pub fn new(prompt: Arc<dyn Prompt>) -> Self {
        Self { prompt, secrets: Mutex::default(), known: Mutex::default() }
    }

    /// A prompt for a further login.
    pub fn again(&self) -> Self {
        let secrets = lock(&self.secrets).clone();
        Self {
            prompt: Arc::clone(&self.prompt),
            secrets: Mutex::new(secrets.clone()),
            known: Mutex::new(secrets),
        }
    }
}

impl Prompt for Memory {
    fn secret(&self, question: &str) -> Option<Secret> {
        if let Some(known) = lock(&self.known).remove(question) {
            return Some(known);
        }
        let secret = self.prompt.secret(question)?;
        lock(&self.secrets).insert(question.to_owned(), secret.clone());
        Some(secret)
    }

    fn confirm(&self, question: &str) -> Option<bool> {
        self.prompt.confirm(question)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
