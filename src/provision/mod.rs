//! From a bare host to a secured engine: facts, plan, apply.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{event::Events, remote::Remote, retry::Deadline, tls::Identity};

pub use self::{
    apply::{Applied, apply},
    error::{After, ProvisionError},
    facts::Facts,
    plan::{Plan, plan, renewal},
    refusal::Refusal,
    release::{Released, release},
    transaction::{foresee, take_up},
};

mod apply;
pub mod audit;
mod error;
pub mod facts;
pub mod os;
mod parcel;
pub mod plan;
mod refusal;
mod release;
pub mod state;
mod transaction;
pub mod unit;

/// The engine's port, where none is wished for.
const DEFAULT_PORT: u16 = 2376;

/// Where the engine comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InstallFrom {
    /// Keep one that is there, else the vendor's script where its host answers, else the distribution's package.
    #[default]
    Auto,
    /// The distribution's package.
    Distro,
    /// The vendor's script.
    Script,
    /// Nothing is installed; the engine must be there.
    None,
}

/// How clients reach the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Mutual TLS on a TCP port.
    #[default]
    Tls,
    /// Over SSH; no port is opened.
    Ssh,
}

/// What the user wants of an engine, apart from certificates. Kept in the side file, so that `provision` can repeat it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// Where the engine comes from.
    pub install: InstallFrom,
    /// The installer script's URL.
    pub install_url: Option<String>,
    /// How clients reach it.
    pub access: Access,
    /// The addresses to listen on; empty means the one SSH used where the host owns it, else every address.
    pub listen: Vec<IpAddr>,
    /// The engine's TCP port; 0 is the usual one, 2376.
    pub port: u16,
    /// The host name to set; `None` leaves it.
    pub hostname: Option<String>,
    /// Labels, registries, storage driver and the like, as a patch of daemon.json.
    pub daemon: serde_json::Map<String, serde_json::Value>,
    /// Environment variables of the engine, `K=V`.
    pub env: Vec<String>,
}

impl Wishes {
    /// The engine's TCP port.
    pub fn port(&self) -> u16 {
        if self.port == 0 { DEFAULT_PORT } else { self.port }
    }
}

/// Looks at a host that is about to be changed: what an earlier run left there unfinished is taken up first.
pub async fn look(
    remote: &dyn Remote,
    wishes: &Wishes,
    deadline: Deadline,
    events: &Events,
) -> Result<Facts, ProvisionError> {
    let facts = facts::gather(remote, wishes, deadline, events).await?;
    if facts.unfinished.is_none() {
        return Ok(facts);
    }
    take_up(remote, deadline, events).await?;
    facts::gather(remote, wishes, deadline, events).await
}

/// What provisioning needs beside the wishes.
pub struct Materials<'a> {
    /// The machine's name, for labels and messages.
    pub machine: &'a str,
    /// The driver's name, for the label `provider`.
    pub provider: &'a str,
    /// The address SSH went to, where it is known.
    pub reached: Option<IpAddr>,
    /// The CA's certificate, PEM.
    pub authority: &'a str,
    /// The machine's server certificate and key.
    pub server: &'a Identity,
}
