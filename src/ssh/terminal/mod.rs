//! An interactive terminal on the host: the local one made transparent, its size followed, and always put back as it was.

mod local;
mod modes;

use std::io;

use russh::ChannelWriteHalf;
use tokio::{
    io::AsyncWrite,
    signal::unix::{Signal, SignalKind, signal},
};

use self::local::LocalTerminal;
use super::{
    Session, SshError,
    channel::{Ask, Ending, PtyRequest, Running},
    command::{Pump, feed},
};
use crate::{env::Env, remote::Exit};

/// What the host is told when TERM is not set.
const PLAIN: &str = "dumb";

impl Session {
    /// Runs a command, or the login shell, on a terminal of the host that is shown on ours. stdin must be a terminal; what
    /// the host shows goes to `screen`.
    pub async fn terminal<S>(&self, command: Option<&str>, env: &Env, mut screen: S) -> Result<Exit, SshError>
    where
        S: AsyncWrite + Unpin + Send,
    {
        let local = LocalTerminal::open().map_err(SshError::Local)?;
        let (columns, rows) = local.size();
        let modes = local.modes();
        let pty = PtyRequest { term: env.var("TERM").unwrap_or(PLAIN), columns, rows, modes: &modes };
        let Running { link, channel, .. } = self.wire.start(&Ask { command, pty: Some(pty) }).await?;
        let (reader, writer) = channel.split();
        let mut pump = Pump { link, reader, ending: Ending::default() };
        let mut watch = Watch::start().map_err(SshError::Local)?;
        // From here on the terminal is raw; dropping it on any way out puts it back.
        let raw = local.make_raw().map_err(SshError::Local)?;
        let keys = raw.keys().map_err(SshError::Local)?;
        // A terminal has one stream.
        let mut nothing = tokio::io::sink();
        let outcome = tokio::select! {
            outcome = pump.run(&mut screen, &mut nothing) => outcome,
            never = feed(keys, &writer) => match never {},
            exit = watch.follow(&raw, &writer) => Ok(exit),
        };
        drop(pump);
        let _ = writer.close().await;
        outcome
    }
}

/// The signals that concern a terminal.
struct Watch {
    resized: Signal,
    terminated: Signal,
    hung_up: Signal,
}

impl Watch {
    fn start() -> io::Result<Self> {
        Ok(Self {
            resized: signal(SignalKind::window_change())?,
            terminated: signal(SignalKind::terminate())?,
            hung_up: signal(SignalKind::hangup())?,
        })
    }

    /// Tells the host each new size; ends when we are to end, so that the terminal is put back first.
    async fn follow(&mut self, raw: &local::Raw, writer: &ChannelWriteHalf<russh::client::Msg>) -> Exit {
        loop {
            tokio::select! {
                Some(()) = self.resized.recv() => {
                    let (columns, rows) = raw.size();
                    // If the connection is gone, the other side of the session says so.
                    let _ = writer.window_change(columns, rows, 0, 0).await;
                }
                Some(()) = self.terminated.recv() => return Exit::Signal("TERM".to_owned()),
                Some(()) = self.hung_up.recv() => return Exit::Signal("HUP".to_owned()),
            }
        }
    }
}
