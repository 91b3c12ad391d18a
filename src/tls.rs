//! Certificates: the CA, the client's and each machine's server certificate. Bytes in, bytes out; no files, no clock.

use std::net::IpAddr;

use crate::secret::Secret;

/// A certificate and its private key, both PEM.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its key, PKCS#8, SEC1 or PKCS#1.
    pub key: Secret,
}

/// A name in a server certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum San {
    /// An address.
    Ip(IpAddr),
    /// A host name.
    Dns(String),
}

/// What is wrong with a certificate or key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It cannot be read.
    #[error("{what} cannot be read: {reason}")]
    Unreadable {
        /// Which file or part.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

/// Seconds since 1970.
pub type UnixTime = i64;

/// Makes a CA: P-256, self-signed, subject `O=<organization>`, valid 1080 days, not-before set back an hour for clock skew.
pub fn make_authority(organization: &str, now: UnixTime) -> Result<Identity, TlsError> {
    let _ = (organization, now);
    todo!()
}

/// Makes a client certificate signed by `authority` (EC or RSA, PKCS#1 and PKCS#8 keys of old stores included).
pub fn make_client(authority: &Identity, organization: &str, now: UnixTime) -> Result<Identity, TlsError> {
    let _ = (authority, organization, now);
    todo!()
}

/// Makes a server certificate signed by `authority` for these names.
pub fn make_server(
    authority: &Identity,
    organization: &str,
    names: &[San],
    now: UnixTime,
) -> Result<Identity, TlsError> {
    let _ = (authority, organization, names, now);
    todo!()
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// End of validity.
    pub not_after: UnixTime,
    /// Begin of validity.
    pub not_before: UnixTime,
    /// Its names.
    pub names: Vec<San>,
    /// Whether it is a CA.
    pub is_authority: bool,
}

/// Reads the first certificate of a PEM text.
pub fn read(pem: &str) -> Result<Certificate, TlsError> {
    let _ = pem;
    todo!()
}

/// Whether `identity`'s key belongs to its certificate and the certificate is signed by `authority_pem`; `Err` says what does not fit.
pub fn check(identity: &Identity, authority_pem: &str) -> Result<(), TlsError> {
    let _ = (identity, authority_pem);
    todo!()
}

/// A rustls client that trusts only `authority_pem` and shows `identity`; TLS 1.2 and up.
pub fn client_config(authority_pem: &str, identity: &Identity) -> Result<rustls::ClientConfig, TlsError> {
    let _ = (authority_pem, identity);
    todo!()
}
