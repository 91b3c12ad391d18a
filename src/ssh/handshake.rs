//! From a bare stream to an encrypted one whose host key was accepted.

use std::sync::{Arc, Mutex, PoisonError};
use std::{borrow::Cow, time::Duration};

use russh::{
    AlgorithmKind, Preferred,
    client::{self, DisconnectReason, Handle},
    keys::{Algorithm, PublicKey, PublicKeyOrCertificate},
};
use tokio::sync::{mpsc, oneshot};

use super::{
    SshError,
    ask::Person,
    error::readable,
    tap::{Heard, Stream, Tap},
    trust::Trust,
};
use crate::retry::Deadline;

/// The longest a server may take for its part of the key exchange.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often a quiet server is asked whether it is still there; after four times without an answer it is not.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// What the server said in parting, and why the connection ended.
#[derive(Clone, Default)]
pub(super) struct Parting(Arc<Mutex<Option<String>>>);

impl Parting {
    /// The last words, if there were any.
    pub fn words(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, words: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
    }
}

/// A host key to decide about, and where the answer goes.
type Question = (PublicKeyOrCertificate, oneshot::Sender<bool>);

/// Our side of russh's callbacks. It runs in russh's task, so questions are sent to where the person can be asked.
pub(super) struct Client {
    questions: mpsc::Sender<Question>,
    parting: Parting,
}

impl client::Handler for Client {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let (answer, decided) = oneshot::channel();
        let key = match key {
            PublicKeyOrCertificate::PublicKey { key, hash_alg } => {
                PublicKeyOrCertificate::PublicKey { key: key.clone(), hash_alg: *hash_alg }
            }
            PublicKeyOrCertificate::Certificate(certificate) => certificate.clone().into(),
        };
        self.questions.send((key, answer)).await.map_err(|_| russh::Error::UnknownKey)?;
        Ok(decided.await.unwrap_or(false))
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut client::Session) -> Result<(), russh::Error> {
        tracing::debug!(banner, "the server's banner");
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<russh::Error>) -> Result<(), russh::Error> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                self.parting.set(readable(info.message.as_bytes()));
                Ok(())
            }
            DisconnectReason::Error(error) => {
                self.parting.set(error.to_string());
                Err(error)
            }
        }
    }
}

/// An encrypted connection, not logged in yet.
pub(super) struct Encrypted {
    pub handle: Handle<Client>,
    pub host_key: PublicKey,
    pub parting: Parting,
}

/// What a handshake needs to know.
pub(super) struct Handshake<'a> {
    pub host: &'a str,
    pub trust: &'a Trust,
    pub person: &'a Person<'a>,
    pub deadline: Deadline,
    /// Kinds of host keys that were tried and did not show the demanded key.
    pub without: &'a [String],
}

impl Handshake<'_> {
    /// Does the key exchange over a stream.
    pub async fn over(&self, stream: Box<dyn Stream>) -> Result<Encrypted, SshError> {
        let (tap, heard) = Tap::new(stream);
        let parting = Parting::default();
        let (questions, mut asked) = mpsc::channel(1);
        let client = Client { questions, parting: parting.clone() };
        let connecting = client::connect_stream(Arc::new(self.config()), tap, client);
        let mut connecting = std::pin::pin!(connecting);
        let mut decided = None;
        loop {
            // A new step after each question: the person's time is not the server's.
            let step = self.deadline.at_most(HANDSHAKE_TIMEOUT);
            let next = async {
                tokio::select! {
                    done = &mut connecting => Next::Done(done),
                    Some(question) = asked.recv() => Next::Asked(Box::new(question)),
                }
            };
            match step.bound("the key exchange", next).await {
                Err(_late) => return Err(self.explain_silence(&heard)),
                Ok(Next::Asked(question)) => {
                    let (key, answer) = *question;
                    let decision = self.trust.decide(&key, self.person).map(|()| key.public_key());
                    // The receiver is gone only when the connection ended meanwhile, which is told below.
                    let _ = answer.send(decision.is_ok());
                    decided = Some(decision);
                }
                Ok(Next::Done(outcome)) => {
                    return match (outcome, decided) {
                        (_, Some(Err(error))) => Err(error),
                        (Ok(handle), Some(Ok(host_key))) => Ok(Encrypted { handle, host_key, parting }),
                        (Ok(_), None) => Err(self.explain(russh::Error::UnknownKey, &heard, &parting)),
                        (Err(error), _) => Err(self.explain(error, &heard, &parting)),
                    };
                }
            }
        }
    }

    fn config(&self) -> client::Config {
        client::Config {
            client_id: russh::SshId::Standard(Cow::Borrowed(concat!(
                "SSH-2.0-rmachine_",
                env!("CARGO_PKG_VERSION")
            ))),
            keepalive_interval: Some(KEEPALIVE),
            nodelay: true,
            preferred: self.preferred(),
            ..client::Config::default()
        }
    }

    /// russh's preferences, with the NIST curves that older appliances have alone, and the known host keys first.
    fn preferred(&self) -> Preferred {
        let defaults = Preferred::DEFAULT;
        let mut kex = defaults.kex.to_vec();
        let nist =
            [russh::kex::ECDH_SHA2_NISTP256, russh::kex::ECDH_SHA2_NISTP384, russh::kex::ECDH_SHA2_NISTP521];
        let after_curve25519 =
            kex.iter().position(|name| *name == russh::kex::DH_GEX_SHA256).unwrap_or_default();
        kex.splice(after_curve25519..after_curve25519, nist);
        let known = self.trust.known_algorithms();
        let is_known = |algorithm: &Algorithm| known.iter().any(|known| same_kind(known, algorithm));
        let wanted = |algorithm: &&Algorithm| !self.without.contains(&plain(algorithm).to_string());
        let mut keys: Vec<_> = defaults.key.iter().filter(wanted).cloned().collect();
        // Stable: among the known ones and among the others russh's order stays.
        keys.sort_by_key(|key| !is_known(key));
        let certificates = if self.trust.wants_certificates() { keys.clone() } else { Vec::new() };
        Preferred {
            kex: Cow::Owned(kex),
            key: Cow::Owned(keys),
            host_key_certificates: Cow::Owned(certificates),
            ..defaults
        }
    }

    fn explain_silence(&self, heard: &Heard) -> SshError {
        let host = self.host.to_owned();
        let bytes = heard.bytes();
        if bytes.is_empty() {
            SshError::Silent { host }
        } else if has_version(&bytes) {
            let said = Some("nothing more".to_owned());
            SshError::Handshake { host, said, source: Box::new(russh::Error::ConnectionTimeout) }
        } else {
            SshError::NotSsh { host, said: readable(&bytes) }
        }
    }

    fn explain(&self, error: russh::Error, heard: &Heard, parting: &Parting) -> SshError {
        let host = self.host.to_owned();
        let bytes = heard.bytes();
        if let russh::Error::NoCommonAlgo { kind, ours, theirs } = error {
            return SshError::NoCommonAlgorithm { host, kind: kind_name(&kind), ours, theirs };
        }
        if bytes.is_empty() {
            return SshError::ClosedAtOnce { host };
        }
        if !has_version(&bytes) {
            let said = readable(&bytes);
            return if is_for_now(&said) {
                SshError::NotNow { host, said }
            } else {
                SshError::NotSsh { host, said }
            };
        }
        let said = parting.words();
        SshError::Handshake { host, said, source: Box::new(error) }
    }
}

enum Next {
    Done(Result<Handle<Client>, russh::Error>),
    Asked(Box<Question>),
}

/// Whether a line with a version of the protocol was among the bytes.
fn has_version(bytes: &[u8]) -> bool {
    bytes
        .split(|&byte| byte == b'\n')
        .any(|line| line.starts_with(b"SSH-2.0-") || line.starts_with(b"SSH-1.99-"))
}

/// What OpenSSH says instead of its version when it has had enough connections, from us (9.8 and later) or at all.
fn is_for_now(said: &str) -> bool {
    ["Not allowed at this time", "Exceeded MaxStartups"].iter().any(|words| said.contains(words))
}

fn kind_name(kind: &AlgorithmKind) -> &'static str {
    match kind {
        AlgorithmKind::Kex => "key exchange",
        AlgorithmKind::Key => "host key",
        AlgorithmKind::Cipher => "cipher",
        AlgorithmKind::Compression => "compression",
        AlgorithmKind::Mac => "MAC",
    }
}

/// An algorithm without the hash, which belongs to the signature and not to the key.
fn plain(algorithm: &Algorithm) -> Algorithm {
    match algorithm {
        Algorithm::Rsa { .. } => Algorithm::Rsa { hash: None },
        other => other.clone(),
    }
}

fn same_kind(one: &Algorithm, other: &Algorithm) -> bool {
    plain(one) == plain(other)
}
