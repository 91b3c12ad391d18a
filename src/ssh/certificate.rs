//! Host certificates: whether one holds for a host, said by an authority that is trusted for it.
//!
//! What is checked, and in OpenSSH's words: <https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.certkeys>.

use russh::keys::{
    Algorithm, Certificate, HashAlg, PublicKey,
    ssh_key::{Fingerprint, certificate::CertType},
};

use super::config::pattern;

/// Checks all that a host certificate must fulfil; the error is what it does not.
///
/// `host` is the name without port; `authority` was found to be trusted for it; `now` is in seconds since 1970.
pub(super) fn check(
    certificate: &Certificate,
    authority: &PublicKey,
    host: &str,
    now: u64,
) -> Result<(), String> {
    if certificate.cert_type() != CertType::Host {
        return Err("it is a user's certificate, not a host's".to_owned());
    }
    if now < certificate.valid_after() {
        return Err("it is not valid yet; is the clock right?".to_owned());
    }
    if now >= certificate.valid_before() {
        return Err("it has expired".to_owned());
    }
    if let Some((name, _)) = certificate.critical_options().iter().next() {
        return Err(format!("it has the critical option {name:?}, which is not known"));
    }
    if !names_host(certificate, host) {
        return Err(format!("it is for {}", certificate.valid_principals().join(", ")));
    }
    check_signature(certificate, authority, now)
}

/// A certificate without principals holds for every host, as in OpenSSH; the names may be patterns there.
fn names_host(certificate: &Certificate, host: &str) -> bool {
    let names = certificate.valid_principals();
    let host = host.to_lowercase();
    names.is_empty() || names.iter().any(|name| pattern::matches(&name.to_lowercase(), &host))
}

fn check_signature(certificate: &Certificate, authority: &PublicKey, now: u64) -> Result<(), String> {
    if certificate.signature().algorithm() == (Algorithm::Rsa { hash: None }) {
        return Err("it is signed with SHA-1".to_owned());
    }
    let trusted: [Fingerprint; 1] = [authority.fingerprint(HashAlg::Sha256)];
    certificate.validate_at(now, &trusted).map_err(|_| "its signature is wrong".to_owned())
}

#[cfg(test)]
mod tests {
    use russh::keys::{
        PrivateKey,
        key::safe_rng,
        ssh_key::certificate::{Builder, CertType},
    };

    use super::*;

    const NOW: u64 = 1_000_000;

    fn key() -> PrivateKey {
        PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap()
    }

    /// A certificate that holds for `n1` and `*.lab`, changed by `change`, signed by `authority`.
    fn certificate(authority: &PrivateKey, kind: CertType, change: impl FnOnce(&mut Builder)) -> Certificate {
        let host = key();
        let mut builder =
            Builder::new_with_random_nonce(&mut safe_rng(), host.public_key(), NOW - 10, NOW + 10).unwrap();
        builder.cert_type(kind).unwrap().key_id("n1").unwrap();
        builder.valid_principal("n1").unwrap().valid_principal("*.lab").unwrap();
        change(&mut builder);
        builder.sign(authority).unwrap()
    }

    #[test]
    fn a_certificate_holds_for_the_hosts_it_names() {
        let authority = key();
        let certificate = certificate(&authority, CertType::Host, |_| {});
        for (host, holds) in [("n1", true), ("N1", true), ("a.lab", true), ("n2", false)] {
            let outcome = check(&certificate, authority.public_key(), host, NOW);
            assert_eq!(outcome.is_ok(), holds, "{host}: {outcome:?}");
        }
    }

    #[test]
    fn time_type_options_and_signature_are_checked() {
        let authority = key();
        let plain = certificate(&authority, CertType::Host, |_| {});
        let said = |certificate: &Certificate, now| {
            check(certificate, authority.public_key(), "n1", now).unwrap_err()
        };
        assert_eq!(said(&plain, NOW - 11), "it is not valid yet; is the clock right?");
        assert_eq!(said(&plain, NOW + 10), "it has expired");
        let with_option = certificate(&authority, CertType::Host, |builder| {
            builder.critical_option("source-address", "10.0.0.0/8").unwrap();
        });
        assert!(said(&with_option, NOW).contains("source-address"));
        let of_a_user = certificate(&authority, CertType::User, |_| {});
        assert!(said(&of_a_user, NOW).contains("user"));
        assert_eq!(
            check(&plain, key().public_key(), "n1", NOW).unwrap_err(),
            "its signature is wrong",
            "another authority's key must not do"
        );
    }
}
