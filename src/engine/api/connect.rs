//! From an endpoint to a stream that an engine answers on.

use std::{error::Error, fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream, lookup_host},
};
use tokio_rustls::TlsConnector;

use super::ApiError;
use crate::{
    retry::Deadline,
    secret::Secret,
    tls::{Identity, client_config},
};

/// The longest that TCP and TLS may take together; docker-machine's own limit.
const PATIENCE: Duration = Duration::from_secs(20);

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
    /// A stream that somebody else opens, such as a channel of an SSH connection.
    Stream(Arc<dyn Dial>),
}

/// What comes of opening a stream.
pub type Dialed = Result<Box<dyn Stream>, Box<dyn Error + Send + Sync>>;

/// Opens streams to an engine.
pub trait Dial: Send + Sync {
    /// Where they lead, for messages.
    fn place(&self) -> String;
    /// Opens one.
    fn dial(&self) -> BoxFuture<'_, Dialed>;
}

impl fmt::Debug for dyn Dial {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Dial").field(&self.place()).finish()
    }
}

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls { host, port, .. } if host.contains(':') => write!(out, "[{}]:{port}", bare(host)),
            Self::Tls { host, port, .. } => write!(out, "{host}:{port}"),
            Self::Unix(path) => path.display().fmt(out),
            Self::Stream(dial) => dial.place().fmt(out),
        }
    }
}

impl Endpoint {
    /// Opens a stream, with TLS on it where that is the way.
    pub(super) async fn open(&self, at: &str, deadline: Deadline) -> Result<Box<dyn Stream>, ApiError> {
        let deadline = deadline.at_most(PATIENCE);
        let opened = async {
            match self {
                Self::Tls { host, port, authority, certificate, key } => {
                    let identity = Identity { certificate: certificate.clone(), key: key.clone() };
                    let config = client_config(authority, &identity)?;
                    secure(bare(host), *port, TlsConnector::from(Arc::new(config)), at).await
                }
                Self::Unix(path) => match UnixStream::connect(path).await {
                    Ok(stream) => Ok(Box::new(stream) as Box<dyn Stream>),
                    Err(error) => Err(ApiError::connect(at, &error)),
                },
                Self::Stream(dial) => dial
                    .dial()
                    .await
                    .map_err(|error| ApiError::Connect { at: at.to_owned(), reason: error.to_string() }),
            }
        };
        let late = deadline.bound(at, opened).await;
        late.unwrap_or_else(|source| Err(ApiError::Unanswered { at: at.to_owned(), source }))
    }
}

async fn secure(
    host: &str,
    port: u16,
    connector: TlsConnector,
    at: &str,
) -> Result<Box<dyn Stream>, ApiError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| ApiError::UnknownHost { host: host.to_owned(), reason: error.to_string() })?;
    let stream = tcp(host, port, at).await?;
    // Small requests and answers, one at a time.
    stream.set_nodelay(true).map_err(|error| ApiError::connect(at, &error))?;
    match connector.connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(ApiError::broken(at, &error)),
    }
}

async fn tcp(host: &str, port: u16, at: &str) -> Result<TcpStream, ApiError> {
    let unknown = |reason: String| ApiError::UnknownHost { host: host.to_owned(), reason };
    let addresses: Vec<SocketAddr> =
        lookup_host((host, port)).await.map_err(|error| unknown(error.to_string()))?.collect();
    if addresses.is_empty() {
        return Err(unknown("the resolver knows none".to_owned()));
    }
    TcpStream::connect(addresses.as_slice()).await.map_err(|error| ApiError::connect(at, &error))
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
