//! Streams through the connection to sockets on the host.

use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Session, SshError, channel::Ask, link::denial};
use crate::engine::api::{Dial, Dialed, Stream};

/// Where the engine listens on its host.
const ENGINE_SOCKET: &str = "/var/run/docker.sock";
/// What docker's own client runs for `ssh://`, for servers that forward nothing.
const DIAL: &str = "docker system dial-stdio";

impl Session {
    /// Opens a stream to a unix socket on the host, as the login user. These do not count against the server's `MaxSessions`.
    pub async fn unix_stream(
        &self,
        path: &str,
    ) -> Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static, SshError> {
        let link = self.wire.standing().await?;
        match link.handle.channel_open_direct_streamlocal(path).await {
            Ok(channel) => Ok(channel.into_stream()),
            Err(error @ russh::Error::ChannelOpenFailure(_)) => Err(SshError::Denied {
                host: self.met.host.clone(),
                what: format!("a connection to {path}"),
                reason: denial(&error),
            }),
            Err(error) => Err(link.lost(&error)),
        }
    }
}

impl Dial for Session {
    fn place(&self) -> String {
        format!("{ENGINE_SOCKET} on {}", self.met.host)
    }

    fn dial(&self) -> BoxFuture<'_, Dialed> {
        Box::pin(async move {
            match self.unix_stream(ENGINE_SOCKET).await {
                Ok(stream) => Ok(Box::new(stream) as Box<dyn Stream>),
                Err(SshError::Denied { .. }) => {
                    let running = self.wire.start(&Ask { command: Some(DIAL), pty: None }).await?;
                    Ok(Box::new(running.channel.into_stream()) as Box<dyn Stream>)
                }
                Err(error) => Err(error.into()),
            }
        })
    }
}
