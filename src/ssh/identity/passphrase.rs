//! Passphrases: asked once per key and process, however many connections use the key and however often they are tried.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use russh::keys::{PrivateKey, decode_secret_key};

use super::KeyError;
use crate::{prompt::Prompt, secret::Secret, ssh::ask::ask};

/// What came of asking for a key's passphrase.
#[derive(Clone)]
enum Answer {
    Unlocked(Arc<PrivateKey>),
    Wrong,
    Unsupported(String),
}

/// Locked while a person is asked, so that parallel connections wait for the one answer.
static ANSWERS: LazyLock<Mutex<HashMap<PathBuf, Answer>>> = LazyLock::new(Mutex::default);

/// Asks for the passphrase of a key, or uses what was answered before.
pub(super) fn unlock(path: &Path, text: &Secret, prompt: &dyn Prompt) -> Result<Arc<PrivateKey>, KeyError> {
    let answer = ask(|| {
        let mut answers = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.get(path) {
            return Some(answer.clone());
        }
        let passphrase = prompt.secret(&format!("Passphrase of {}: ", path.display()))?;
        let answer = decrypt(text, &passphrase);
        answers.insert(path.to_owned(), answer.clone());
        Some(answer)
    });
    match answer {
        Some(Answer::Unlocked(key)) => Ok(key),
        Some(Answer::Wrong) => Err(KeyError::WrongPassphrase { path: path.to_owned() }),
        Some(Answer::Unsupported(reason)) => Err(KeyError::NotAKey { path: path.to_owned(), reason }),
        None => Err(KeyError::NoPassphrase { path: path.to_owned() }),
    }
}

fn decrypt(text: &Secret, passphrase: &Secret) -> Answer {
    if let Some(reason) = unsupported(text.expose()) {
        return Answer::Unsupported(reason);
    }
    match decode_secret_key(text.expose(), Some(passphrase.expose())) {
        Ok(key) => Answer::Unlocked(Arc::new(key)),
        // Under a wrong passphrase the contents are noise, which fails in many ways.
        Err(_) => Answer::Wrong,
    }
}

/// Of the old PEM encryption only what OpenSSH itself wrote for RSA keys can be read.
fn unsupported(text: &str) -> Option<String> {
    let cipher = text.lines().find_map(|line| line.strip_prefix("DEK-Info: "))?;
    let readable = cipher.starts_with("AES-128-CBC") && text.contains("BEGIN RSA PRIVATE KEY");
    let name = cipher.split(',').next().unwrap_or(cipher);
    (!readable).then(|| format!("its encryption is an old form of PEM ({name}); `ssh-keygen -p` rewrites it"))
}
