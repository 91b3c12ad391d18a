//! One live connection to one host, as the rooms above SSH see it: scripts in, lines out.
//!
//! No shell text is ever assembled from values. A [`Script`] is a file of `templates/`; what it works on travels beside it
//! as a [`Document`], a length-framed list of named byte strings on the script's stdin:
//!
//! ```text
//! NAME LENGTH\n
//! LENGTH bytes\n
//! ...
//! . 0\n
//! ```
//!
//! A script that takes a document prints the line [`READY`] when it is about to read it; not a byte of the document is sent
//! before that line is seen, because the shell that reads the script from the same stdin may read ahead.

use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;

/// The line a script prints when it is about to read its document.
pub const READY: &str = "@rmachine ready";

/// A script of `templates/`, run by the host's `/bin/sh` as root.
#[derive(Clone, Copy, Debug)]
pub struct Script {
    /// Its file name, for messages.
    pub name: &'static str,
    /// Its text: functions, and a last line that calls the main one.
    pub text: &'static str,
}

/// Named byte strings for a script, in order.
#[derive(Clone, Default)]
pub struct Document(Vec<(String, Bytes)>);

/// Entries from this size on go over the wire as they lie in memory, shared with other documents; smaller ones are joined.
const LARGE: usize = 64 * 1024;

impl Document {
    /// An empty one, which is not sent at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry.
    ///
    /// # Panics
    /// When the name holds anything but letters, digits and `._/-`: names are ours, never a user's.
    #[must_use]
    pub fn with(self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.with_shared(name, Bytes::from(value.into()))
    }

    /// Adds an entry whose bytes are not copied.
    ///
    /// # Panics
    /// As [`Document::with`].
    #[must_use]
    pub fn with_shared(mut self, name: &str, value: Bytes) -> Self {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b'-');
        assert!(
            !name.is_empty() && name != "." && name.bytes().all(is_plain),
            "document entry named {name:?}"
        );
        self.0.push((name.to_owned(), value));
        self
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), &value[..]))
    }

    /// The bytes as they go over the wire, in parts.
    pub fn to_wire(&self) -> Vec<Bytes> {
        let mut parts = Vec::new();
        let mut small = Vec::new();
        for (name, value) in &self.0 {
            small.extend_from_slice(format!("{name} {}\n", value.len()).as_bytes());
            if value.len() < LARGE {
                small.extend_from_slice(value);
            } else {
                parts.push(Bytes::from(std::mem::take(&mut small)));
                parts.push(value.clone());
            }
            small.push(b'\n');
        }
        small.extend_from_slice(b". 0\n");
        parts.push(Bytes::from(small));
        parts
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Only names and sizes: values may be keys.
        out.debug_map().entries(self.0.iter().map(|(name, value)| (name, value.len()))).finish()
    }
}

/// A line of a script's output, without its line end; bytes that are no UTF-8 are replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// From standard output.
    Out(String),
    /// From standard error.
    Err(String),
}

/// How a remote command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With a status.
    Status(u32),
    /// By a signal, named without SIG.
    Signal(String),
}

impl Exit {
    /// Whether it ended with status 0.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Status(0))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(out, "exit status {status}"),
            Self::Signal(signal) => write!(out, "signal {signal}"),
        }
    }
}

/// Why a script could not be run, or its end not be seen.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The connection ended before the script did.
    #[error("lost the connection to {host} while {script} was running")]
    Lost {
        /// The host.
        host: String,
        /// The script's name.
        script: &'static str,
        /// What the transport said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The deadline passed.
    #[error("{script} on {host} took too long")]
    TimedOut {
        /// The host.
        host: String,
        /// The script's name.
        script: &'static str,
        /// What was being waited for.
        #[source]
        source: crate::retry::TimedOut,
    },
    /// The login shell ran none of the script: an account without a shell, or a server that runs something of its own.
    #[error("the login of {user} on {host} gives no shell that runs {SH}{}", spoken(said))]
    NoShell {
        /// The host.
        host: String,
        /// The login user.
        user: String,
        /// What was said instead; may be empty.
        said: String,
    },
    /// Root could not be reached.
    #[error("cannot become root on {host} as {user}: {reason}")]
    NotRoot {
        /// The host.
        host: String,
        /// The login user.
        user: String,
        /// Which way failed and how.
        reason: NotRoot,
    },
}

/// The shell that runs scripts.
const SH: &str = "/bin/sh";

fn spoken(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("; it said {said:?}") }
}

/// Why root could not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotRoot {
    /// There is no sudo on the host.
    #[error("sudo is not installed there")]
    NoSudo,
    /// The user may not use sudo.
    #[error("the user may not run sudo: {0}")]
    NotAllowed(String),
    /// sudo wants a password and there is none to give.
    #[error("sudo wants a password, and there is no terminal to ask for it")]
    NoPassword,
    /// sudo refused the password.
    #[error("sudo refused the password")]
    WrongPassword,
    /// Anything else sudo said.
    #[error("{0}")]
    Other(String),
}

/// One live connection to one host, whose scripts run as root.
pub trait Remote: Send + Sync {
    /// The host, for messages.
    fn host(&self) -> &str;

    /// Says which script will probably be run after the next one, so that a connection may send it beforehand. It must do
    /// nothing before it has read of its document.
    fn foresee(&self, _script: Script) {}

    /// Runs a script as root, sends its document once it is [`READY`], and hands every line on as it comes
    /// (the ready line itself is not handed on). Ends when the script has ended.
    fn run<'a>(
        &'a self,
        script: Script,
        document: &'a Document,
        deadline: crate::retry::Deadline,
        on_line: &'a mut (dyn FnMut(Line) + Send),
    ) -> BoxFuture<'a, Result<Exit, RemoteError>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_framed_by_length_so_values_may_hold_anything() {
        let document = Document::new().with("a", "x\ny").with("dir/b", Vec::new());
        assert_eq!(document.to_wire().concat(), b"a 3\nx\ny\ndir/b 0\n\n. 0\n");
    }

    #[test]
    fn what_is_large_is_sent_from_where_it_lies() {
        let large = Bytes::from(vec![b'x'; LARGE]);
        let wire = Document::new().with("a", "1").with_shared("b", large.clone()).to_wire();
        assert!(wire.iter().any(|part| part.as_ptr() == large.as_ptr()), "it was copied");
        assert!(wire.concat().ends_with(b"x\n. 0\n"));
    }

    #[test]
    fn debug_output_of_a_document_never_holds_values() {
        let shown = format!("{:?}", Document::new().with("key", "hunter2"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
