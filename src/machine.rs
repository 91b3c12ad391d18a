//! The words of the domain as types: parsed once at the border, trusted afterwards.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The name of a machine: a host name, and also the name of its folder in the store.
///
/// The form is docker-machine's, `^[a-zA-Z0-9][a-zA-Z0-9\-.]*$`, so that its stores can be read; on top of it a name
/// may not end in a dot, hold an empty label, or be longer than a host name can be. `.`, `..`, the empty name and anything with a
/// slash therefore never reach the file system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MachineName(String);

/// Longest host name in bytes (RFC 1035, section 2.3.4, as text).
const LONGEST_NAME: usize = 253;
/// Longest label of a host name in bytes (RFC 1035, section 2.3.4).
const LONGEST_LABEL: usize = 63;

/// Why a text is no machine name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is not a machine name: {reason}")]
pub struct NameError {
    /// What was given.
    pub name: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl MachineName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MachineName {
    type Err = NameError;

    fn from_str(name: &str) -> Result<Self, NameError> {
        let wrong = |reason| Err(NameError { name: name.to_owned(), reason });
        if name.is_empty() {
            return wrong("it is empty");
        }
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return wrong("it must begin with a letter or a digit");
        }
        if let Some(_bad) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))) {
            return wrong("only the characters 0-9 a-z A-Z . - are allowed");
        }
        if name.len() > LONGEST_NAME {
            return wrong("it is longer than 253 characters");
        }
        if name.split('.').any(str::is_empty) {
            return wrong("it has an empty part between or after dots");
        }
        if name.split('.').any(|label| label.len() > LONGEST_LABEL) {
            return wrong("a part of it is longer than 63 characters");
        }
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for MachineName {
    type Error = NameError;

    fn try_from(name: String) -> Result<Self, NameError> {
        name.parse()
    }
}

impl From<MachineName> for String {
    fn from(name: MachineName) -> Self {
        name.0
    }
}

impl fmt::Display for MachineName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl AsRef<str> for MachineName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// What a host is doing, in docker-machine's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// The driver cannot know.
    None,
    /// Up.
    Running,
    /// Suspended in memory.
    Paused,
    /// Suspended to disk.
    Saved,
    /// Down, and can be started.
    Stopped,
    /// Going down.
    Stopping,
    /// Coming up.
    Starting,
    /// Neither of these, and nothing will change by waiting.
    Error,
    /// The question was not answered in time.
    Timeout,
    /// The driver knows no such host any more.
    NotFound,
}

impl State {
    /// Whether waiting changes nothing any more.
    pub fn is_final(self) -> bool {
        match self {
            Self::Starting | Self::Stopping => false,
            Self::None
            | Self::Running
            | Self::Paused
            | Self::Saved
            | Self::Stopped
            | Self::Error
            | Self::Timeout
            | Self::NotFound => true,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::None => "",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Saved => "Saved",
            Self::Stopped => "Stopped",
            Self::Stopping => "Stopping",
            Self::Starting => "Starting",
            Self::Error => "Error",
            Self::Timeout => "Timeout",
            Self::NotFound => "Not Found",
        })
    }
}

/// The version of an engine, such as 20.10.24 (`+dfsg1` and the like after it are kept apart).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EngineVersion {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number, 0 where it is not given.
    pub patch: u32,
    /// What the builder appended, such as `+dfsg1` or `-ce`; may be empty.
    pub suffix: String,
}

/// A text that is no engine version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an engine version such as 26.1.5")]
pub struct VersionError(pub String);

impl FromStr for EngineVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let wrong = || VersionError(text.to_owned());
        let plain = text.trim().trim_start_matches('v');
        let end = plain.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(plain.len());
        let (numbers, suffix) = plain.split_at(end);
        let mut parts = numbers.trim_end_matches('.').split('.').map(str::parse::<u32>);
        let major = parts.next().ok_or_else(wrong)?.map_err(|_| wrong())?;
        let minor = parts.next().transpose().map_err(|_| wrong())?.unwrap_or(0);
        let patch = parts.next().transpose().map_err(|_| wrong())?.unwrap_or(0);
        Ok(Self { major, minor, patch, suffix: suffix.to_owned() })
    }
}

impl TryFrom<String> for EngineVersion {
    type Error = VersionError;

    fn try_from(text: String) -> Result<Self, VersionError> {
        text.parse()
    }
}

impl From<EngineVersion> for String {
    fn from(version: EngineVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for EngineVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}{}", self.major, self.minor, self.patch, self.suffix)
    }
}

impl EngineVersion {
    /// Whether this is at least `major.minor`.
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

/// A host key's fingerprint in OpenSSH's form, `SHA256:` and 43 characters of unpadded base64.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

/// A text that is no fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a fingerprint: it must be SHA256: and 43 characters, as `ssh-keygen -lf FILE` prints it"
)]
pub struct FingerprintError(pub String);

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let wrong = || FingerprintError(text.to_owned());
        let body = text.strip_prefix("SHA256:").ok_or_else(wrong)?.trim_end_matches('=');
        let is_base64 = body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
        if body.len() != 43 || !is_base64 {
            return Err(wrong());
        }
        Ok(Self(format!("SHA256:{body}")))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, FingerprintError> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Where SSH answers on a host, and who we are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshEndpoint {
    /// Name or address, as the user or the driver gave it (an ssh_config alias is allowed).
    pub host: String,
    /// Port; `None` lets the user's ssh_config decide, else 22.
    pub port: Option<u16>,
    /// Login name; `None` lets the user's ssh_config decide, else root.
    pub user: Option<String>,
    /// Private key file; without one the user's ssh_config, the agent and the default identities are tried.
    pub identity: Option<std::path::PathBuf>,
    /// Public host keys the driver made or fetched itself, in `authorized_keys` form (`ssh-ed25519 AAAA...`): where
    /// there is one, nothing else is accepted.
    pub host_keys: Vec<String>,
    /// The fingerprint the user demands.
    pub fingerprint: Option<Fingerprint>,
    /// Whether the user's ssh_config, agent and known hosts take part (adopted hosts), or only what
    /// stands here (hosts a driver made).
    pub use_ssh_config: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_docker_machine_took_are_taken() {
        for name in ["a", "0", "n1", "my-host.example.org", "N1"] {
            assert_eq!(name.parse::<MachineName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_could_leave_the_store_are_refused() {
        for name in ["", ".", "..", "../n1", "a/b", "-n1", "a..b", "a.", "n 1", "ä", "n1\n"] {
            assert!(name.parse::<MachineName>().is_err(), "{name:?}");
        }
        assert!("a".repeat(64).parse::<MachineName>().is_err());
        assert!(format!("{}a", "a.".repeat(130)).parse::<MachineName>().is_err());
    }

    #[test]
    fn every_state_has_docker_machines_word() {
        let recorded = include_str!("../tests/fixtures/docker-machine/states.txt");
        let known = [
            State::Running,
            State::Paused,
            State::Saved,
            State::Stopped,
            State::Stopping,
            State::Starting,
            State::Error,
            State::Timeout,
            State::None,
        ];
        assert_eq!(known.map(|state| format!("{state}\n")).concat(), recorded);
    }

    #[test]
    fn versions_of_every_builder_are_read() {
        let debian: EngineVersion = "20.10.24+dfsg1".parse().unwrap();
        assert_eq!(
            (debian.major, debian.minor, debian.patch, debian.suffix.as_str()),
            (20, 10, 24, "+dfsg1")
        );
        assert!(debian.is_at_least(20, 10) && !debian.is_at_least(23, 0));
        assert_eq!("18.06.1-ce".parse::<EngineVersion>().unwrap().to_string(), "18.6.1-ce");
        assert!("dev".parse::<EngineVersion>().is_err());
    }

    #[test]
    fn a_fingerprint_has_one_form() {
        let text = "SHA256:uNiVztksCsDhcc0u9e8BrNHQ6UnnXY4nNkNpSg1dFyI";
        assert_eq!(text.parse::<Fingerprint>().unwrap().to_string(), text);
        for wrong in ["", "MD5:aa", "SHA256:short", "uNiVztksCsDhcc0u9e8BrNHQ6UnnXY4nNkNpSg1dFyI"] {
            assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
        }
    }
}
