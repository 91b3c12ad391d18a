//! Trouble with the store's certificates.

use super::{Hints, To, one, store};
use crate::{ops::certs::CertsError, tls::TlsError};

pub(super) fn hints(error: &CertsError, to: To<'_>) -> Hints {
    let back = |half: &str, other: &std::path::Path| {
        one(format!("bring the {half} back from a backup, or move {} away for a new CA", other.display()))
    };
    match error {
        CertsError::Store(error) => store::hints(error, to),
        CertsError::AuthorityWithoutCertificate { key, .. } => back("certificate", key),
        CertsError::AuthorityWithoutKey { certificate, .. } => back("key", certificate),
        CertsError::AuthorityExpired { .. } | CertsError::NotMade(TlsError::AuthorityExpired) => {
            one(format!("{} regenerate-certs --ca", to.program))
        }
        CertsError::UsersOwn { path } => one(format!(
            "put a new one there yourself, then bring it to the engines: {} regenerate-certs NAME ({})",
            to.program,
            path.display()
        )),
        CertsError::Missing { .. } | CertsError::Unfit { .. } | CertsError::NotMade(_) => Vec::new(),
    }
}
