//! From a bare host to a secured engine: facts, plan, apply.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{engine::archive::Archive, event::Events, remote::Remote, retry::Deadline, tls::Identity};

pub use self::{
    apply::{Applied, apply},
    error::{After, ProvisionError},
    facts::Facts,
    plan::{Plan, plan, renewal},
    plan::{To, Upgrade, upgrade},
    reboot::{boot, reboot},
    refusal::{Holder, Refusal},
    release::{Released, release},
    survey::{Survey, survey},
    transaction::{foresee, take_up},
};

mod apply;
pub mod audit;
mod error;
pub mod facts;
mod offers;
pub mod os;
mod parcel;
pub mod plan;
mod reboot;
mod refusal;
mod release;
pub mod state;
mod survey;
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
    /// An archive, which the host fetches or gets from us, in a folder of its own.
    Static,
    /// The same, always sent over our connection: for hosts with no way out.
    Bundle,
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

/// An archive of an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveWish {
    /// Where it is.
    pub place: Place,
    /// The SHA-256 that it must have, in hexadecimal.
    pub sha256: Option<String>,
}

/// Where an archive is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// A URL that the host fetches; with a slash at its end, a folder with archives of several versions.
    Url(String),
    /// A file of this computer.
    File(PathBuf),
}

/// What the user wants of an engine, apart from certificates. Kept in the side file, so that `provision` can repeat it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wishes {
    /// Where the engine comes from.
    pub install: InstallFrom,
    /// The installer script's URL.
    pub install_url: Option<String>,
    /// Variables of the installer's environment, `K=V`, such as `DOWNLOAD_URL`.
    pub install_env: Vec<String>,
    /// The engine's version, or the beginning of it.
    pub version: Option<String>,
    /// The archive to install.
    pub archive: Option<ArchiveWish>,
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

    /// The variables of an installer: those wished for it, and the proxies that the engine gets. curl and its kin read them in
    /// small letters.
    pub fn installer_environment(&self) -> Vec<String> {
        let is_proxy = |name: &str| {
            ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"]
                .contains(&name.to_ascii_uppercase().as_str())
        };
        let proxies =
            self.env.iter().filter_map(|line| line.split_once('=')).filter(|(name, _)| is_proxy(name));
        let both = proxies.flat_map(|(name, value)| {
            [name.to_ascii_lowercase(), name.to_ascii_uppercase()].map(|name| format!("{name}={value}"))
        });
        both.chain(self.install_env.iter().cloned()).collect()
    }

    /// The file of this computer that has to be sent.
    pub fn archive_file(&self) -> Option<(&Path, Option<&str>)> {
        match &self.archive {
            Some(ArchiveWish { place: Place::File(path), sha256 }) => Some((path, sha256.as_deref())),
            Some(ArchiveWish { place: Place::Url(_), .. }) | None => None,
        }
    }
}

/// Looks at a host that is about to be changed: what an earlier run left there unfinished is taken up first.
pub async fn look(
    remote: &dyn Remote,
    wishes: &Wishes,
    deadline: Deadline,
    events: &Events,
) -> Result<Facts, ProvisionError> {
    let mut facts = facts::gather(remote, wishes, deadline, events).await?;
    if facts.unfinished.is_some() {
        take_up(remote, deadline, events).await?;
        facts = facts::gather(remote, wishes, deadline, events).await?;
    }
    if facts.engine.is_none() {
        facts.offers = offers::ask(remote, &facts, wishes, deadline, events).await?;
    }
    Ok(facts)
}

/// What provisioning needs beside the wishes.
pub struct Materials<'a> {
    /// The machine's name, for labels and messages.
    pub machine: &'a str,
    /// The id of its store.
    pub store: &'a str,
    /// Whether its driver made the host.
    pub is_made: bool,
    /// The driver's name, for the label `provider`.
    pub provider: &'a str,
    /// The address SSH went to, where it is known.
    pub reached: Option<IpAddr>,
    /// The CA's certificate, PEM.
    pub authority: &'a str,
    /// The machine's server certificate and key.
    pub server: &'a Identity,
    /// The archive that is to be sent, where one is.
    pub archive: Option<&'a Archive>,
    /// Variables of the installer's environment.
    pub environment: Vec<String>,
}
