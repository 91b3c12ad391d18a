//! An engine that does not answer, link by link.

use super::{Hints, To, one};
use crate::engine::api::ApiError;

pub(super) fn hints(error: &ApiError, to: To<'_>) -> Hints {
    let (program, name) = (to.program, to.name());
    let look = || format!("is the engine up? {program} ssh {name} -- systemctl status docker");
    let provision = || format!("{program} provision {name}");
    match error {
        ApiError::Refused { .. } | ApiError::Dropped { .. } | ApiError::TimedOut(_) => one(look()),
        ApiError::Unanswered { at, .. } => {
            vec![
                format!(
                    "does a firewall between here and there block {at}? --engine-access ssh needs no port"
                ),
                look(),
            ]
        }
        ApiError::NoRoute { at } | ApiError::Connect { at, .. } => {
            one(format!("is the host up, and is {at} still its address? {program} status {name}"))
        }
        ApiError::UnknownHost { host, .. } => one(format!("does the name resolve here? getent hosts {host}")),
        ApiError::Certificates(_)
        | ApiError::ServerUnknown { .. }
        | ApiError::ServerExpired { .. }
        | ApiError::ServerWrongName { .. }
        | ApiError::ClientRefused { .. }
        | ApiError::Tls { .. } => one(format!("have new certificates made and installed: {}", provision())),
        ApiError::ServerNotYetValid { .. } => {
            one(format!("compare the clocks: date; {program} ssh {name} -- date"))
        }
        ApiError::NotTls { .. } | ApiError::NotAnEngine { .. } => {
            one(format!("another program may have the port; put the engine back on it: {}", provision()))
        }
        ApiError::Status { .. } => {
            one(format!("its log: {program} ssh {name} -- journalctl -u docker -n 50"))
        }
    }
}
