//! How far a change of the CA has come. It is kept in the store, so that the same command goes on wherever an earlier one ended.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    machine::MachineName,
    store::{Store, StoreError, read_if_there, write_atomically},
};

/// The part of the way that is being gone. At the end of each, every machine can be reached by every client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Engines learn to trust the new CA beside the old one.
    TrustBoth,
    /// The client's certificate is replaced by one of the new CA; engines let the old one in as well.
    Overlap,
    /// Engines get server certificates of the new CA and forget the old one.
    DropOld,
}

impl Phase {
    /// What a machine goes through, in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::TrustBoth => "its engine trusts both CAs",
            Self::Overlap => "its client has a certificate of the new CA",
            Self::DropOld => "its engine trusts the new CA alone",
        }
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// These machines have to be brought through the phase.
    Bring(Vec<MachineName>),
    /// All are through: the next phase begins here.
    Begin(Phase),
    /// All are through, and the user wanted to stop here.
    Rest,
    /// All is done.
    End,
}

/// A change of the CA.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rotation {
    /// 1.
    version: u32,
    /// The phase.
    pub phase: Phase,
    /// When it began, RFC 3339, UTC.
    pub begun_at: String,
    /// The name under which the old CA is kept, such as `ca-before-20260301T120000Z`.
    pub kept_as: String,
    /// The old CA has expired: nobody is let in by it, so that there is nothing to overlap with.
    #[serde(default)]
    is_late: bool,
    /// The last phase that each machine is through.
    through: BTreeMap<String, Phase>,
}

impl Rotation {
    /// One that begins now.
    pub fn beginning(now: jiff::Timestamp) -> Self {
        Self {
            version: 1,
            phase: Phase::TrustBoth,
            begun_at: now.strftime("%FT%TZ").to_string(),
            kept_as: now.strftime("ca-before-%Y%m%dT%H%M%SZ").to_string(),
            is_late: false,
            through: BTreeMap::new(),
        }
    }

    /// The same, of a CA that has expired already.
    pub fn late(now: jiff::Timestamp) -> Self {
        Self { is_late: true, ..Self::beginning(now) }
    }

    /// What comes next for these machines, which are all that have the CA by now. No phase begins before every machine is through the
    /// one before it.
    pub fn next(&self, machines: &[MachineName], rests_in_overlap: bool) -> Next {
        let waiting: Vec<MachineName> =
            machines.iter().filter(|name| !self.has_been(name, self.phase)).cloned().collect();
        if !(waiting.is_empty() || self.is_late && self.phase < Phase::DropOld) {
            return Next::Bring(waiting);
        }
        match self.phase {
            Phase::TrustBoth => Next::Begin(Phase::Overlap),
            Phase::Overlap if rests_in_overlap => Next::Rest,
            Phase::Overlap => Next::Begin(Phase::DropOld),
            Phase::DropOld => Next::End,
        }
    }

    /// Whether a machine is through a phase.
    pub fn has_been(&self, name: &MachineName, phase: Phase) -> bool {
        self.through.get(name.as_str()).is_some_and(|through| *through >= phase)
    }

    /// A machine is through the phase.
    pub fn is_through(&mut self, name: &MachineName) {
        self.through.insert(name.to_string(), self.phase);
    }

    /// The one that is under way in this store.
    pub fn load(store: &Store) -> Result<Option<Self>, StoreError> {
        let path = path(store);
        let Some(bytes) = read_if_there(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| StoreError::Malformed { path, reason: error.to_string() })
    }

    /// Keeps it.
    pub fn save(&self, store: &Store) -> Result<(), StoreError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default() + "\n";
        write_atomically(&path(store), 0o600, text.as_bytes())
    }

    /// It is over.
    pub fn forget(store: &Store) -> Result<(), StoreError> {
        fs::remove_file(path(store)).map_err(StoreError::io("delete", path(store)))
    }
}

fn path(store: &Store) -> PathBuf {
    store.certs_dir().join("rotation.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<MachineName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    fn beginning() -> Rotation {
        Rotation::beginning(jiff::Timestamp::from_second(1_800_000_000).unwrap())
    }

    #[test]
    fn no_phase_begins_before_every_machine_is_through_the_one_before() {
        let all = names(&["n1", "n2", "n3"]);
        let mut rotation = beginning();
        for phase in [Phase::TrustBoth, Phase::Overlap, Phase::DropOld] {
            rotation.phase = phase;
            for (done, name) in all.iter().enumerate() {
                assert_eq!(rotation.next(&all, false), Next::Bring(all[done..].to_vec()), "{phase:?}");
                rotation.is_through(name);
            }
        }
        assert_eq!(rotation.next(&all, false), Next::End);
    }

    #[test]
    fn a_machine_that_came_meanwhile_is_brought_through_and_one_that_went_holds_nobody_up() {
        let mut rotation = beginning();
        for name in names(&["n1", "n2"]) {
            rotation.is_through(&name);
        }
        assert_eq!(rotation.next(&names(&["n1", "n2", "n4"]), false), Next::Bring(names(&["n4"])));
        assert_eq!(rotation.next(&names(&["n1"]), false), Next::Begin(Phase::Overlap));
        assert_eq!(rotation.next(&[], false), Next::Begin(Phase::Overlap));
    }

    #[test]
    fn the_overlap_lasts_as_long_as_the_user_wants() {
        let all = names(&["n1"]);
        let mut rotation = beginning();
        rotation.is_through(&all[0]);
        assert_eq!(rotation.next(&all, true), Next::Begin(Phase::Overlap));
        rotation.phase = Phase::Overlap;
        assert_eq!(rotation.next(&all, true), Next::Bring(all.clone()));
        rotation.is_through(&all[0]);
        assert_eq!(rotation.next(&all, true), Next::Rest);
        assert_eq!(rotation.next(&all, false), Next::Begin(Phase::DropOld));
    }

    #[test]
    fn nobody_waits_for_an_overlap_with_a_ca_that_has_expired() {
        let all = names(&["n1"]);
        let mut rotation = Rotation::late(jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(rotation.next(&all, false), Next::Begin(Phase::Overlap));
        rotation.phase = Phase::Overlap;
        assert_eq!(rotation.next(&all, false), Next::Begin(Phase::DropOld));
        rotation.phase = Phase::DropOld;
        assert_eq!(rotation.next(&all, false), Next::Bring(all));
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let home = tempfile::tempdir().unwrap();
        let store = Store::at(home.path());
        assert_eq!(Rotation::load(&store).unwrap(), None);
        fs::create_dir(store.certs_dir()).unwrap();
        let mut rotation = beginning();
        rotation.is_through(&"n1".parse().unwrap());
        rotation.save(&store).unwrap();
        assert_eq!(Rotation::load(&store).unwrap(), Some(rotation));
        Rotation::forget(&store).unwrap();
        assert_eq!(Rotation::load(&store).unwrap(), None);
    }
}
