//! The TLS client towards engines.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::{Identity, TlsError};

/// A rustls client that trusts only `authority_pem` and shows `identity`; TLS 1.2 and up.
pub fn client_config(authority_pem: &str, identity: &Identity) -> Result<ClientConfig, TlsError> {
    super::check_key(identity)?;
    let mut trusted = RootCertStore::empty();
    for certificate in certificates(authority_pem)? {
        trusted.add(certificate).map_err(|error| TlsError::unreadable("CA's certificate")(&error))?;
    }
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose().as_bytes())
        .map_err(|error| TlsError::unreadable("private key")(&error))?;
    let chain = certificates(&identity.certificate)?;
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_root_certificates(trusted).with_client_auth_cert(chain, key))
        .map_err(|error| TlsError::NotMade { what: "TLS client", reason: error.to_string() })
}

/// Every certificate of a PEM text; at least one.
fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(TlsError::unreadable("certificate")(&"there is none")),
        Err(error) => Err(TlsError::unreadable("certificate")(&error)),
    }
}
