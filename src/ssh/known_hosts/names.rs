//! The names of a known_hosts line: patterns, or one name hidden behind a keyed hash.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::ssh::config::pattern;

/// Which hosts a line is about.
#[derive(Debug)]
pub(super) enum Names {
    /// Patterns, some negated.
    Patterns(Vec<String>),
    /// HMAC-SHA1 of the name (`|1|salt|hash`, ssh-keygen -H).
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

impl Names {
    /// Reads the field; `None` for a hash of a kind nobody knows.
    pub fn parse(field: &str) -> Option<Self> {
        let Some(hashed) = field.strip_prefix('|') else {
            return Some(Self::Patterns(field.split(',').map(str::to_lowercase).collect()));
        };
        let (salt, hash) = hashed.strip_prefix("1|")?.split_once('|')?;
        Some(Self::Hashed { salt: STANDARD.decode(salt).ok()?, hash: STANDARD.decode(hash).ok()? })
    }

    /// Whether a name is meant.
    pub fn fit(&self, name: &str) -> bool {
        match self {
            Self::Patterns(patterns) => pattern::list_matches(patterns.iter().map(String::as_str), name),
            Self::Hashed { salt, hash } => {
                let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
                hmac::verify(&key, name.as_bytes(), hash).is_ok()
            }
        }
    }
}
