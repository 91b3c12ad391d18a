//! Making certificates. The profile is docker-machine's, but for P-256 keys, key identifiers, and a beginning far enough
//! in the past for hosts whose clocks are wrong.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use time::OffsetDateTime;

use super::{Identity, San, TlsError, UnixTime, read, read::parse_certificate};
use crate::secret::Secret;

/// How long a certificate is valid: docker-machine's 1080 days.
const LIFETIME: i64 = 1080 * 24 * 3600;
/// How far the clock of a host may be behind ours.
const CLOCK_SKEW: i64 = 3600;

/// Makes a CA: P-256, self-signed, subject `O=<organization>`, valid 1080 days, not-before set back an hour for clock skew.
pub fn make_authority(organization: &str, now: UnixTime) -> Result<Identity, TlsError> {
    let key = new_key()?;
    let mut params = params(organization, now - CLOCK_SKEW, now + LIFETIME)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages =
        vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).map_err(not_made("CA"))?;
    Ok(identity(&certificate, &key))
}

/// Makes a client certificate signed by `authority` (EC or RSA, PKCS#1 and PKCS#8 keys of old stores included).
pub fn make_client(authority: &Identity, organization: &str, now: UnixTime) -> Result<Identity, TlsError> {
    signed(authority, organization, now, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    })
}

/// What a server certificate is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// An engine's own port.
    Server,
    /// The same, and calling other engines: a classic swarm master does.
    ServerAndClient,
}

/// Makes a server certificate signed by `authority` for these names; those that come twice are taken once.
pub fn make_server(
    authority: &Identity,
    organization: &str,
    names: &[San],
    now: UnixTime,
) -> Result<Identity, TlsError> {
    make_server_as(Role::Server, authority, organization, names, now)
}

/// The same, in a role.
pub fn make_server_as(
    role: Role,
    authority: &Identity,
    organization: &str,
    names: &[San],
    now: UnixTime,
) -> Result<Identity, TlsError> {
    let mut kept: Vec<&San> = Vec::new();
    for name in names {
        if !kept.iter().any(|earlier| earlier.covers(name)) {
            kept.push(name);
        }
    }
    let names = kept.into_iter().map(san_type).collect::<Result<_, _>>()?;
    signed(authority, organization, now, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if role == Role::ServerAndClient {
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        }
        params.subject_alt_names = names;
    })
}

fn signed(
    authority: &Identity,
    organization: &str,
    now: UnixTime,
    purpose: impl FnOnce(&mut CertificateParams),
) -> Result<Identity, TlsError> {
    super::check_key(authority)?;
    let ca = read(&authority.certificate)?;
    if !ca.is_authority {
        return Err(TlsError::NotAnAuthority);
    }
    if ca.not_after <= now {
        return Err(TlsError::AuthorityExpired);
    }
    // What outlives its CA only looks valid.
    let begin = (now - CLOCK_SKEW).max(ca.not_before);
    let end = (now + LIFETIME).min(ca.not_after);
    let mut params = params(organization, begin, end)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    purpose(&mut params);
    let key = new_key()?;
    let certificate = params.signed_by(&key, &issuer(authority)?).map_err(not_made("certificate"))?;
    Ok(identity(&certificate, &key))
}

fn issuer(authority: &Identity) -> Result<Issuer<'static, KeyPair>, TlsError> {
    let der = parse_certificate(&authority.certificate)?;
    Issuer::from_ca_cert_der(&der, key_pair(&authority.key)?).map_err(not_made("certificate"))
}

/// Reads a private key in any of the three forms.
pub(super) fn key_pair(key: &Secret) -> Result<KeyPair, TlsError> {
    let unreadable = TlsError::unreadable("private key");
    if key.expose().contains("ENCRYPTED") {
        return Err(TlsError::EncryptedKey);
    }
    let der = match PrivateKeyDer::from_pem_slice(key.expose().as_bytes()) {
        Ok(der) => der,
        Err(error) => return Err(unreadable(&error)),
    };
    KeyPair::try_from(&der).map_err(|error| unreadable(&error))
}

fn params(organization: &str, begin: UnixTime, end: UnixTime) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::default();
    params.not_before = date(begin)?;
    params.not_after = date(end)?;
    // As docker-machine has it: an organization and no common name.
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, organization);
    Ok(params)
}

fn date(seconds: UnixTime) -> Result<OffsetDateTime, TlsError> {
    OffsetDateTime::from_unix_timestamp(seconds)
        .map_err(|error| TlsError::NotMade { what: "certificate", reason: error.to_string() })
}

fn san_type(name: &San) -> Result<SanType, TlsError> {
    match name {
        San::Ip(address) => Ok(SanType::IpAddress(*address)),
        San::Dns(dns) => {
            let dns = dns.as_str().try_into().map_err(|_| TlsError::BadName(dns.clone()))?;
            Ok(SanType::DnsName(dns))
        }
    }
}

fn new_key() -> Result<KeyPair, TlsError> {
    KeyPair::generate().map_err(not_made("private key"))
}

fn identity(certificate: &rcgen::Certificate, key: &KeyPair) -> Identity {
    Identity { certificate: certificate.pem(), key: Secret::new(key.serialize_pem()) }
}

fn not_made(what: &'static str) -> impl FnOnce(rcgen::Error) -> TlsError {
    move |error| TlsError::NotMade { what, reason: error.to_string() }
}
