//! What a plugin says beside its answers: stdout for the user, stderr for the debug log, both with the machine's name before them.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read},
    sync::{Arc, Mutex, PoisonError, mpsc},
    time::Duration,
};

use super::error::LastWords;
use crate::event::{Event, Events};

/// How many lines of stderr an error shows.
const LINES_KEPT: usize = 4;
/// The longest line; what is longer is told in parts.
const LONGEST: u64 = 64 << 10;
/// How long the rest of what a dead plugin wrote is waited for.
const REST: Duration = Duration::from_millis(500);

/// Who listens at the moment, and what was said last.
pub struct Talk {
    events: Mutex<Events>,
    last: Mutex<VecDeque<String>>,
    /// Nothing is ever sent: it hangs up when stderr is over.
    stderr_is_over: Mutex<mpsc::Receiver<()>>,
}

impl Talk {
    /// Listens to both streams, in threads that end with them. The first line of stdout is handed out.
    pub fn listen(
        stdout: impl Read + Send + 'static,
        stderr: impl Read + Send + 'static,
        events: &Events,
    ) -> (Arc<Self>, mpsc::Receiver<String>) {
        let (first, first_line) = mpsc::channel();
        let (over, stderr_is_over) = mpsc::channel();
        let talk = Arc::new(Self {
            events: Mutex::new(events.clone()),
            last: Mutex::default(),
            stderr_is_over: Mutex::new(stderr_is_over),
        });
        let (told, logged) = (Arc::clone(&talk), Arc::clone(&talk));
        std::thread::spawn(move || {
            let mut first = Some(first);
            each_line(stdout, |line| match first.take() {
                // Whoever waits for it may have given up.
                Some(first) => drop(first.send(line)),
                None => told.tell(Event::Told(line)),
            });
        });
        std::thread::spawn(move || {
            each_line(stderr, |line| {
                logged.keep(&line);
                logged.tell(Event::Output(line));
            });
            drop(over);
        });
        (talk, first_line)
    }

    /// From now on these hear it.
    pub fn tells(&self, events: &Events) {
        *lock(&self.events) = events.clone();
    }

    /// Tells something.
    pub fn tell(&self, event: Event) {
        let events = lock(&self.events).clone();
        events.emit(event);
    }

    fn keep(&self, line: &str) {
        let mut last = lock(&self.last);
        if last.len() == LINES_KEPT {
            last.pop_front();
        }
        last.push_back(line.trim().to_owned());
    }

    /// What it said last, once it is gone.
    pub fn last_words(&self) -> LastWords {
        // Either answer is right: it is over, or there is no more time to wait.
        let _ = lock(&self.stderr_is_over).recv_timeout(REST);
        LastWords(lock(&self.last).iter().filter(|line| !line.is_empty()).cloned().collect())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn each_line(stream: impl Read, mut line: impl FnMut(String)) {
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    while (&mut reader).take(LONGEST).read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&bytes);
        // A terminal must not be steered by what a plugin prints.
        line(text.trim_end().chars().map(|c| if c.is_control() && c != '\t' { ' ' } else { c }).collect());
        bytes.clear();
    }
}
