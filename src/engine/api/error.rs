//! Why an engine did not answer, at which link of the chain: the wire, the server's certificate, ours, HTTP, the engine.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::{retry::TimedOut, tls::TlsError};

/// Why the engine did not answer, at which link of the chain.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The host is up and nothing listens there.
    #[error("{at} refuses connections")]
    Refused {
        /// Address and port.
        at: String,
    },
    /// Nothing came back: a firewall, or no such host.
    #[error("no answer from {at}")]
    Unanswered {
        /// Address and port.
        at: String,
        /// How long it was waited for.
        #[source]
        source: TimedOut,
    },
    /// There is no way there from here.
    #[error("there is no route to {at}")]
    NoRoute {
        /// Address and port.
        at: String,
    },
    /// The name is not known.
    #[error("{host} has no address: {reason}")]
    UnknownHost {
        /// The name.
        host: String,
        /// What the resolver said.
        reason: String,
    },
    /// Any other reason why there is no connection.
    #[error("cannot connect to {at}: {reason}")]
    Connect {
        /// Address and port, or the socket.
        at: String,
        /// Why.
        reason: String,
    },
    /// Our certificates cannot be used.
    #[error("the client's certificates cannot be used")]
    Certificates(#[from] TlsError),
    /// Something answers there that speaks no TLS.
    #[error("{at} does not speak TLS")]
    NotTls {
        /// Address and port.
        at: String,
    },
    /// The server's certificate is of another CA.
    #[error("the certificate of {at} is not signed by this machine's CA")]
    ServerUnknown {
        /// Address and port.
        at: String,
    },
    /// The server's certificate is too old.
    #[error("the certificate of {at} has expired")]
    ServerExpired {
        /// Address and port.
        at: String,
    },
    /// The server's certificate is for the future; usually a clock is wrong.
    #[error("the certificate of {at} is not valid yet: a clock is wrong, here or there")]
    ServerNotYetValid {
        /// Address and port.
        at: String,
    },
    /// The server's certificate is for other names.
    #[error("the certificate of {at} is for {names}, not for {wanted}", names = list(.names))]
    ServerWrongName {
        /// Address and port.
        at: String,
        /// What we asked for.
        wanted: String,
        /// What it is for.
        names: Vec<String>,
    },
    /// Anything else about the server's side of TLS.
    #[error("no secure connection to {at}: {reason}")]
    Tls {
        /// Address and port.
        at: String,
        /// What rustls said.
        reason: String,
    },
    /// The server does not want our certificate. With TLS 1.3 it says so only after the handshake.
    #[error("{at} refuses this client's certificate ({reason})")]
    ClientRefused {
        /// Address and port.
        at: String,
        /// The alert.
        reason: String,
    },
    /// The connection ended without an answer.
    #[error("{at} closed the connection without an answer: {reason}")]
    Dropped {
        /// Address and port.
        at: String,
        /// How.
        reason: String,
    },
    /// The engine said no.
    #[error("the engine at {at} answered {status} to {request}: {message}")]
    Status {
        /// Method and path.
        request: String,
        /// Address and port.
        at: String,
        /// HTTP's status.
        status: u16,
        /// The engine's own words.
        message: String,
    },
    /// What answers is no engine.
    #[error("what answers at {at} is no Docker engine: {reason}")]
    NotAnEngine {
        /// Address and port.
        at: String,
        /// What it did.
        reason: String,
    },
    /// The deadline passed.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
}

impl ApiError {
    /// The engine's address, where the error is about one.
    pub fn at(&self) -> Option<&str> {
        match self {
            Self::Refused { at }
            | Self::Unanswered { at, .. }
            | Self::NoRoute { at }
            | Self::Connect { at, .. }
            | Self::NotTls { at }
            | Self::ServerUnknown { at }
            | Self::ServerExpired { at }
            | Self::ServerNotYetValid { at }
            | Self::ServerWrongName { at, .. }
            | Self::Tls { at, .. }
            | Self::ClientRefused { at, .. }
            | Self::Dropped { at, .. }
            | Self::Status { at, .. }
            | Self::NotAnEngine { at, .. } => Some(at),
            Self::UnknownHost { host, .. } => Some(host),
            Self::Certificates(_) | Self::TimedOut(_) => None,
        }
    }

    /// Whether an engine that is starting behaves like this, so that waiting may cure it.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused { .. }
            | Self::Unanswered { .. }
            | Self::NoRoute { .. }
            | Self::Connect { .. }
            | Self::Dropped { .. } => true,
            Self::Status { status, .. } => *status >= 500,
            Self::UnknownHost { .. }
            | Self::Certificates(_)
            | Self::NotTls { .. }
            | Self::ServerUnknown { .. }
            | Self::ServerExpired { .. }
            | Self::ServerNotYetValid { .. }
            | Self::ServerWrongName { .. }
            | Self::Tls { .. }
            | Self::ClientRefused { .. }
            | Self::NotAnEngine { .. }
            | Self::TimedOut(_) => false,
        }
    }

    /// No connection came about.
    pub(super) fn connect(at: &str, error: &io::Error) -> Self {
        let at = at.to_owned();
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused { at },
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Self::NoRoute { at },
            _ => Self::Connect { at, reason: error.to_string() },
        }
    }

    /// A connection broke: in TLS's words where it has some.
    pub(super) fn broken(at: &str, error: &(dyn Error + 'static)) -> Self {
        match find::<rustls::Error>(error) {
            Some(tls) => Self::tls(at, tls),
            None => Self::Dropped { at: at.to_owned(), reason: innermost(error).to_string() },
        }
    }

    fn tls(at: &str, error: &rustls::Error) -> Self {
        let at = at.to_owned();
        match error {
            rustls::Error::InvalidCertificate(error) => Self::server_certificate(at, error),
            rustls::Error::AlertReceived(alert) if is_about_us(*alert) => {
                Self::ClientRefused { at, reason: format!("{alert:?}") }
            }
            rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls { at },
            other => Self::Tls { at, reason: other.to_string() },
        }
    }

    fn server_certificate(at: String, error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::ServerUnknown { at },
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::ServerExpired { at },
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::ServerNotYetValid { at }
            }
            CertificateError::NotValidForNameContext { expected, presented } => Self::ServerWrongName {
                at,
                wanted: expected.to_str().into_owned(),
                names: presented.iter().map(|name| plain_name(name).to_owned()).collect(),
            },
            other => Self::Tls { at, reason: other.to_string() },
        }
    }
}

/// Alerts by which a server says that it does not want our certificate, or that it misses one.
fn is_about_us(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired
    )
}

/// rustls shows names as `DnsName("localhost")` and `IpAddress(10.0.0.5)`.
fn plain_name(shown: &str) -> &str {
    let inside = shown.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inside.unwrap_or(shown).trim_matches('"')
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "no name".to_owned() } else { names.join(", ") }
}

/// The first error of a type in a chain; an `io::Error` shows what it wraps only to those who ask.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error
        .downcast_ref::<T>()
        .or_else(|| wrapped.and_then(|inner| find(inner)))
        .or_else(|| error.source().and_then(|source| find(source)))
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    error.source().map_or(error, |source| innermost(source))
}
