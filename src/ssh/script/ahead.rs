//! The next script, sent while the present one still runs: its channel, its shell and its text have then cost their three round
//! trips when its document is ready.

use std::sync::{Arc, Mutex, PoisonError};

use super::{hearing::wrapped, way::Way};
use crate::{
    remote::Script,
    ssh::{
        SshError,
        channel::{Ask, Running},
        link::Link,
    },
};

/// What is known of the next script.
#[derive(Default)]
pub struct Ahead(Mutex<Option<Next>>);

enum Next {
    /// It will probably be wanted.
    Foreseen(Script),
    /// It waits on the host for its document.
    Waiting { script: Script, way: Way, running: Box<Running> },
}

impl Ahead {
    /// Has the script sent with the next one that is run.
    pub fn foresee(&self, script: Script) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Next::Foreseen(script));
    }

    /// The script that is to be sent now, where this way lets us: a password or a terminal would have to be spoken to.
    pub(super) fn wanted(&self, way: Way) -> Option<Script> {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Next::Foreseen(script)) if !way.waits() && !way.on_pty() => Some(script),
            _ => None,
        }
    }

    /// Sends the script. That this fails is no matter: it will be sent when it is wanted, and then be told. A server that lets
    /// a connection have one session at a time is not asked twice.
    pub(super) async fn send(&self, link: Arc<Link>, way: Way, script: Script) {
        let next = match started(link, way, script).await {
            Ok(running) => Some(Next::Waiting { script, way, running: Box::new(running) }),
            Err(_) => None,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// The channel in which this script waits, if it does.
    pub(super) fn take(&self, wanted: Script, by: Way) -> Option<Running> {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match next.take() {
            Some(Next::Waiting { script, way, running }) if script.text == wanted.text && way == by => {
                Some(*running)
            }
            other => {
                *next = other;
                None
            }
        }
    }
}

async fn started(link: Arc<Link>, way: Way, script: Script) -> Result<Running, SshError> {
    let running = Running::start(link, &Ask { command: Some(way.command()), pty: None }).await?;
    let sent = running.channel.data_bytes(wrapped(script.text, false)).await;
    sent.map_err(|error| running.link.lost(&error))?;
    Ok(running)
}
