use std::fs;

use russh::keys::{Algorithm, PrivateKey, key::safe_rng};

use super::*;
use crate::{
    event::{Collected, Event, Events},
    prompt::{Nobody, Prompt},
    secret::Secret,
};

fn key() -> PublicKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap().public_key().clone()
}

fn line(key: &PublicKey) -> String {
    key.to_openssh().unwrap()
}

/// What is known about the host `n1` on port 22.
struct Case {
    trust: Trust,
}

impl Case {
    fn nothing() -> Self {
        Self {
            trust: Trust {
                takes_any: false,
                shown: "n1".into(),
                name: "n1".into(),
                names: vec!["n1".into()],
                pinned: Vec::new(),
                from_driver: Vec::new(),
                demanded: None,
                known: KnownHosts::default(),
                strict: Strict::Ask,
            },
        }
    }

    fn known_hosts(mut self, text: &str) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        self.trust.known = KnownHosts::load(&[file.path().to_owned()]).unwrap();
        self
    }

    fn decide(&self, key: &PublicKey, prompt: &dyn Prompt) -> (Result<(), SshError>, Vec<Event>) {
        let sink = std::sync::Arc::new(Collected::default());
        let events = Events::new(sink.clone());
        let outcome = self.trust.decide(&key.clone().into(), &Person::new(prompt, &events));
        (outcome, sink.events().into_iter().map(|(_, event)| event).collect())
    }

    fn outcome(&self, key: &PublicKey) -> Result<(), SshError> {
        self.decide(key, &Nobody).0
    }
}

struct Says(bool);

impl Prompt for Says {
    fn secret(&self, question: &str) -> Option<Secret> {
        panic!("no secret is needed: {question}")
    }

    fn confirm(&self, _question: &str) -> Option<bool> {
        Some(self.0)
    }
}

#[test]
fn where_a_key_is_pinned_nothing_else_is_accepted() {
    let (pinned, other) = (key(), key());
    let mut case = Case::nothing().known_hosts(&format!("n1 {}\n", line(&other)));
    case.trust.pinned = vec![pinned.clone()];
    assert!(case.outcome(&pinned).is_ok());
    let Err(SshError::HostKeyChanged { seen, known, .. }) = case.outcome(&other) else { panic!() };
    assert_eq!(seen, fingerprint(&other));
    assert_eq!(*known, Known { place: Place::Pinned, keys: vec![fingerprint(&pinned)] });
    assert!(!case.trust.wants_certificates());
}

#[test]
fn a_demanded_fingerprint_decides_alone() {
    let (demanded, other) = (key(), key());
    let mut case = Case::nothing().known_hosts(&format!("n1 {}\n", line(&other)));
    case.trust.demanded = Some(fingerprint(&demanded));
    assert!(case.outcome(&demanded).is_ok());
    let Err(SshError::HostKeyChanged { known, .. }) = case.outcome(&other) else { panic!() };
    assert_eq!(known.place, Place::Demanded);
}

#[test]
fn a_changed_key_is_refused_whatever_the_strictness_and_says_where_the_old_one_stands() {
    let (old, new) = (key(), key());
    for strict in [Strict::Yes, Strict::Ask, Strict::AcceptNew] {
        let mut case = Case::nothing().known_hosts(&format!("# hi\nn1 {}\n", line(&old)));
        case.trust.strict = strict;
        assert!(case.outcome(&old).is_ok());
        let Err(error @ SshError::HostKeyChanged { .. }) = case.outcome(&new) else { panic!("{strict:?}") };
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}

#[test]
fn an_unknown_key_is_asked_about_on_a_terminal() {
    let case = Case::nothing();
    assert!(case.decide(&key(), &Says(true)).0.is_ok());
    assert!(matches!(case.decide(&key(), &Says(false)).0, Err(SshError::HostKeyUnknown { .. })));
}

#[test]
fn an_unknown_key_without_a_terminal_is_accepted_with_a_word() {
    let shown = key();
    let (outcome, events) = Case::nothing().decide(&shown, &Nobody);
    assert!(outcome.is_ok());
    let [Event::Note(note)] = events.as_slice() else { panic!("{events:?}") };
    assert!(note.contains(&fingerprint(&shown).to_string()), "{note}");
}

#[test]
fn an_unknown_key_is_refused_where_the_config_is_strict() {
    let mut case = Case::nothing();
    case.trust.strict = Strict::Yes;
    assert!(matches!(case.outcome(&key()), Err(SshError::HostKeyUnknown { .. })));
}

#[test]
fn a_revoked_key_is_refused_even_if_pinned() {
    let shown = key();
    let mut case = Case::nothing().known_hosts(&format!("@revoked * {}\n", line(&shown)));
    case.trust.pinned = vec![shown.clone()];
    assert!(matches!(case.outcome(&shown), Err(SshError::HostKeyRevoked { line: 1, .. })));
}

#[test]
fn a_key_known_without_port_is_good_for_another_port_but_another_one_there_says_nothing() {
    let (known, other) = (key(), key());
    let mut case = Case::nothing().known_hosts(&format!("n1 {}\n", line(&known)));
    case.trust.names = vec!["[n1]:2222".into(), "n1".into()];
    case.trust.strict = Strict::Yes;
    assert!(case.outcome(&known).is_ok());
    assert!(matches!(case.outcome(&other), Err(SshError::HostKeyUnknown { .. })));
}

#[test]
fn a_known_authority_makes_certificates_wanted() {
    let case = Case::nothing().known_hosts(&format!("@cert-authority *.lab,n1 {}\n", line(&key())));
    assert!(case.trust.wants_certificates());
    assert!(case.trust.known_algorithms().is_empty());
}
