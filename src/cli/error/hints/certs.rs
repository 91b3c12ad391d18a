//! Trouble with the store's certificates.

use std::path::Path;

use super::{Hints, To, one, store};
use crate::{ops::certs::CertsError, tls::TlsError};

pub(super) fn hints(error: &CertsError, to: To<'_>) -> Hints {
    let back = |half: &str, other: &std::path::Path| {
        one(format!("bring the {half} back from a backup, or move {} away for a new CA", other.display()))
    };
    match error {
        CertsError::Store(error) => store::hints(error, to),
        CertsError::AuthorityWithoutCertificate { key, .. } => back("certificate", key),
        CertsError::Missing { path } | CertsError::AuthorityWithoutKey { key: path, .. }
            if is_imported(path) =>
        {
            one(format!(
                "{name} came without its CA's key: its certificates are renewed where it comes from, or after \
                 {program} export --with-ca-key there and {program} import here",
                name = to.name(),
                program = to.program
            ))
        }
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

/// A machine that was imported has its own CA in its folder, perhaps without the key.
fn is_imported(key: &Path) -> bool {
    let machines = key.parent().and_then(Path::parent).and_then(Path::file_name);
    key.ends_with("ca-key.pem") && machines.is_some_and(|folder| folder == "machines")
}
