//! Where a plugin says its host answers. It is asked once after each change, and kept in the stored state, so that `env`, `ls` and `ssh`
//! need no plugin; docker-machine and the plugin itself pass over that field.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{error::PluginError, lease::Lease};
use crate::machine::SshEndpoint;

/// The field of the state that is ours.
const FIELD: &str = "rmachine";

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The engine's URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The host's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Where SSH answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh: Option<Ssh>,
    /// A `create` began to make the host and did not end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_begun: bool,
}

/// Where SSH answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ssh {
    host: String,
    port: Option<u16>,
    user: Option<String>,
    key: Option<String>,
}

impl Kept {
    /// What is kept in a state.
    pub fn of(state: &Json) -> Self {
        state.get(FIELD).and_then(|kept| Self::deserialize(kept).ok()).unwrap_or_default()
    }

    /// Keeps it.
    pub fn keep(&self, state: &mut Json) {
        if let (Json::Object(fields), Ok(kept)) = (state, serde_json::to_value(self)) {
            fields.insert(FIELD.to_owned(), kept);
        }
    }

    /// Whether the host was made to its end.
    pub fn is_made(&self) -> bool {
        self.url.is_some() || self.ip.is_some() || self.ssh.is_some()
    }

    /// Asks a plugin.
    pub async fn ask(plugin: &mut Lease) -> Result<Self, PluginError> {
        let (url, ip) = (plugin.text("GetURL").await?, plugin.text("GetIP").await?);
        let ssh = match plugin.text("GetSSHHostname").await? {
            None => None,
            Some(host) => Some(Ssh {
                host,
                port: plugin
                    .number("GetSSHPort")
                    .await?
                    .and_then(|port| u16::try_from(port).ok())
                    .filter(|port| *port != 0),
                user: plugin.text("GetSSHUsername").await?,
                key: plugin.text("GetSSHKeyPath").await?,
            }),
        };
        Ok(Self { url, ip, ssh, is_begun: false })
    }

    /// The way into the host.
    pub fn endpoint(&self) -> Option<SshEndpoint> {
        let Ssh { host, port, user, key } = self.ssh.clone()?;
        Some(SshEndpoint {
            host,
            port,
            user,
            identity: key.map(Into::into),
            host_keys: Vec::new(),
            fingerprint: None,
            use_ssh_config: false,
        })
    }
}

/// A state without what is ours: what the plugin gets.
pub fn of_plugin(state: &Json) -> Json {
    let mut state = state.clone();
    if let Json::Object(fields) = &mut state {
        fields.shift_remove(FIELD);
    }
    state
}
