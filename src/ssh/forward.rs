//! Streams through the connection to sockets on the host.

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Session, SshError, link::denial};
use crate::engine::api::{Dial, Dialed};

/// Where the engine listens on its host.
const ENGINE_SOCKET: &str = "/var/run/docker.sock";

impl Session {
    /// Opens a stream to a unix socket on the host, as the login user. These do not count against the server's `MaxSessions`.
    pub async fn unix_stream(
        &self,
        path: &str,
    ) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static, SshError> {
        match self.link.handle.channel_open_direct_streamlocal(path).await {
            Ok(channel) => Ok(channel.into_stream()),
            Err(error @ russh::Error::ChannelOpenFailure(_)) => Err(SshError::Denied {
                host: self.link.host.clone(),
                what: format!("a connection to {path}"),
                reason: denial(&error),
            }),
            Err(error) => Err(self.link.lost(&error)),
        }
    }
}

impl Dial for Session {
    fn place(&self) -> String {
        format!("{ENGINE_SOCKET} on {}", self.link.host)
    }

    fn dial(&self) -> BoxFuture<'_, Dialed> {
        Box::pin(async move {
            let stream = self.unix_stream(ENGINE_SOCKET).await?;
            Ok(Box::new(stream) as Box<dyn crate::engine::api::Stream>)
        })
    }
}
