//! A user's command on the host, with its three streams kept apart.

use std::{convert::Infallible, sync::Arc, time::Duration};

use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, client};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{
    Session, SshError,
    channel::{Ask, Ending, PtyRequest, Running},
    link::Link,
};
use crate::{remote::Exit, retry::Deadline};

/// How long output may still come after the exit status, when it has gone quiet.
const AFTER_EXIT: Duration = Duration::from_secs(2);
/// What is read from stdin in one go.
const CHUNK: usize = 32 * 1024;

impl Session {
    /// Runs a command of the user, as typed, by the login shell; without one, the login shell itself, without a terminal.
    ///
    /// stdin is forwarded with its end; the command's end does not wait for it.
    pub async fn command<I, O, E>(
        &self,
        command: Option<&str>,
        stdin: I,
        mut stdout: O,
        mut stderr: E,
    ) -> Result<Exit, SshError>
    where
        I: AsyncRead + Unpin + Send,
        O: AsyncWrite + Unpin + Send,
        E: AsyncWrite + Unpin + Send,
    {
        let Running { link, channel, .. } =
            self.wire.start(&Ask { command, pty: None::<PtyRequest<'_>> }).await?;
        let (reader, writer) = channel.split();
        let mut pump = Pump { link, reader, ending: Ending::default() };
        let outcome = tokio::select! {
            outcome = pump.run(&mut stdout, &mut stderr) => outcome,
            never = feed(stdin, &writer) => match never {},
        };
        // On a connection that is gone there is nobody to tell that we do not listen any more.
        drop(pump);
        let _ = writer.close().await;
        outcome
    }
}

/// Sends stdin and then its end; then waits for ever, because the command may go on.
pub(super) async fn feed<I>(mut stdin: I, writer: &ChannelWriteHalf<client::Msg>) -> Infallible
where
    I: AsyncRead + Unpin,
{
    let mut chunk = vec![0; CHUNK];
    // An stdin that cannot be read has ended; a host that takes no more has said so on the other side.
    while let Ok(count @ 1..) = stdin.read(&mut chunk).await {
        if writer.data_bytes(chunk[..count].to_vec()).await.is_err() {
            break;
        }
    }
    let _ = writer.eof().await;
    std::future::pending().await
}

/// Takes what comes from the host until the channel is closed.
pub(super) struct Pump {
    pub link: Arc<Link>,
    pub reader: ChannelReadHalf,
    pub ending: Ending,
}

impl Pump {
    /// Writes output where it belongs. Data, exit status and end may come in any order.
    pub async fn run<O, E>(&mut self, stdout: &mut O, stderr: &mut E) -> Result<Exit, SshError>
    where
        O: AsyncWrite + Unpin,
        E: AsyncWrite + Unpin,
    {
        let link = &self.link;
        loop {
            let next = match self.ending.exit {
                None => self.reader.wait().await,
                Some(_) => match Deadline::after(AFTER_EXIT).bound("its end", self.reader.wait()).await {
                    Ok(next) => next,
                    Err(_late) => Some(ChannelMsg::Close),
                },
            };
            match next {
                Some(ChannelMsg::Data { data }) => write(stdout, &data).await?,
                Some(ChannelMsg::ExtendedData { data, .. }) => write(stderr, &data).await?,
                Some(ChannelMsg::Failure) => return Err(link.forbidden("to run it")),
                Some(ChannelMsg::Close) => break,
                Some(message) => self.ending.take(&message),
                None => return Err(link.lost(&russh::Error::Disconnect)),
            }
        }
        self.ending.exit.take().ok_or_else(|| link.lost(&russh::Error::RecvError))
    }
}

async fn write<W: AsyncWrite + Unpin>(writer: &mut W, bytes: &[u8]) -> Result<(), SshError> {
    writer.write_all(bytes).await.map_err(SshError::Local)?;
    writer.flush().await.map_err(SshError::Local)
}
