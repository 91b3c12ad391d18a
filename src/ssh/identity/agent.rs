//! The agent: which keys it holds, and its signatures.

use std::path::Path;

use russh::keys::{
    PublicKey,
    agent::{AgentIdentity, client::AgentClient},
};
use tokio::net::UnixStream;

/// A connection to an agent.
pub(in crate::ssh) type Agent = AgentClient<UnixStream>;

/// A key an agent holds.
#[derive(Clone, Debug)]
pub(in crate::ssh) struct AgentKey {
    /// Its public half.
    pub public: PublicKey,
    /// What its owner calls it.
    pub comment: String,
}

impl AgentKey {
    /// Whether it is this key; comments do not matter.
    pub fn is(&self, public: &PublicKey) -> bool {
        self.public.key_data() == public.key_data()
    }
}

/// Connects to an agent and lists its keys. An agent that does not answer is no error: people keep stale sockets.
pub(in crate::ssh) async fn open(socket: &Path) -> Option<(Agent, Vec<AgentKey>)> {
    let listed = async {
        let mut agent = Agent::connect_uds(socket).await?;
        let identities = agent.request_identities().await?;
        Ok::<_, russh::keys::Error>((agent, identities))
    };
    match listed.await {
        Ok((agent, identities)) => Some((agent, identities.into_iter().filter_map(plain).collect())),
        Err(error) => {
            tracing::debug!(socket = %socket.display(), %error, "the agent does not answer");
            None
        }
    }
}

fn plain(identity: AgentIdentity) -> Option<AgentKey> {
    match identity {
        AgentIdentity::PublicKey { key, comment } => Some(AgentKey { public: key, comment }),
        AgentIdentity::Certificate { .. } => None,
    }
}
