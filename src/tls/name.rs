//! The names of a server certificate.

use std::{fmt, net::IpAddr, str::FromStr};

use super::TlsError;

/// A name in a server certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum San {
    /// An address.
    Ip(IpAddr),
    /// A host name.
    Dns(String),
}

impl San {
    /// Whether a client that asks for `other` is content with this name.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ip(ours), Self::Ip(other)) => ours == other,
            (Self::Dns(ours), Self::Dns(other)) => ours.eq_ignore_ascii_case(other),
            (Self::Ip(_), Self::Dns(_)) | (Self::Dns(_), Self::Ip(_)) => false,
        }
    }
}

impl FromStr for San {
    type Err = TlsError;

    /// An address where it reads as one (in brackets too), else a host name, perhaps with a wildcard.
    fn from_str(text: &str) -> Result<Self, TlsError> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Self::Ip(address));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '*');
        if text.is_empty() || !text.chars().all(is_plain) {
            return Err(TlsError::BadName(text.to_owned()));
        }
        Ok(Self::Dns(text.to_owned()))
    }
}

impl fmt::Display for San {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(out),
            Self::Dns(name) => name.fmt(out),
        }
    }
}
