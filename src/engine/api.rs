//! A small Engine API client on hyper, over any stream: mutual TLS, a unix socket, an SSH channel.
//!
//! bollard has no public raw call, no unlock, and takes no stream of ours, hence this. The API version is negotiated: the engine's
//! own `ApiVersion`, at most the newest we know.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{retry::Deadline, secret::Secret};

/// How to reach an engine.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// Mutual TLS over TCP.
    Tls {
        /// Host name or address, as it stands in the certificate.
        host: String,
        /// TCP port.
        port: u16,
        /// The CA's certificate, PEM.
        authority: String,
        /// Our certificate, PEM.
        certificate: String,
        /// Our key, PEM.
        key: Secret,
    },
    /// A local socket.
    Unix(PathBuf),
}

/// Why the engine did not answer, at which link of the chain.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// TCP did not connect.
    #[error("cannot connect to {at}: {reason}")]
    Connect {
        /// Address and port.
        at: String,
        /// Refused, timed out, no route...
        reason: String,
    },
}

/// `GET /version`, the part we use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Version {
    /// Such as `26.1.5+dfsg1`.
    pub version: String,
    /// Such as `1.45`.
    pub api_version: String,
}

/// One engine.
pub struct Api {
    _endpoint: Endpoint,
}

impl Api {
    /// No connection is made yet.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { _endpoint: endpoint }
    }

    /// `GET /version`: the cheapest request that proves mutual TLS both ways.
    pub async fn version(&self, deadline: Deadline) -> Result<Version, ApiError> {
        let _ = deadline;
        todo!()
    }
}
