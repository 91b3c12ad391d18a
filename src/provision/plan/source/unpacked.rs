//! An engine out of an archive: which one, and whether it fits the host.

use serde::{Deserialize, Serialize};

use super::{Packages, on_offer};
use crate::{
    engine::{archive::Archive, versions},
    provision::{
        ArchiveWish, Place, Wishes,
        facts::Facts,
        os::{Family, Supply},
        refusal::{self, Refusal},
    },
};

/// Where the vendor has everything. <https://docs.docker.com/engine/install/binaries/>
pub(in crate::provision) const DOWNLOADS: &str = "https://download.docker.com";
/// What an archive holds, when it has not been seen: the largest of the vendor's, in bytes.
const USUAL_UNPACKED: u64 = 320 * 1024 * 1024;
/// The same of what is fetched.
const USUAL_FETCHED: u64 = 100 * 1024 * 1024;

/// An archive, and how it comes to the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Static {
    /// The version; names its folder.
    pub version: String,
    /// How it comes.
    pub supplied: Supplied,
    /// Whether the docker client in it is put into reach: only where there is none.
    pub brings_client: bool,
    /// Packages it needs first.
    pub first: Option<Packages>,
}

/// How an archive comes to a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Supplied {
    /// The host fetches it.
    Fetched {
        /// From here.
        url: String,
        /// The SHA-256 it must have.
        sha256: Option<String>,
    },
    /// It is sent over our connection.
    Sent {
        /// Its SHA-256.
        sha256: String,
        /// Its bytes.
        bytes: u64,
    },
    /// It lies there already, from an earlier upgrade.
    There,
}

/// The archive that is meant, if it fits this host.
pub(in crate::provision) fn choose(
    facts: &Facts,
    wishes: &Wishes,
    archive: Option<&Archive>,
) -> Result<Static, Refusal> {
    match archive {
        Some(archive) => sent(facts, wishes, archive),
        None => fetched(facts, wishes),
    }
}

fn sent(facts: &Facts, wishes: &Wishes, archive: &Archive) -> Result<Static, Refusal> {
    if let Some(arch) = archive.arch.filter(|arch| *arch != facts.arch) {
        return Err(Refusal::WrongArch { archive: arch.to_owned(), host: facts.arch.clone() });
    }
    if let Some(pin) = wishes.version.as_ref().filter(|pin| !versions::is_meant(&archive.version, pin)) {
        return Err(Refusal::NoSuchVersion {
            version: pin.clone(),
            offered_by: "the archive".to_owned(),
            nearest: vec![archive.version.clone()],
        });
    }
    let bytes = archive.bytes.len() as u64;
    refusal::judge_room_for(facts, archive.unpacked, bytes)?;
    judge_iptables(facts, wishes)?;
    Ok(Static {
        version: archive.version.clone(),
        supplied: Supplied::Sent { sha256: archive.sha256.clone(), bytes },
        brings_client: archive.has_client && facts.client.is_none(),
        first: None,
    })
}

fn fetched(facts: &Facts, wishes: &Wishes) -> Result<Static, Refusal> {
    let sha256 = wishes.archive.as_ref().and_then(|archive| archive.sha256.clone());
    let place = location(facts, wishes);
    let (version, url) = if let Some(folder) = place.strip_suffix('/') {
        let version = on_offer(facts, wishes.version.as_deref().unwrap_or_default())?;
        let url = format!("{folder}/docker-{version}.tgz");
        (version, url)
    } else {
        (version_of(&place, wishes)?, place)
    };
    refusal::judge_room_for(facts, USUAL_UNPACKED, USUAL_FETCHED)?;
    Ok(Static {
        version,
        supplied: Supplied::Fetched { url, sha256 },
        brings_client: facts.client.is_none(),
        first: missing(facts),
    })
}

/// The URL of the archive, or of the folder where it is; the latter ends in a slash.
pub(in crate::provision) fn location(facts: &Facts, wishes: &Wishes) -> String {
    match &wishes.archive {
        Some(ArchiveWish { place: Place::Url(url), .. }) => url.clone(),
        Some(ArchiveWish { place: Place::File(_), .. }) | None => {
            format!("{DOWNLOADS}/linux/static/stable/{}/", vendors_name(&facts.arch))
        }
    }
}

/// The vendor's name for what `uname -m` says.
pub(in crate::provision) fn vendors_name(arch: &str) -> &str {
    match arch {
        "armv7l" | "armv8l" => "armhf",
        "armv6l" => "armel",
        other => other,
    }
}

/// The name of the file says the version, else the user must.
fn version_of(url: &str, wishes: &Wishes) -> Result<String, Refusal> {
    let name = url.rsplit('/').next().unwrap_or(url);
    let named = name.strip_prefix("docker-").and_then(|name| name.strip_suffix(".tgz"));
    let named = named.filter(|name| crate::engine::archive::is_folder_name(name));
    match (named, &wishes.version) {
        (Some(named), Some(pin)) if !versions::is_meant(named, pin) => Err(Refusal::NoSuchVersion {
            version: pin.clone(),
            offered_by: url.to_owned(),
            nearest: vec![named.to_owned()],
        }),
        (Some(named), _) => Ok(named.to_owned()),
        (None, Some(version)) if crate::engine::archive::is_folder_name(version) => Ok(version.clone()),
        (None, _) => Err(Refusal::OddArchive { url: url.to_owned() }),
    }
}

/// A host with no way out cannot install what is missing.
fn judge_iptables(facts: &Facts, wishes: &Wishes) -> Result<(), Refusal> {
    let is_off = wishes.daemon.get("iptables") == Some(&serde_json::Value::Bool(false));
    if facts.engine.is_some() || facts.tools.iptables || is_off { Ok(()) } else { Err(Refusal::NoIptables) }
}

/// What an engine out of an archive needs of the distribution.
fn missing(facts: &Facts) -> Option<Packages> {
    let names: Vec<String> = [(facts.tools.iptables, "iptables"), (facts.tools.fetcher, "curl")]
        .into_iter()
        .filter(|(is_there, _)| !is_there)
        .map(|(_, name)| name.to_owned())
        .collect();
    let family = Family::of(&facts.os).filter(|_| facts.engine.is_none() && !names.is_empty())?;
    match &family.supply {
        Supply::Packages { tool, .. } => {
            Some(Packages { tool: *tool, names, repository: None, keep: Vec::new() })
        }
        Supply::BuiltIn => None,
    }
}
