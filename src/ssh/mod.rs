//! SSH on russh: one connection per host, its identity verified, scripts run as root over it.

use std::{net::IpAddr, path::PathBuf};

use futures_util::future::BoxFuture;

use crate::{
    env::Env,
    event::Events,
    machine::{Fingerprint, SshEndpoint},
    prompt::Prompt,
    remote::{Document, Exit, Line, Remote, RemoteError, Script},
    retry::Deadline,
    secret::Secret,
};

/// What a connection needs beside the endpoint.
pub struct Connect<'a> {
    /// Home, agent socket and PATH.
    pub env: &'a Env,
    /// Who to ask for passphrases, passwords and unknown host keys.
    pub prompt: &'a dyn Prompt,
    /// Where to say what is waited for, and which key was accepted.
    pub events: &'a Events,
    /// Host keys pinned for this machine (`authorized_keys` form): where there is one, nothing else is accepted.
    pub pinned: &'a [String],
    /// sudo's password, where the user gave one beforehand.
    pub sudo_password: Option<Secret>,
    /// When to give up.
    pub deadline: Deadline,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    /// The host key is not the one that was pinned, demanded or known.
    #[error("the host key of {host} is {seen}, not the one that is known ({known})")]
    HostKeyChanged {
        /// The host.
        host: String,
        /// What it showed.
        seen: Fingerprint,
        /// Where another one stands, such as `known_hosts line 3` or `pinned for machine n1`.
        known: String,
    },
}

/// One live connection to one host.
pub struct Session {
    _private: (),
}

impl Session {
    /// Logs in once; errors say at which step it ended.
    pub async fn connect(endpoint: &SshEndpoint, connect: &Connect<'_>) -> Result<Self, SshError> {
        let _ = (endpoint, connect);
        todo!()
    }

    /// Logs in, trying again with backoff while the host is still coming up (refused, reset, "Not allowed at this time"),
    /// by full logins only: OpenSSH 9.8 and later punishes bare connects. Errors that waiting does not cure end it at once.
    pub async fn wait(endpoint: &SshEndpoint, connect: &Connect<'_>) -> Result<Self, SshError> {
        let _ = (endpoint, connect);
        todo!()
    }

    /// The host key that was shown and verified, in `authorized_keys` form, to be pinned.
    pub fn host_key(&self) -> String {
        todo!()
    }

    /// The address the connection goes to; `None` behind a jump host or a proxy command.
    pub fn peer_address(&self) -> Option<IpAddr> {
        todo!()
    }

    /// The login name that was used.
    pub fn user(&self) -> &str {
        todo!()
    }

    /// The identity file that was accepted, if it was a file.
    pub fn identity(&self) -> Option<PathBuf> {
        todo!()
    }

    /// Says goodbye.
    pub async fn close(self) {
        todo!()
    }
}

impl Remote for Session {
    fn host(&self) -> &str {
        todo!()
    }

    fn run<'a>(
        &'a self,
        script: Script,
        document: &'a Document,
        deadline: Deadline,
        on_line: &'a mut (dyn FnMut(Line) + Send),
    ) -> BoxFuture<'a, Result<Exit, RemoteError>> {
        let _ = (script, document, deadline, on_line);
        todo!()
    }
}
