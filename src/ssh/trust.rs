//! Whether a host key is accepted: pinned and demanded keys first, then known hosts, then the person at the terminal.

use std::{
    fmt,
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use russh::keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate};

use super::{
    SshError,
    ask::Person,
    certificate,
    config::Strict,
    known_hosts::{KnownHosts, Marker, name_of},
    target::Target,
};
use crate::machine::{Fingerprint, SshEndpoint};

/// Where another key stands than the one that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the store, pinned for the machine.
    Pinned,
    /// With the driver that made the host.
    Driver,
    /// On the command line.
    Demanded,
    /// In a known_hosts file.
    KnownHosts {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The name to give to `ssh-keygen -R`.
        name: String,
    },
}

/// The keys that were expected, and where the first of them stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where.
    pub place: Place,
    /// Which.
    pub keys: Vec<Fingerprint>,
}

impl fmt::Display for Known {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Pinned => write!(out, "pinned for this machine")?,
            Place::Driver => write!(out, "its driver's")?,
            Place::Demanded => write!(out, "demanded")?,
            Place::KnownHosts { file, line, .. } => {
                write!(out, "known from {} line {line}", file.display())?;
            }
        }
        let keys: Vec<_> = self.keys.iter().map(ToString::to_string).collect();
        write!(out, " ({})", keys.join(", "))
    }
}

/// What is known about a host beforehand.
pub(super) struct Trust {
    shown: String,
    /// The name without port, as certificates have it.
    name: String,
    /// The names in known_hosts: with the port, then without.
    names: Vec<String>,
    pinned: Vec<PublicKey>,
    from_driver: Vec<PublicKey>,
    demanded: Option<Fingerprint>,
    known: KnownHosts,
    strict: Strict,
    /// Whether any key will do that is neither revoked nor another one than was demanded: somebody else decides.
    takes_any: bool,
}

/// What a look at the key says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Unknown,
}

impl Trust {
    /// Collects what is known about a host.
    pub fn load(target: &Target, endpoint: &SshEndpoint, pinned: &[String]) -> Result<Self, SshError> {
        let with_port = name_of(&target.key_name, target.key_port);
        let mut names = vec![with_port, name_of(&target.key_name, 22)];
        names.dedup();
        Ok(Self {
            shown: target.shown.clone(),
            name: target.key_name.clone(),
            names,
            pinned: parse_keys(&target.shown, pinned)?,
            from_driver: parse_keys(&target.shown, &endpoint.host_keys)?,
            demanded: endpoint.fingerprint.clone(),
            known: KnownHosts::load(&target.known_hosts)?,
            strict: target.strict,
            takes_any: false,
        })
    }

    /// The same, but whatever key the host shows is taken, so that a person can look at it.
    pub fn look(target: &Target, endpoint: &SshEndpoint, pinned: &[String]) -> Result<Self, SshError> {
        Ok(Self { takes_any: true, ..Self::load(target, endpoint, pinned)? })
    }

    /// The key algorithms of which a key is known: the host is asked for these first, so that a known key of one kind does
    /// not clash with an unknown one of another.
    pub fn known_algorithms(&self) -> Vec<Algorithm> {
        let known = self.known.about(&self.names[0]).filter(|entry| entry.marker == Marker::Key);
        let known = known.map(|entry| &entry.key);
        let keys: Vec<_> = if self.is_fixed() {
            self.pinned.iter().chain(&self.from_driver).collect()
        } else {
            known.collect()
        };
        keys.into_iter().map(PublicKey::algorithm).collect()
    }

    /// Whether an authority is known that may vouch for the host.
    pub fn wants_certificates(&self) -> bool {
        !self.is_fixed() && self.demanded.is_none() && self.authorities().next().is_some()
    }

    fn is_fixed(&self) -> bool {
        !self.pinned.is_empty() || !self.from_driver.is_empty()
    }

    fn authorities(&self) -> impl Iterator<Item = &PublicKey> {
        let entries = self.known.about(&self.names[0]).chain(self.known.about(&self.name));
        entries.filter(|entry| entry.marker == Marker::Authority).map(|entry| &entry.key)
    }

    /// Decides about a key, asking the person if nobody knows it.
    pub fn decide(&self, shown: &PublicKeyOrCertificate, person: &Person<'_>) -> Result<(), SshError> {
        let key = shown.public_key();
        match self.judge(shown, &key, now())? {
            Verdict::Accepted => Ok(()),
            Verdict::Unknown => self.decide_unknown(&key, person),
        }
    }

    fn judge(&self, shown: &PublicKeyOrCertificate, key: &PublicKey, now: u64) -> Result<Verdict, SshError> {
        self.check_revoked(key)?;
        if let Some(demanded) = self.demanded.as_ref().filter(|demanded| **demanded != fingerprint(key)) {
            return Err(self.changed(key, Place::Demanded, vec![demanded.clone()]));
        }
        if self.is_fixed() && !self.takes_any {
            return self.judge_fixed(key);
        }
        if self.demanded.is_some() || self.takes_any {
            return Ok(Verdict::Accepted);
        }
        match shown.certificate() {
            Some(certificate) => {
                self.check_revoked(&PublicKey::new(certificate.signature_key().clone(), ""))?;
                self.judge_certificate(certificate, key, now)
            }
            None => self.judge_known(key),
        }
    }

    fn judge_fixed(&self, key: &PublicKey) -> Result<Verdict, SshError> {
        let mut fixed = self.pinned.iter().chain(&self.from_driver);
        if fixed.any(|fixed| fixed.key_data() == key.key_data()) {
            return Ok(Verdict::Accepted);
        }
        let (place, keys) = if self.pinned.is_empty() {
            (Place::Driver, &self.from_driver)
        } else {
            (Place::Pinned, &self.pinned)
        };
        Err(self.changed(key, place, keys.iter().map(fingerprint).collect()))
    }

    fn judge_certificate(
        &self,
        certificate: &russh::keys::Certificate,
        key: &PublicKey,
        now: u64,
    ) -> Result<Verdict, SshError> {
        let signer = certificate.signature_key();
        let Some(authority) = self.authorities().find(|authority| authority.key_data() == signer) else {
            // Signed by somebody we do not know: then it is worth as much as the bare key in it.
            return self.judge_known(key);
        };
        certificate::check(certificate, authority, &self.name, now)
            .map(|()| Verdict::Accepted)
            .map_err(|reason| SshError::HostCertificate { host: self.shown.clone(), reason })
    }

    fn judge_known(&self, key: &PublicKey) -> Result<Verdict, SshError> {
        let here: Vec<_> =
            self.known.about(&self.names[0]).filter(|entry| entry.marker == Marker::Key).collect();
        if here.iter().any(|entry| entry.holds(key)) {
            return Ok(Verdict::Accepted);
        }
        if let Some(first) = here.first() {
            let place =
                Place::KnownHosts { file: first.file.clone(), line: first.line, name: self.names[0].clone() };
            return Err(self.changed(key, place, here.iter().map(|entry| fingerprint(&entry.key)).collect()));
        }
        // As OpenSSH does: a key that is known without a port is good for every port, but another one there says nothing.
        let mut elsewhere = self.names[1..].iter().flat_map(|name| self.known.about(name));
        if elsewhere.any(|entry| entry.marker == Marker::Key && entry.holds(key)) {
            return Ok(Verdict::Accepted);
        }
        Ok(Verdict::Unknown)
    }

    fn check_revoked(&self, key: &PublicKey) -> Result<(), SshError> {
        let mut about = self.names.iter().flat_map(|name| self.known.about(name));
        match about.find(|entry| entry.marker == Marker::Revoked && entry.holds(key)) {
            None => Ok(()),
            Some(entry) => Err(SshError::HostKeyRevoked {
                host: self.shown.clone(),
                seen: fingerprint(key),
                file: entry.file.clone(),
                line: entry.line,
            }),
        }
    }

    fn decide_unknown(&self, key: &PublicKey, person: &Person<'_>) -> Result<(), SshError> {
        let seen = fingerprint(key);
        let refused = || SshError::HostKeyUnknown { host: self.shown.clone(), seen: seen.clone() };
        let answer = match self.strict {
            Strict::Yes => return Err(refused()),
            Strict::AcceptNew => None,
            Strict::Ask => {
                let question = format!(
                    "The host key of {} is not known. Its {} fingerprint is {seen}. Is that the right one?",
                    self.shown,
                    key.algorithm()
                );
                person.confirm(&question)
            }
        };
        match answer {
            Some(true) => Ok(()),
            Some(false) => Err(refused()),
            None => {
                person.note(&format!(
                    "the host key of {} was not known and was accepted unseen: {} {seen}",
                    self.shown,
                    key.algorithm()
                ));
                Ok(())
            }
        }
    }

    fn changed(&self, key: &PublicKey, place: Place, keys: Vec<Fingerprint>) -> SshError {
        SshError::HostKeyChanged {
            host: self.shown.clone(),
            kind: key.algorithm().to_string(),
            seen: fingerprint(key),
            known: Box::new(Known { place, keys }),
        }
    }
}

/// A key's fingerprint in OpenSSH's form.
pub(super) fn fingerprint(key: &PublicKey) -> Fingerprint {
    let text = key.fingerprint(HashAlg::Sha256).to_string();
    text.parse().expect("SHA-256 fingerprints have one form")
}

fn parse_keys(host: &str, keys: &[String]) -> Result<Vec<PublicKey>, SshError> {
    let parse = |text: &String| {
        PublicKey::from_openssh(text)
            .map_err(|_| SshError::BadHostKey { host: host.to_owned(), text: text.clone() })
    };
    keys.iter().map(parse).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
