//! Several CAs in one PEM text, which engines and clients then all trust; the first one signs.

use rustls_pki_types::{CertificateDer, pem::PemObject};

use super::{Identity, TlsError, UnixTime, check, read};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The certificates of a PEM text, each as a text of its own; at least one.
pub fn certificates(pem: &str) -> Result<Vec<String>, TlsError> {
    let mut found = Vec::new();
    let mut rest = pem;
    while let Some((_, after)) = rest.split_once(BEGIN) {
        let (body, after) =
            after.split_once(END).ok_or_else(|| TlsError::unreadable("certificate")(&"it has no end"))?;
        found.push(format!("{BEGIN}{body}{END}\n"));
        rest = after;
    }
    if found.is_empty() { Err(TlsError::unreadable("certificate")(&"there is none")) } else { Ok(found) }
}

/// The certificates of all these texts, each once, the one that signs first.
pub fn joined(texts: &[&str]) -> Result<String, TlsError> {
    let mut kept: Vec<(CertificateDer<'static>, String)> = Vec::new();
    for text in texts {
        for certificate in certificates(text)? {
            let der = parsed(&certificate)?;
            if !kept.iter().any(|(known, _)| *known == der) {
                kept.push((der, certificate));
            }
        }
    }
    Ok(kept.into_iter().map(|(_, text)| text).collect())
}

/// The same set of certificates, always as the same text: whoever only trusts them does not care which one signs, and must not
/// be restarted because that changed. A text of one certificate stays as it is, byte for byte.
pub fn trusted(texts: &[&str]) -> Result<String, TlsError> {
    let all = joined(texts)?;
    let mut certificates = certificates(&all)?;
    if certificates.len() == 1 {
        return Ok(texts.last().map_or(all, |text| (*text).to_owned()));
    }
    let mut dated: Vec<(UnixTime, String)> = Vec::with_capacity(certificates.len());
    for certificate in certificates.drain(..) {
        dated.push((read(&certificate)?.not_before, certificate));
    }
    dated.sort();
    Ok(dated.into_iter().map(|(_, certificate)| certificate).collect())
}

/// Whether both texts hold the same first certificate.
pub fn begin_alike(one: &str, other: &str) -> Result<bool, TlsError> {
    Ok(parsed(one)? == parsed(other)?)
}

/// Whether one of these CAs signed the certificate.
pub fn is_trusted(identity: &Identity, pem: &str) -> Result<bool, TlsError> {
    Ok(certificates(pem)?.iter().any(|ca| check(identity, ca).is_ok()))
}

/// Whether `pem` holds the first certificate of `wanted`.
pub fn holds(pem: &str, wanted: &str) -> Result<bool, TlsError> {
    let wanted = parsed(wanted)?;
    Ok(certificates(pem)?.iter().any(|certificate| parsed(certificate).is_ok_and(|der| der == wanted)))
}

fn parsed(pem: &str) -> Result<CertificateDer<'static>, TlsError> {
    CertificateDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| TlsError::unreadable("certificate")(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::make_authority;

    const NOW: UnixTime = 1_800_000_000;

    #[test]
    fn whoever_only_trusts_gets_the_same_text_whichever_signs() {
        let (old, new) = (make_authority("me", NOW).unwrap(), make_authority("me", NOW + 60).unwrap());
        let (old, new) = (old.certificate, new.certificate);
        let before = joined(&[&old, &new]).unwrap();
        let after = joined(&[&new, &old, &new]).unwrap();
        assert_ne!(before, after);
        assert!(begin_alike(&before, &old).unwrap() && begin_alike(&after, &new).unwrap());
        assert_eq!(trusted(&[&before]).unwrap(), trusted(&[&after]).unwrap());
        assert_eq!(certificates(&after).unwrap().len(), 2);
        assert!(holds(&before, &new).unwrap() && !holds(&old, &new).unwrap());
    }

    #[test]
    fn one_certificate_stays_as_it_is_written() {
        let text = format!("a comment\n{}\n\n", make_authority("me", NOW).unwrap().certificate);
        assert_eq!(trusted(&[&text, &text]).unwrap(), text);
        assert!(joined(&["nothing"]).is_err());
        assert!(certificates(&text[..60]).is_err());
    }
}
