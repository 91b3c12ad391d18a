//! The only place that waits: always with a deadline, always saying what for.

use std::{
    fmt,
    future::Future,
    time::{Duration, Instant},
};

use crate::event::Events;

/// A point in time after which waiting ends.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    at: Instant,
    total: Duration,
}

impl Deadline {
    /// Ends this much later.
    pub fn after(total: Duration) -> Self {
        Self { at: Instant::now() + total, total }
    }

    /// How much is left; zero when it has passed.
    pub fn remaining(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// The whole time that was given.
    pub fn total(&self) -> Duration {
        self.total
    }

    /// Whether it has passed.
    pub fn is_over(&self) -> bool {
        self.remaining().is_zero()
    }

    /// The earlier of this one and `total` from now.
    #[must_use]
    pub fn at_most(&self, total: Duration) -> Self {
        Self::after(total.min(self.remaining()))
    }

    /// Runs a future to its end or to this deadline.
    pub async fn bound<F: Future>(&self, what: &str, work: F) -> Result<F::Output, TimedOut> {
        tokio::time::timeout(self.remaining(), work).await.map_err(|_| TimedOut {
            what: what.to_owned(),
            after: self.total,
            last: None,
        })
    }
}

/// A deadline passed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct TimedOut {
    /// What was being waited for.
    pub what: String,
    /// How long it was waited for.
    pub after: Duration,
    /// What the last try said.
    pub last: Option<String>,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "gave up waiting for {} after {}", self.what, seconds(self.after))?;
        match &self.last {
            Some(last) => write!(out, ": {last}"),
            None => Ok(()),
        }
    }
}

/// A duration as people say it: `0.4 s`, `12 s`, `3 min`.
pub fn seconds(duration: Duration) -> String {
    let secs = duration.as_secs_f64();
    if secs < 10.0 {
        format!("{secs:.1} s")
    } else if secs < 120.0 {
        format!("{secs:.0} s")
    } else {
        format!("{:.0} min", secs / 60.0)
    }
}

/// How long to rest between tries: doubling from `first` up to `most`.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The first rest.
    pub first: Duration,
    /// The longest rest.
    pub most: Duration,
}

impl Backoff {
    /// For things on this machine or already connected: 50 ms, up to 1 s.
    pub const NEAR: Self = Self { first: Duration::from_millis(50), most: Duration::from_secs(1) };
    /// For things far away that may punish haste: 500 ms, up to 5 s.
    pub const FAR: Self = Self { first: Duration::from_millis(500), most: Duration::from_secs(5) };
}

/// What a try says.
pub enum Try<T, E> {
    /// It worked.
    Done(T),
    /// Not yet, and why; worth another try.
    Again(String),
    /// It will not get better.
    Fail(E),
}

/// How polling ended without a value.
#[derive(Debug)]
pub enum PollError<E> {
    /// The deadline passed.
    TimedOut(TimedOut),
    /// A try said that it will not get better.
    Failed(E),
}

impl<E: From<TimedOut>> PollError<E> {
    /// Both ends as one error.
    pub fn into_error(self) -> E {
        match self {
            Self::TimedOut(late) => late.into(),
            Self::Failed(error) => error,
        }
    }
}

/// Tries until it works, fails for good, or the deadline passes; says what it waits for from the second try on.
pub async fn poll<T, E, F, Fut>(
    what: &str,
    deadline: Deadline,
    backoff: Backoff,
    events: &Events,
    mut attempt: F,
) -> Result<T, PollError<E>>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Try<T, E>>,
{
    let mut rest = backoff.first;
    let mut last = None;
    let mut told = false;
    loop {
        match deadline.bound(what, attempt()).await {
            Ok(Try::Done(value)) => return Ok(value),
            Ok(Try::Fail(error)) => return Err(PollError::Failed(error)),
            Ok(Try::Again(why)) => last = Some(why),
            Err(late) => return Err(PollError::TimedOut(TimedOut { last, ..late })),
        }
        if deadline.remaining() <= rest {
            return Err(PollError::TimedOut(TimedOut {
                what: what.to_owned(),
                after: deadline.total(),
                last,
            }));
        }
        if !told {
            events.waiting(what, deadline.remaining());
            told = true;
        }
        tokio::time::sleep(rest).await;
        rest = (rest * 2).min(backoff.most);
    }
}

/// A beat for what is shown again and again until the user has seen enough; the first comes at once.
pub fn beat(every: Duration) -> tokio::time::Interval {
    let mut beat = tokio::time::interval(every);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    beat
}

/// How often and how long [`briefly`] rests: 40 ms in all, the blink in which another program replaces a file.
const BRIEF: (u32, Duration) = (10, Duration::from_millis(4));

/// How often and how long [`patiently`] rests: 2 s in all, for another program that is held up between two steps.
const PATIENT: (u32, Duration) = (50, Duration::from_millis(40));

/// Tries a few times within a blink, without a runtime; the first `Some` ends it.
pub fn briefly<T>(attempt: impl FnMut() -> Option<T>) -> Option<T> {
    again(BRIEF, attempt)
}

/// The same for up to two seconds, where something is known to be under way.
pub fn patiently<T>(attempt: impl FnMut() -> Option<T>) -> Option<T> {
    again(PATIENT, attempt)
}

fn again<T>((times, rest): (u32, Duration), mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..times {
        if let Some(value) = attempt() {
            return Some(value);
        }
        std::thread::sleep(rest);
    }
    attempt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn polling_ends_with_the_last_reason_when_the_deadline_passes() {
        let deadline = Deadline::after(Duration::from_millis(120));
        let outcome: Result<(), PollError<()>> =
            poll("the moon", deadline, Backoff::NEAR, &Events::silent(), || async {
                Try::Again("still down".into())
            })
            .await;
        let Err(PollError::TimedOut(late)) = outcome else { panic!("it must time out") };
        assert_eq!(late.to_string(), "gave up waiting for the moon after 0.1 s: still down");
    }

    #[tokio::test]
    async fn a_hanging_try_is_cut_at_the_deadline() {
        let deadline = Deadline::after(Duration::from_millis(50));
        let outcome: Result<(), PollError<()>> =
            poll("nothing", deadline, Backoff::NEAR, &Events::silent(), std::future::pending).await;
        assert!(matches!(outcome, Err(PollError::TimedOut(_))));
    }
}
