//! A channel with something running in it: opened and asked for in one go, so that it costs two round trips whatever it is.

use std::sync::Arc;

use russh::{Channel, ChannelMsg, Pty, Sig, client};

use super::{
    SshError,
    link::{Link, denial},
};
use crate::remote::Exit;

/// What to run in a channel.
pub(super) struct Ask<'a> {
    /// The command for the login shell; without one, the login shell itself.
    pub command: Option<&'a str>,
    /// The terminal to run it on, if any.
    pub pty: Option<PtyRequest<'a>>,
}

/// A terminal on the host.
pub(super) struct PtyRequest<'a> {
    pub term: &'a str,
    pub columns: u32,
    pub rows: u32,
    pub modes: &'a [(Pty, u32)],
}

/// A channel in which something was started.
pub(super) struct Running {
    /// The connection it runs over, which lives as long.
    pub link: Arc<Link>,
    pub channel: Channel<client::Msg>,
    /// How many requests are still to be answered by the server.
    pub unanswered: usize,
}

impl Running {
    /// Opens a channel and sends the requests without waiting for their answers, which come as
    /// [`russh::ChannelMsg::Success`] and `Failure`.
    pub async fn start(link: Arc<Link>, ask: &Ask<'_>) -> Result<Self, SshError> {
        let denied = |error: &russh::Error| match error {
            russh::Error::ChannelOpenFailure(_) => {
                SshError::NoSession { host: link.met.host.clone(), reason: denial(error) }
            }
            error => link.lost(error),
        };
        let channel = link.handle.channel_open_session().await.map_err(|error| denied(&error))?;
        link.had_session();
        let mut unanswered = 1;
        if let Some(pty) = &ask.pty {
            let sent = channel.request_pty(true, pty.term, pty.columns, pty.rows, 0, 0, pty.modes).await;
            sent.map_err(|error| link.lost(&error))?;
            unanswered += 1;
        }
        let sent = match ask.command {
            Some(command) => channel.exec(true, command).await,
            None => channel.request_shell(true).await,
        };
        sent.map_err(|error| link.lost(&error))?;
        Ok(Self { link, channel, unanswered })
    }
}

/// How what runs in a channel has ended, as far as it is known.
#[derive(Default)]
pub(super) struct Ending {
    pub exit: Option<Exit>,
}

impl Ending {
    /// Takes note of a message that says how it ended; others say nothing.
    pub fn take(&mut self, message: &ChannelMsg) {
        match message {
            ChannelMsg::ExitStatus { exit_status } => self.exit = Some(Exit::Status(*exit_status)),
            ChannelMsg::ExitSignal { signal_name, .. } => {
                self.exit = Some(Exit::Signal(signal_text(signal_name).to_owned()));
            }
            _ => {}
        }
    }
}

/// A signal's name without SIG.
fn signal_text(signal: &Sig) -> &str {
    match signal {
        Sig::ABRT => "ABRT",
        Sig::ALRM => "ALRM",
        Sig::FPE => "FPE",
        Sig::HUP => "HUP",
        Sig::ILL => "ILL",
        Sig::INT => "INT",
        Sig::KILL => "KILL",
        Sig::PIPE => "PIPE",
        Sig::QUIT => "QUIT",
        Sig::SEGV => "SEGV",
        Sig::TERM => "TERM",
        Sig::USR1 => "USR1",
        Sig::Custom(name) => name,
    }
}

impl Link {
    /// The error when the server answers a request with no.
    pub fn forbidden(&self, what: &str) -> SshError {
        let reason = "its configuration forbids it".to_owned();
        SshError::Denied { host: self.met.host.clone(), what: what.to_owned(), reason }
    }

    /// The error when the connection does not carry any more.
    pub fn lost(&self, error: &dyn std::error::Error) -> SshError {
        let reason = self.parting.words().unwrap_or_else(|| error.to_string());
        SshError::Lost { host: self.met.host.clone(), reason }
    }
}
