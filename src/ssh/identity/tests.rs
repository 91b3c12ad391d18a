use std::{fs, os::unix::fs::PermissionsExt};

use russh::keys::{Algorithm, PrivateKey, key::safe_rng, ssh_key::LineEnding};

use super::*;
use crate::{
    prompt::{Nobody, Prompt},
    secret::Secret,
};

/// A folder for key files.
struct Keys(tempfile::TempDir);

impl Keys {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn clear(&self, name: &str, key: &PrivateKey) -> PathBuf {
        self.file(name, &key.to_openssh(LineEnding::LF).unwrap(), 0o600)
    }

    fn locked(&self, name: &str, key: &PrivateKey) -> PathBuf {
        let locked = key.encrypt(&mut safe_rng(), "sesame").unwrap();
        self.clear(name, &locked)
    }
}

fn key() -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap()
}

fn in_agent(key: &PrivateKey, comment: &str) -> AgentKey {
    AgentKey { public: key.public_key().clone(), comment: comment.to_owned() }
}

/// Answers with one word, and counts how often it was asked.
struct Answering(&'static str, std::sync::atomic::AtomicUsize);

impl Prompt for Answering {
    fn secret(&self, _question: &str) -> Option<Secret> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Some(Secret::new(self.0))
    }

    fn confirm(&self, question: &str) -> Option<bool> {
        panic!("nobody should be asked {question}")
    }
}

fn names(candidates: &Candidates) -> Vec<String> {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let names = candidates.keys.iter().map(|candidate| match candidate {
        Candidate::File(file) => name(file.path()),
        Candidate::Agent(key, Some(path)) => format!("{} by {}", key.comment, name(path)),
        Candidate::Agent(key, None) => key.comment.clone(),
    });
    names.collect()
}

#[test]
fn what_is_wrong_with_a_key_file_is_told_apart() {
    let keys = Keys::new();
    let good = key();
    let open = keys.file("open", &good.to_openssh(LineEnding::LF).unwrap(), 0o644);
    let public = keys.file("id.pub", &good.public_key().to_openssh().unwrap(), 0o644);
    let noise = keys.file("noise", "hello", 0o600);
    let missing = keys.0.path().join("missing");
    let error = |path: &Path| KeyFile::read(path).unwrap_err();
    assert!(matches!(error(&open), KeyError::TooOpen { mode: 0o644, .. }));
    assert!(matches!(error(&public), KeyError::IsPublic { .. }));
    assert!(matches!(error(&noise), KeyError::NotAKey { .. }));
    assert!(matches!(error(&missing), KeyError::Missing { .. }));
    assert!(matches!(error(keys.0.path()), KeyError::Unreadable { .. }));
}

#[test]
fn a_passphrase_is_asked_for_once_per_key() {
    let keys = Keys::new();
    let locked = keys.locked("id", &key());
    let prompt = Answering("sesame", 0.into());
    for _ in 0..3 {
        let file = KeyFile::read(&locked).unwrap();
        assert!(file.is_locked() && file.public().is_some());
        file.unlock(&prompt).unwrap();
    }
    assert_eq!(prompt.1.into_inner(), 1);
}

#[test]
fn a_wrong_passphrase_is_told_and_not_asked_for_again() {
    let keys = Keys::new();
    let file = KeyFile::read(&keys.locked("id", &key())).unwrap();
    let prompt = Answering("mellon", 0.into());
    for _ in 0..2 {
        assert!(matches!(file.unlock(&prompt), Err(KeyError::WrongPassphrase { .. })));
    }
    assert_eq!(prompt.1.into_inner(), 1);
}

#[test]
fn without_a_person_an_encrypted_key_is_an_error_of_its_own() {
    let keys = Keys::new();
    let file = KeyFile::read(&keys.locked("id", &key())).unwrap();
    assert!(matches!(file.unlock(&Nobody), Err(KeyError::NoPassphrase { .. })));
}

#[test]
fn a_key_that_was_asked_for_is_offered_alone() {
    let keys = Keys::new();
    let identities = Identities {
        explicit: Some(keys.clear("mine", &key())),
        configured: vec![keys.clear("configured", &key())],
        ..Identities::default()
    };
    let candidates = Candidates::collect(&identities, vec![in_agent(&key(), "a1")]).unwrap();
    assert_eq!(names(&candidates), ["mine"]);
}

#[test]
fn what_is_wrong_with_a_key_that_was_asked_for_is_an_error() {
    let identities = Identities { explicit: Some("/nonexistent/key".into()), ..Identities::default() };
    assert!(matches!(Candidates::collect(&identities, Vec::new()), Err(KeyError::Missing { .. })));
}

#[test]
fn configured_keys_come_before_the_agents_and_those_before_the_defaults() {
    let keys = Keys::new();
    let identities = Identities {
        configured: vec![keys.clear("configured", &key()), keys.0.path().join("missing")],
        defaults: vec![keys.clear("id_rsa", &key()), keys.0.path().join("id_none")],
        ..Identities::default()
    };
    let candidates = Candidates::collect(&identities, vec![in_agent(&key(), "a1")]).unwrap();
    assert_eq!(names(&candidates), ["configured", "a1", "id_rsa"]);
    assert_eq!(candidates.skipped.len(), 1, "{:?}", candidates.skipped);
}

#[test]
fn identities_only_keeps_the_agents_other_keys_out() {
    let keys = Keys::new();
    let (locked, of_public, other) = (key(), key(), key());
    let public = of_public.public_key().to_openssh().unwrap();
    let identities = Identities {
        configured: vec![keys.locked("locked", &locked), keys.file("only.pub", &public, 0o644)],
        only: true,
        ..Identities::default()
    };
    let held = vec![in_agent(&other, "other"), in_agent(&of_public, "second"), in_agent(&locked, "first")];
    let candidates = Candidates::collect(&identities, held).unwrap();
    assert_eq!(names(&candidates), ["first by locked", "second by only.pub"]);
}
