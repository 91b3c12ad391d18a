//! How long certificates have lived, and how long they will.

use super::{CertsError, FEW_DAYS, World, now, server::text};
use crate::{
    machine::MachineName,
    store::{Record, StoreError},
    tls::{self, Certificate, UnixTime},
};

const DAY: i64 = 24 * 3600;

/// The certificates that a machine's clients and engine show each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    /// The CA's; of two, while one gives way to the other, the one that stays.
    pub ca: Option<Life>,
    /// The client's.
    pub client: Option<Life>,
    /// The engine's.
    pub server: Option<Life>,
}

/// A certificate's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// When it ends, seconds since 1970.
    pub ends: UnixTime,
    /// Whole days until then; negative once it has ended.
    pub days_left: i64,
}

impl Life {
    /// Whether it ends soon enough to say so.
    pub fn ends_soon(self) -> bool {
        self.days_left < FEW_DAYS
    }

    /// When it ends, RFC 3339, UTC.
    pub fn ends_at(self) -> String {
        let ends = jiff::Timestamp::from_second(self.ends);
        ends.map_or_else(|_| self.ends.to_string(), |ends| ends.strftime("%FT%TZ").to_string())
    }

    /// The day it ends, such as `2029-03-01`.
    pub fn last_day(self) -> String {
        let ends = jiff::Timestamp::from_second(self.ends);
        ends.map_or_else(|_| self.ends.to_string(), |ends| ends.strftime("%F").to_string())
    }
}

impl Lives {
    /// Each of them by its name, as far as there is one.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, Life)> {
        let named = [("CA", self.ca), ("client", self.client), ("server", self.server)];
        named.into_iter().filter_map(|(name, life)| Some((name, life?)))
    }

    /// The one that ends first.
    pub fn first_to_end(&self) -> Option<(&'static str, Life)> {
        self.named().min_by_key(|(_, life)| life.ends)
    }
}

/// What the copies in a machine's folder say, which are what its clients use. None where it is reached without TLS, or where a copy
/// cannot be read: that is for whoever uses it to tell.
pub fn lives(world: &World, record: &Record) -> Lives {
    if record.side.url.as_deref().is_some_and(|url| url.starts_with("ssh://")) {
        return Lives::default();
    }
    let now = now();
    let of = |file| read(world, &record.name, file).ok().flatten();
    let life = |about: Certificate| Life { ends: about.not_after, days_left: tls::days_left(&about, now) };
    let last = |all: Vec<Certificate>| all.into_iter().max_by_key(|about| about.not_after);
    Lives {
        ca: of("ca.pem").and_then(last).map(life),
        client: of("cert.pem").and_then(first).map(life),
        server: of("server.pem").and_then(first).map(life),
    }
}

fn first(all: Vec<Certificate>) -> Option<Certificate> {
    all.into_iter().next()
}

fn read(world: &World, name: &MachineName, file: &str) -> Result<Option<Vec<Certificate>>, CertsError> {
    let Some(pem) = text(&world.store, name, file)? else { return Ok(None) };
    let all: Result<Vec<_>, _> = tls::certificates(&pem)?.iter().map(|one| tls::read(one)).collect();
    Ok(Some(all?))
}

/// From which age on a certificate is made anew; one that ends soon always is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxAge {
    /// Days.
    pub days: u32,
}

impl MaxAge {
    /// Whether this certificate is due. One that ends with its CA cannot be made to last longer, so that alone is no reason.
    pub fn is_over(self, about: &Certificate, ca: &Certificate, now: UnixTime) -> bool {
        let is_old = now - about.not_before > i64::from(self.days) * DAY;
        let ends_soon = tls::days_left(about, now) < FEW_DAYS && about.not_after < ca.not_after;
        is_old || ends_soon
    }

    /// The same of a CA.
    pub fn is_over_for_ca(self, about: &Certificate, now: UnixTime) -> bool {
        now - about.not_before > i64::from(self.days) * DAY || tls::days_left(about, now) < FEW_DAYS
    }

    /// The same of one in a machine's folder; one that is not there is due.
    pub(super) fn is_over_for(
        self,
        world: &World,
        name: &MachineName,
        ca: &Certificate,
    ) -> Result<bool, StoreError> {
        let pem = text(&world.store, name, "server.pem")?;
        let about = pem.and_then(|pem| tls::read(&pem).ok());
        Ok(about.is_none_or(|about| self.is_over(&about, ca, now())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_is_what_is_old_or_ends_soon_unless_its_ca_ends_too() {
        let now = 1_800_000_000;
        let about = |age: i64, left: i64| Certificate {
            not_before: now - age * DAY,
            not_after: now + left * DAY,
            names: Vec::new(),
            is_authority: false,
            is_client: false,
        };
        let max = MaxAge { days: 300 };
        assert!(!max.is_over(&about(300, 780), &about(0, 1080), now));
        assert!(max.is_over(&about(301, 779), &about(0, 1080), now));
        assert!(max.is_over(&about(1, 29), &about(0, 1080), now));
        assert!(!max.is_over(&about(1, 29), &about(0, 29), now));
    }

    #[test]
    fn the_day_is_written_as_everybody_reads_it() {
        assert_eq!(Life { ends: 1_800_000_000, days_left: 1 }.last_day(), "2027-01-15");
    }
}
