//! Why there is no SSH connection: one variant for each step at which it can end, so that every message says which.

use std::{io, path::PathBuf};

use crate::{
    machine::Fingerprint,
    retry::TimedOut,
    ssh::{config::ConfigError, identity::KeyError, known_hosts::KnownHostsError, trust::Known},
};

/// Why there is no connection, or why it could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    /// The user's ssh_config cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A known_hosts file cannot be read.
    #[error(transparent)]
    KnownHosts(#[from] KnownHostsError),
    /// A private key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The name is not known to the resolver.
    #[error("cannot find the address of {host}")]
    NameNotResolved {
        /// The host.
        host: String,
        /// What the resolver said.
        #[source]
        source: io::Error,
    },
    /// Nobody listens there.
    #[error("{host} port {port} refused the connection")]
    Refused {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// No packet finds its way there.
    #[error("there is no route to {host}")]
    NoRoute {
        /// The host.
        host: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No answer to the connection attempt.
    #[error("{host} port {port} does not answer")]
    ConnectTimedOut {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// Another failure of the network.
    #[error("cannot connect to {host} port {port}")]
    Network {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The `ProxyCommand` of ssh_config did not start.
    #[error("the ProxyCommand for {host} did not start: {command}")]
    ProxyCommand {
        /// The host.
        host: String,
        /// The command.
        command: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A value would become part of a command and holds characters that something there would act on.
    #[error("{value:?} cannot be given to a ProxyCommand or to ssh")]
    UnsafeValue {
        /// The value.
        value: String,
    },
    /// A jump host could not be passed.
    #[error("cannot go through the jump host {hop}")]
    Jump {
        /// The jump host.
        hop: String,
        /// What was wrong with it.
        #[source]
        source: Box<SshError>,
    },
    /// Jump hosts lead through each other in a circle.
    #[error("the jump hosts of {host} lead back to themselves")]
    JumpLoop {
        /// The host.
        host: String,
    },
    /// The connection stands and nothing is said on it.
    #[error("{host} accepts connections but says nothing: it may not be an SSH server, or it is overloaded")]
    Silent {
        /// The host.
        host: String,
    },
    /// The connection was closed before the server said anything.
    #[error("{host} closed the connection without a word")]
    ClosedAtOnce {
        /// The host.
        host: String,
    },
    /// What answers speaks something else.
    #[error("what answers on {host} is not an SSH server: it said {said:?}")]
    NotSsh {
        /// The host.
        host: String,
        /// The first bytes, made readable.
        said: String,
    },
    /// The server is busy or has had enough of us for the moment.
    #[error("{host} takes no logins at the moment: it said {said:?}")]
    NotNow {
        /// The host.
        host: String,
        /// What it said.
        said: String,
    },
    /// Client and server share no algorithm.
    #[error("no {kind} algorithm in common with {host}, which offers {}", theirs.join(", "))]
    NoCommonAlgorithm {
        /// The host.
        host: String,
        /// For what: key exchange, host key, cipher, MAC, compression.
        kind: &'static str,
        /// What we know.
        ours: Vec<String>,
        /// What the server offers.
        theirs: Vec<String>,
    },
    /// The key exchange broke off.
    #[error("the key exchange with {host} failed{}", said.as_deref().map(|said| format!(": it said {said:?}")).unwrap_or_default())]
    Handshake {
        /// The host.
        host: String,
        /// What the server said in parting.
        said: Option<String>,
        /// What was wrong.
        #[source]
        source: Box<russh::Error>,
    },
    /// A key that was pinned or made for the host cannot be read.
    #[error("the host key stored for {host} is not a public key: {text:?}")]
    BadHostKey {
        /// The host.
        host: String,
        /// What is stored.
        text: String,
    },
    /// The host key is not the one that was pinned, demanded or known.
    #[error("the host key of {host} is {seen} ({kind}), not the one that is {known}")]
    HostKeyChanged {
        /// The host.
        host: String,
        /// The kind of key it showed, such as `ssh-ed25519`.
        kind: String,
        /// What it showed.
        seen: Fingerprint,
        /// Which other one was expected, and where that stands.
        known: Box<Known>,
    },
    /// Nobody knows the host key, and it was not accepted.
    #[error("the host key of {host}, {seen}, is not known and was not accepted")]
    HostKeyUnknown {
        /// The host.
        host: String,
        /// What it showed.
        seen: Fingerprint,
    },
    /// The host key, or the authority that signed it, was revoked.
    #[error("the host key of {host}, {seen}, is revoked in {file} line {line}", file = file.display())]
    HostKeyRevoked {
        /// The host.
        host: String,
        /// The revoked key.
        seen: Fingerprint,
        /// The known_hosts file.
        file: PathBuf,
        /// The line of it.
        line: usize,
    },
    /// The host showed a certificate that does not hold.
    #[error("the host certificate of {host} does not hold: {reason}")]
    HostCertificate {
        /// The host.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server refused every way to log in.
    #[error("{host} refused the login of {user}: {}", told(tried, methods, said.as_deref()))]
    KeysRefused {
        /// The host.
        host: String,
        /// The login name.
        user: String,
        /// What was tried, in order.
        tried: Vec<String>,
        /// What the server would take.
        methods: Vec<String>,
        /// What the server said in parting.
        said: Option<String>,
    },
    /// The connection ended while logging in or later.
    #[error("lost the connection to {host}: {reason}")]
    Lost {
        /// The host.
        host: String,
        /// What the transport or the server said.
        reason: String,
    },
    /// The server lets the connection have no (further) session.
    #[error("{host} refused another session: {reason}")]
    NoSession {
        /// The host.
        host: String,
        /// What it said.
        reason: String,
    },
    /// The server would not do what was asked on a connection that stands.
    #[error("{host} refused {what}: {reason}")]
    Denied {
        /// The host.
        host: String,
        /// What was asked.
        what: String,
        /// What it said.
        reason: String,
    },
    /// The deadline passed.
    #[error("{host} could not be logged in to in time")]
    GaveUp {
        /// The host.
        host: String,
        /// What was being waited for.
        #[source]
        source: TimedOut,
        /// How the last try ended; the line above says it, too.
        last: Option<Box<SshError>>,
    },
    /// The local terminal or the local streams failed.
    #[error("cannot use the local terminal or streams")]
    Local(#[source] io::Error),
}

impl SshError {
    /// Whether a host that is still coming up gives this error, so that another try may work.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused { .. }
            | Self::NoRoute { .. }
            | Self::ConnectTimedOut { .. }
            | Self::Network { .. }
            | Self::Silent { .. }
            | Self::ClosedAtOnce { .. }
            | Self::NotNow { .. }
            | Self::Handshake { .. }
            | Self::Lost { .. } => true,
            Self::Jump { source, .. } => source.is_passing(),
            Self::Config(_)
            | Self::KnownHosts(_)
            | Self::Key(_)
            | Self::NameNotResolved { .. }
            | Self::ProxyCommand { .. }
            | Self::UnsafeValue { .. }
            | Self::JumpLoop { .. }
            | Self::NotSsh { .. }
            | Self::NoCommonAlgorithm { .. }
            | Self::BadHostKey { .. }
            | Self::HostKeyChanged { .. }
            | Self::HostKeyUnknown { .. }
            | Self::HostKeyRevoked { .. }
            | Self::HostCertificate { .. }
            | Self::KeysRefused { .. }
            | Self::NoSession { .. }
            | Self::Denied { .. }
            | Self::GaveUp { .. }
            | Self::Local(_) => false,
        }
    }

    /// Whether nothing was heard from a server yet, so that trying again soon costs it nothing.
    pub fn is_before_server(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::NoRoute { .. } | Self::ConnectTimedOut { .. })
    }

    /// The error with its causes, in one line.
    pub fn in_one_line(&self) -> String {
        crate::error::in_one_line(self)
    }
}

fn told(tried: &[String], methods: &[String], said: Option<&str>) -> String {
    let mut parts = vec![match tried {
        [] => "there was no key to offer".to_owned(),
        tried => format!("tried {}", tried.join(", ")),
    }];
    if !methods.is_empty() {
        parts.push(format!("it would take {}", methods.join(", ")));
    }
    parts.extend(said.map(|said| format!("it said {said:?}")));
    parts.join("; ")
}

/// Bytes of a stranger made readable: at most this many of them are shown.
const SHOWN: usize = 120;

/// Makes the first bytes of what a stranger sent readable: control characters and high bytes are escaped.
pub(super) fn readable(bytes: &[u8]) -> String {
    let text = bytes[..bytes.len().min(SHOWN)].trim_ascii_end();
    text.escape_ascii().to_string().replace("\\'", "'").replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_says_is_shown_without_control_characters() {
        assert_eq!(readable(b"HTTP/1.1 400 Bad\r\n"), "HTTP/1.1 400 Bad");
        assert_eq!(readable(b"\x1b[2Jboo\xff"), "\\x1b[2Jboo\\xff");
        assert!(readable(&[b'a'; 4000]).len() <= SHOWN);
    }

    #[test]
    fn a_refused_login_names_what_was_tried_and_what_would_do() {
        let error = SshError::KeysRefused {
            host: "n1".into(),
            user: "root".into(),
            tried: vec!["/k (ssh-ed25519)".into()],
            methods: vec!["publickey".into(), "password".into()],
            said: None,
        };
        assert_eq!(
            error.to_string(),
            "n1 refused the login of root: tried /k (ssh-ed25519); it would take publickey, password"
        );
    }
}
