//! Reading certificates, and whether they fit each other.

use std::net::IpAddr;

use rcgen::PublicKeyData;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate},
};

use super::{Identity, San, TlsError, UnixTime, make::key_pair};

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
    /// Whether it may be shown to servers.
    pub is_client: bool,
}

/// Reads the first certificate of a PEM text.
pub fn read(pem: &str) -> Result<Certificate, TlsError> {
    let der = parse_certificate(pem)?;
    let certificate = parse(&der)?;
    let validity = certificate.validity();
    Ok(Certificate {
        not_after: validity.not_after.timestamp(),
        not_before: validity.not_before.timestamp(),
        names: names(&certificate),
        is_authority: certificate.is_ca(),
        is_client: matches!(certificate.extended_key_usage(), Ok(Some(usage)) if usage.value.client_auth),
    })
}

/// Whether `identity`'s key belongs to its certificate and the certificate is signed by `authority_pem`; `Err` says what does not fit.
pub fn check(identity: &Identity, authority_pem: &str) -> Result<(), TlsError> {
    check_key(identity)?;
    let (ca, der) = (parse_certificate(authority_pem)?, parse_certificate(&identity.certificate)?);
    let (ca, certificate) = (parse(&ca)?, parse(&der)?);
    if !ca.is_ca() {
        return Err(TlsError::NotAnAuthority);
    }
    // Clients compare the names' bytes before they look at the signature.
    let is_named = certificate.issuer().as_raw() == ca.subject().as_raw();
    let is_signed = certificate.verify_signature(Some(ca.public_key())).is_ok();
    if is_named && is_signed { Ok(()) } else { Err(TlsError::NotSignedByAuthority) }
}

/// Whether the key belongs to the certificate; `Err` says what does not fit.
pub fn check_key(identity: &Identity) -> Result<(), TlsError> {
    let der = parse_certificate(&identity.certificate)?;
    let public = key_pair(&identity.key)?;
    let is_ours = parse(&der)?.public_key().subject_public_key.data.as_ref() == public.der_bytes();
    if is_ours { Ok(()) } else { Err(TlsError::KeyMismatch) }
}

/// Whether clients that ask for any of these names are content with the certificate.
pub fn server_names_cover(certificate: &Certificate, names: &[San]) -> bool {
    names.iter().all(|name| certificate.names.iter().any(|ours| ours.covers(name)))
}

/// Whole days until the certificate expires; negative once it has.
pub fn days_left(certificate: &Certificate, now: UnixTime) -> i64 {
    (certificate.not_after - now).div_euclid(24 * 3600)
}

pub(super) fn parse_certificate(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| TlsError::unreadable("certificate")(&error))
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, TlsError> {
    match X509Certificate::from_der(der) {
        Ok((_, certificate)) => Ok(certificate),
        Err(error) => Err(TlsError::unreadable("certificate")(&error)),
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<San> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    extension.value.general_names.iter().filter_map(name).collect()
}

fn name(name: &GeneralName<'_>) -> Option<San> {
    match name {
        GeneralName::DNSName(name) => Some(San::Dns((*name).to_owned())),
        GeneralName::IPAddress(bytes) => address(bytes).map(San::Ip),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}
