//! Certificates: the CA, the client's and each machine's server certificate. Bytes in, bytes out; no files, no clock.
//!
//! Ours are ECDSA P-256. What old stores hold is read and used as it is: RSA, in PKCS#1, SEC1 or PKCS#8.

mod bundle;
mod client;
mod make;
mod name;
mod read;

pub use bundle::{begin_alike, certificates, holds, is_trusted, joined, trusted};
pub use client::client_config;
pub use make::{Role, make_authority, make_client, make_server, make_server_as};
pub use name::San;
pub use read::{Certificate, check, check_key, days_left, read, server_names_cover};

use crate::secret::Secret;

/// A certificate and its private key, both PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its key, PKCS#8, SEC1 or PKCS#1.
    pub key: Secret,
}

/// Seconds since 1970.
pub type UnixTime = i64;

/// What is wrong with a certificate or key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// It cannot be read.
    #[error("the {what} cannot be read: {reason}")]
    Unreadable {
        /// Which of them, such as `certificate` or `private key`.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The key wants a passphrase, which no docker client would ask for.
    #[error("the private key is encrypted")]
    EncryptedKey,
    /// Certificate and key are of two pairs.
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    /// The certificate is of another CA.
    #[error("the certificate is not signed by this CA")]
    NotSignedByAuthority,
    /// What should be a CA may not sign.
    #[error("the certificate is not one of a CA")]
    NotAnAuthority,
    /// The certificate is too old.
    #[error("the certificate has expired")]
    Expired,
    /// The CA is too old to sign anything.
    #[error("the CA's certificate has expired")]
    AuthorityExpired,
    /// A text that can be no name of a server.
    #[error("{0:?} is neither an address nor a host name")]
    BadName(String),
    /// The library refused.
    #[error("the {what} could not be made: {reason}")]
    NotMade {
        /// What was to be made.
        what: &'static str,
        /// Why not.
        reason: String,
    },
}

impl TlsError {
    fn unreadable(what: &'static str) -> impl FnOnce(&dyn std::fmt::Display) -> Self {
        move |reason| Self::Unreadable { what, reason: reason.to_string() }
    }
}

#[cfg(test)]
mod tests;
