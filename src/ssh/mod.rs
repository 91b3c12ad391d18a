//! SSH on russh: one connection per host, its identity verified, scripts run as root over it.
//!
//! A connection is made in steps, each a file: `target` settles where to go (with `config`, the user's ssh_config), `link`
//! walks the way there (`dial`, jump hosts), `handshake` encrypts it and lets `trust` decide about the host key (with
//! `known_hosts` and `certificate`), `auth` logs in (with `identity`). What a [`Session`] then does is in `script` (scripts
//! as root), `command`, `terminal` and `forward`; `again` gives each its session, over this connection or a further one.

mod again;
mod ask;
mod auth;
mod certificate;
mod channel;
mod command;
pub mod config;
mod dial;
mod error;
mod forward;
mod handshake;
pub mod identity;
pub mod known_hosts;
mod link;
pub mod openssh;
mod script;
mod tap;
mod target;
mod terminal;
pub mod trust;

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;

pub use self::error::SshError;
use self::{
    again::Wire,
    ask::{Memory, Person},
    link::{Attempt, Link, Met},
    script::{Job, Root},
};
use crate::{
    env::Env,
    event::Events,
    machine::{Fingerprint, SshEndpoint},
    prompt::Prompt,
    remote::{Document, Exit, Line, Remote, RemoteError, Script},
    retry::{self, Backoff, Deadline, PollError, Try},
    secret::Secret,
};

/// What a connection needs beside the endpoint.
pub struct Connect<'a> {
    /// Home, agent socket and PATH.
    pub env: &'a Env,
    /// Who to ask for passphrases, passwords and unknown host keys; kept by the session, which asks for sudo's password
    /// when a script first needs it.
    pub prompt: Arc<dyn Prompt>,
    /// Where to say what is waited for, and which key was accepted.
    pub events: &'a Events,
    /// Host keys pinned for this machine (`authorized_keys` form): where there is one, nothing else is accepted.
    pub pinned: &'a [String],
    /// sudo's password, where the user gave one beforehand.
    pub sudo_password: Option<Secret>,
    /// When to give up.
    pub deadline: Deadline,
}

/// One live connection to one host; a further one is made only where a server wants each session to have its own.
pub struct Session {
    wire: Wire,
    met: Arc<Met>,
    root: Root,
    prompt: Arc<dyn Prompt>,
}

/// How long to rest between logins while a host is coming up: OpenSSH 9.8 and later punishes haste for everybody behind
/// the same address (`PerSourcePenalties`).
const BETWEEN_LOGINS: Backoff =
    Backoff { first: std::time::Duration::from_secs(2), most: std::time::Duration::from_secs(10) };

/// How often a refused login is tried again on a host that a driver made: first boot may still be putting our key there.
const REFUSALS_BORNE: usize = 8;

/// The host key that a host shows now, in `authorized_keys` form, whatever is known of it; only a demanded fingerprint and
/// revocations still count. Nobody logs in.
pub async fn shown_host_key(endpoint: &SshEndpoint, connect: &Connect<'_>) -> Result<String, SshError> {
    let person = Person::new(connect.prompt.as_ref(), connect.events);
    let attempt = Attempt { connect, person: &person, is_patient: false };
    match connect.deadline.bound("the host key", Box::pin(attempt.shown_key(endpoint))).await {
        Ok(key) => Ok(key?.to_openssh().unwrap_or_default()),
        Err(source) => Err(SshError::GaveUp { host: endpoint.host.clone(), source, last: None }),
    }
}

/// A host key as people compare it: its kind and fingerprint; `None` for a text that is no key.
pub fn host_key_in_words(key: &str) -> Option<(String, Fingerprint)> {
    let key = russh::keys::PublicKey::from_openssh(key).ok()?;
    Some((key.algorithm().to_string(), trust::fingerprint(&key)))
}

impl Session {
    /// Logs in once; errors say at which step it ended.
    pub async fn connect(endpoint: &SshEndpoint, connect: &Connect<'_>) -> Result<Self, SshError> {
        let memory = Memory::new(Arc::clone(&connect.prompt));
        let person = Person::new(&memory, connect.events);
        let attempt = Attempt { connect, person: &person, is_patient: false };
        // Most steps have a shorter limit and a better error of their own.
        match connect.deadline.bound("the login", Box::pin(attempt.link(endpoint))).await {
            Ok(linked) => Ok(Self::over(linked?, endpoint, connect, memory)),
            Err(source) => Err(SshError::GaveUp { host: endpoint.host.clone(), source, last: None }),
        }
    }

    /// Logs in, trying again with backoff while the host is still coming up (refused, reset, "Not allowed at this time"),
    /// by full logins only: OpenSSH 9.8 and later punishes bare connects. Errors that waiting does not cure end it at once.
    pub async fn wait(endpoint: &SshEndpoint, connect: &Connect<'_>) -> Result<Self, SshError> {
        let memory = Memory::new(Arc::clone(&connect.prompt));
        let person = Person::new(&memory, connect.events);
        let attempt = Attempt { connect, person: &person, is_patient: true };
        let refusals = std::sync::atomic::AtomicUsize::new(0);
        let what = format!("SSH on {}", endpoint.host);
        let last = Mutex::new(None);
        let polled = retry::poll(&what, connect.deadline, BETWEEN_LOGINS, connect.events, || async {
            match attempt.link(endpoint).await {
                Ok(link) => Try::Done(link),
                Err(error) if error.is_passing() => Try::Again(dial::keep(&last, error, connect.deadline)),
                Err(error @ SshError::KeysRefused { .. }) if !endpoint.use_ssh_config => {
                    match refusals.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                        0..REFUSALS_BORNE => Try::Again(dial::keep(&last, error, connect.deadline)),
                        _ => Try::Fail(error),
                    }
                }
                Err(error) => Try::Fail(error),
            }
        });
        match Box::pin(polled).await {
            Ok(link) => Ok(Self::over(link, endpoint, connect, memory)),
            Err(PollError::Failed(error)) => Err(error),
            Err(PollError::TimedOut(source)) => {
                Err(SshError::GaveUp { host: endpoint.host.clone(), source, last: dial::kept(last) })
            }
        }
    }

    fn over(link: Link, endpoint: &SshEndpoint, connect: &Connect<'_>, memory: Memory) -> Self {
        Self {
            met: Arc::clone(&link.met),
            wire: Wire::new(link, endpoint, connect, memory),
            root: Root::new(connect.sudo_password.clone()),
            prompt: Arc::clone(&connect.prompt),
        }
    }

    /// The host key that was shown and verified, in `authorized_keys` form, to be pinned.
    pub fn host_key(&self) -> String {
        // A key that came over the wire can be written again.
        self.met.host_key.to_openssh().unwrap_or_default()
    }

    /// The address the connection goes to; `None` behind a jump host or a proxy command.
    pub fn peer_address(&self) -> Option<IpAddr> {
        self.met.peer
    }

    /// The login name that was used.
    pub fn user(&self) -> &str {
        &self.met.user
    }

    /// The identity file that was accepted, if it was a file.
    pub fn identity(&self) -> Option<PathBuf> {
        self.met.identity.clone()
    }

    /// Says goodbye.
    pub async fn close(self) {
        // A connection that is gone already needs no goodbye.
        let _ = self.wire.link().handle.disconnect(russh::Disconnect::ByApplication, "", "").await;
    }
}

impl Remote for Session {
    fn host(&self) -> &str {
        &self.met.host
    }

    fn foresee(&self, script: Script) {
        self.root.ahead.foresee(script);
    }

    fn run<'a>(
        &'a self,
        script: Script,
        document: &'a Document,
        deadline: Deadline,
        on_line: &'a mut (dyn FnMut(Line) + Send),
    ) -> BoxFuture<'a, Result<Exit, RemoteError>> {
        let job = Job { session: self, script, document, deadline };
        Box::pin(async move { job.run(on_line).await })
    }
}
