//! From an endpoint to a logged-in connection: one attempt, with jump hosts and proxies under it.

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::BoxFuture;
use russh::{ChannelOpenFailure, client::Handle, keys::PublicKey};
use tokio::process::Child;

use super::{
    Connect, SshError,
    ask::Person,
    auth::Login,
    config::local_user,
    dial,
    handshake::{Client, Encrypted, Handshake, Parting},
    identity::{Agent, Candidate, Candidates, open_agent},
    tap::Stream,
    target::{DEFAULT_USER, Hop, Identities, Route, Target},
    trust::{Place, Trust},
};
use crate::machine::SshEndpoint;

/// A logged-in connection, and what it stands on.
pub(super) struct Link {
    pub handle: Handle<Client>,
    pub parting: Parting,
    pub met: Arc<Met>,
    /// Whether the server has opened a session in it.
    has_had_session: AtomicBool,
    /// What carries the connection; it ends when this is dropped.
    _under: Under,
}

/// Who met whom when the connection was made.
pub(super) struct Met {
    pub host: String,
    pub user: String,
    pub host_key: PublicKey,
    pub peer: Option<IpAddr>,
    pub identity: Option<PathBuf>,
}

impl Link {
    /// Takes note that the server opened a session.
    pub fn had_session(&self) {
        self.has_had_session.store(true, Ordering::Relaxed);
    }

    /// Whether a refusal of a session now can be due to the ones before.
    pub fn has_had_session(&self) -> bool {
        self.has_had_session.load(Ordering::Relaxed)
    }
}

/// What carries a connection.
enum Under {
    Tcp,
    Jump { _last: Box<Link> },
    Command { _child: Child },
}

/// Jump hosts may be reached through further ones this deep.
const DEEPEST_JUMP: usize = 8;

/// One attempt to connect and to log in.
pub(super) struct Attempt<'a> {
    pub connect: &'a Connect<'a>,
    pub person: &'a Person<'a>,
    /// Whether a host that refuses TCP connections is waited for.
    pub is_patient: bool,
}

impl Attempt<'_> {
    /// Connects and logs in.
    pub async fn link(&self, endpoint: &SshEndpoint) -> Result<Link, SshError> {
        let target = Target::resolve(endpoint, self.connect.env, DEFAULT_USER)?;
        let trust = Trust::load(&target, endpoint, self.connect.pinned)?;
        self.link_to(target, trust, 0, None).await
    }

    /// The host key that is shown there, without logging in.
    pub async fn shown_key(&self, endpoint: &SshEndpoint) -> Result<PublicKey, SshError> {
        let target = Target::resolve(endpoint, self.connect.env, DEFAULT_USER)?;
        let trust = Trust::look(&target, endpoint, self.connect.pinned)?;
        let Opened { encrypted, .. } = self.encrypted(&target, &trust, 0, None).await?;
        // It was only looked at; a server that is gone by now needs no goodbye.
        let _ = encrypted.handle.disconnect(russh::Disconnect::ByApplication, "", "").await;
        Ok(encrypted.host_key)
    }

    async fn link_to(
        &self,
        target: Target,
        trust: Trust,
        depth: usize,
        over: Option<Link>,
    ) -> Result<Link, SshError> {
        // Keys first: what is wrong with them is told without a packet, and a passphrase is not asked for while a
        // server's patience runs out.
        let (agent, candidates) = self.keys(&target.identities).await?;
        let Opened { encrypted, peer, under } = self.encrypted(&target, &trust, depth, over).await?;
        let Encrypted { mut handle, host_key, parting } = encrypted;
        let mut login = Login {
            handle: &mut handle,
            host: &target.shown,
            user: &target.user,
            person: self.person,
            parting: &parting,
            agent,
            tried: Vec::new(),
            methods: None,
        };
        let logged_in = self.connect.deadline.bound("the login", login.run(candidates)).await;
        let identity = logged_in.map_err(|source| SshError::GaveUp {
            host: target.shown.clone(),
            source,
            last: None,
        })??;
        let met = Arc::new(Met { host: target.shown, user: target.user, host_key, peer, identity });
        Ok(Link { handle, parting, met, has_had_session: AtomicBool::new(false), _under: under })
    }

    async fn keys(&self, identities: &Identities) -> Result<(Option<Agent>, Candidates), SshError> {
        let opened = match &identities.agent {
            Some(socket) => open_agent(socket).await,
            None => None,
        };
        let (agent, in_agent) = opened.map_or((None, Vec::new()), |(agent, keys)| (Some(agent), keys));
        let candidates = Candidates::collect(identities, in_agent)?;
        if identities.explicit.is_some()
            && let [Candidate::File(file)] = candidates.keys.as_slice()
        {
            file.unlock(self.person.prompt())?;
        }
        Ok((agent, candidates))
    }

    /// Connects and does the key exchange. A demanded fingerprint does not say of which kind its key is, so when the host
    /// shows another key it is asked again for the other kinds.
    async fn encrypted(
        &self,
        target: &Target,
        trust: &Trust,
        depth: usize,
        mut over: Option<Link>,
    ) -> Result<Opened, SshError> {
        let mut without: Vec<String> = Vec::new();
        let mut first_error = None;
        loop {
            let Carrier { stream, peer, under } = self.carrier(target, depth, over.take()).await?;
            let handshake = Handshake {
                host: &target.shown,
                trust,
                person: self.person,
                deadline: self.connect.deadline,
                without: &without,
            };
            let error = match handshake.over(stream).await {
                Ok(encrypted) => return Ok(Opened { encrypted, peer, under }),
                Err(error) => error,
            };
            match &error {
                SshError::HostKeyChanged { kind, known, .. }
                    if known.place == Place::Demanded && !without.contains(kind) =>
                {
                    without.push(kind.clone());
                    first_error.get_or_insert(error);
                }
                _ => return Err(first_error.unwrap_or(error)),
            }
        }
    }

    async fn carrier(&self, target: &Target, depth: usize, over: Option<Link>) -> Result<Carrier, SshError> {
        if let Some(last) = over {
            return Carrier::through(last, target).await;
        }
        match &target.route {
            Route::Direct => {
                let stream = dial::tcp(target, self.connect, self.is_patient && depth == 0).await?;
                let peer = stream.peer_addr().ok().map(|address| address.ip());
                Ok(Carrier { stream: Box::new(stream), peer, under: Under::Tcp })
            }
            Route::Command(command) => {
                let (stream, child) = dial::proxy_command(target, command)?;
                Ok(Carrier { stream: Box::new(stream), peer: None, under: Under::Command { _child: child } })
            }
            Route::Jump(hops) => match self.hop_over(hops, target, depth).await? {
                Some(last) => Carrier::through(last, target).await,
                None => Err(SshError::JumpLoop { host: target.shown.clone() }),
            },
        }
    }

    /// Logs in to one jump host through the other. The first is reached as its own ssh_config says.
    fn hop_over<'s>(
        &'s self,
        hops: &'s [Hop],
        target: &'s Target,
        depth: usize,
    ) -> BoxFuture<'s, Result<Option<Link>, SshError>> {
        Box::pin(async move {
            if depth == DEEPEST_JUMP {
                return Err(SshError::JumpLoop { host: target.shown.clone() });
            }
            let mut last = None;
            for hop in hops {
                let linked = self.hop(hop, depth + 1, last.take()).await;
                last = Some(linked.map_err(|source| match source {
                    SshError::JumpLoop { .. } => SshError::JumpLoop { host: target.shown.clone() },
                    source => SshError::Jump { hop: hop.host.clone(), source: Box::new(source) },
                })?);
            }
            Ok(last)
        })
    }

    async fn hop(&self, hop: &Hop, depth: usize, over: Option<Link>) -> Result<Link, SshError> {
        let endpoint = hop.endpoint();
        let target = Target::resolve(&endpoint, self.connect.env, local_user(self.connect.env))?;
        let trust = Trust::load(&target, &endpoint, &[])?;
        self.link_to(target, trust, depth, over).await
    }
}

/// An encrypted connection and what carries it.
struct Opened {
    encrypted: Encrypted,
    peer: Option<IpAddr>,
    under: Under,
}

/// A bare stream to a server.
struct Carrier {
    stream: Box<dyn Stream>,
    peer: Option<IpAddr>,
    under: Under,
}

impl Carrier {
    /// Lets the last jump host connect to the target.
    async fn through(last: Link, target: &Target) -> Result<Self, SshError> {
        let (host, port) = (target.host.clone(), target.port);
        let opened = last.handle.channel_open_direct_tcpip(&host, u32::from(port), "127.0.0.1", 0).await;
        match opened {
            Ok(channel) => Ok(Self {
                stream: Box::new(channel.into_stream()),
                peer: None,
                under: Under::Jump { _last: Box::new(last) },
            }),
            Err(error) => Err(SshError::Jump {
                hop: last.met.host.clone(),
                source: Box::new(SshError::Denied {
                    host: last.met.host.clone(),
                    what: format!("a connection to {host} port {port}"),
                    reason: denial(&error),
                }),
            }),
        }
    }
}

/// Why a channel was not opened, in words.
pub(super) fn denial(error: &russh::Error) -> String {
    let russh::Error::ChannelOpenFailure(reason) = error else { return error.to_string() };
    match reason {
        ChannelOpenFailure::AdministrativelyProhibited => "its configuration forbids it",
        ChannelOpenFailure::ConnectFailed => "it could not connect",
        ChannelOpenFailure::UnknownChannelType => "it does not know how",
        ChannelOpenFailure::ResourceShortage => "it has too many open",
        ChannelOpenFailure::Other { reason, .. } => reason,
    }
    .to_owned()
}
