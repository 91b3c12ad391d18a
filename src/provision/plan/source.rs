//! Where an engine comes from, when there is none.

mod unpacked;

use serde::{Deserialize, Serialize};

pub(in crate::provision) use self::unpacked::{DOWNLOADS, choose as archive, location, vendors_name};
pub use self::unpacked::{Static, Supplied};
use crate::{
    engine::{archive::Archive, versions},
    provision::{
        Access, InstallFrom, Wishes,
        facts::{Facts, INSTALLER, Installer},
        os::{Family, PackageTool, Supply},
        refusal::Refusal,
    },
};

/// What is installed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Source {
    /// Packages of the distribution, or of the vendor's repository for it.
    Packages(Packages),
    /// The vendor's script.
    Script {
        /// From here.
        url: String,
        /// The version it is told to install, where one is wished for.
        version: Option<String>,
        /// Packages it needs first.
        first: Option<Packages>,
    },
    /// An archive, into a folder of its own.
    Static(Static),
    /// The packages that the last upgrade kept.
    Back(Packages),
}

/// Packages, and what installs them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packages {
    /// With this tool.
    pub tool: PackageTool,
    /// These, in the tool's own words where a version is asked for.
    pub names: Vec<String>,
    /// The file of the vendor's repository, where the distribution has no engine.
    pub repository: Option<String>,
    /// Packages that are kept for the way back before anything changes.
    pub keep: Vec<String>,
}

/// What has to be installed on this host; nothing where an engine is.
pub(super) fn choose(
    facts: &Facts,
    wishes: &Wishes,
    archive: Option<&Archive>,
) -> Result<Option<Source>, Refusal> {
    if facts.engine.is_some() {
        judge_version(facts, wishes)?;
        return client(facts, wishes);
    }
    match wishes.install {
        InstallFrom::None => Err(Refusal::NoEngine),
        InstallFrom::Script => script(facts, wishes).map(Some),
        InstallFrom::Static | InstallFrom::Bundle => {
            unpacked::choose(facts, wishes, archive).map(|chosen| Some(Source::Static(chosen)))
        }
        InstallFrom::Auto if facts.installer == Installer::Answers && script_fits(facts, wishes) => {
            script(facts, wishes).map(Some)
        }
        InstallFrom::Auto | InstallFrom::Distro => distro(facts, wishes).map(Some),
    }
}

/// An engine that is found is kept. Once adopted, its version is the business of upgrades, ours and the host's own.
fn judge_version(facts: &Facts, wishes: &Wishes) -> Result<(), Refusal> {
    let Some(pin) = wishes.version.as_ref().filter(|_| facts.origin.is_none()) else { return Ok(()) };
    let there = facts.engine.as_ref().and_then(|engine| engine.version.as_ref()).map(ToString::to_string);
    match there {
        Some(there) if !versions::is_meant(&there, pin) => {
            Err(Refusal::OtherVersion { there, version: pin.clone() })
        }
        Some(_) | None => Ok(()),
    }
}

/// The vendor's script refuses some systems; whether somebody else's does, they know.
fn script_fits(facts: &Facts, wishes: &Wishes) -> bool {
    wishes.install_url.is_some() || Family::of(&facts.os).is_none_or(|family| family.knows_script(&facts.os))
}

fn distro(facts: &Facts, wishes: &Wishes) -> Result<Source, Refusal> {
    let family = Family::of(&facts.os).ok_or_else(|| unsupported(facts))?;
    let Supply::Packages { tool, repository, engine, .. } = &family.supply else {
        return Err(built_in_is_off(facts));
    };
    let mut names = family.packages(&facts.os);
    if let Some(pin) = &wishes.version {
        let version = on_offer(facts, pin)?;
        pin_names(&mut names, *tool, engine[0], &version);
    }
    let repository = repository.map(|repository| repository(&facts.os));
    Ok(Source::Packages(Packages { tool: *tool, names, repository, keep: Vec::new() }))
}

/// The engine's package, and its client's where that has the same number, in the version that is meant.
pub(in crate::provision) fn pin_names(names: &mut [String], tool: PackageTool, engine: &str, version: &str) {
    for name in names.iter_mut().filter(|name| *name == engine || is_client_of(name, engine)) {
        *name = tool.pinned(name, version);
    }
}

/// Clients that are built together with the engine, so that they have its version.
fn is_client_of(name: &str, engine: &str) -> bool {
    matches!((engine, name), ("docker-ce", "docker-ce-cli"))
}

/// The version on offer that is meant by a pin.
pub(in crate::provision) fn on_offer(facts: &Facts, pin: &str) -> Result<String, Refusal> {
    let Some(offers) = &facts.offers else {
        return Err(Refusal::NoOffers { offered_by: "the host".into(), reason: "nobody asked".into() });
    };
    if let Some(reason) = &offers.trouble {
        return Err(Refusal::NoOffers { offered_by: offers.source.clone(), reason: reason.clone() });
    }
    versions::choose(&offers.versions, pin).map(str::to_owned).ok_or_else(|| Refusal::NoSuchVersion {
        version: pin.to_owned(),
        offered_by: offers.source.clone(),
        nearest: versions::nearest(&offers.versions, pin),
    })
}

/// The vendor's script. That its host did not answer is no reason to refuse before a fetcher is installed.
fn script(facts: &Facts, wishes: &Wishes) -> Result<Source, Refusal> {
    let url = wishes.install_url.clone().unwrap_or_else(|| INSTALLER.to_owned());
    if !script_fits(facts, wishes) {
        return Err(Refusal::ScriptDoesNotFit { os: facts.os.name().to_owned() });
    }
    if let (Installer::Silent(reason), true) = (&facts.installer, facts.tools.fetcher) {
        return Err(Refusal::NoInstaller { url, reason: reason.clone() });
    }
    let version = wishes.version.as_ref().map(|pin| for_script(facts, pin)).transpose()?;
    let first = if facts.tools.fetcher { None } else { Some(fetcher(facts)?) };
    Ok(Source::Script { url, version, first })
}

/// The script looks for the version itself where we cannot see what there is.
fn for_script(facts: &Facts, pin: &str) -> Result<String, Refusal> {
    match on_offer(facts, pin) {
        Err(Refusal::NoOffers { .. }) => Ok(pin.to_owned()),
        outcome => outcome,
    }
}

/// What fetches things on a host that has nothing to do it with.
fn fetcher(facts: &Facts) -> Result<Packages, Refusal> {
    let family = Family::of(&facts.os).ok_or_else(|| unsupported(facts))?;
    let Supply::Packages { tool, fetcher, .. } = &family.supply else {
        return Err(built_in_is_off(facts));
    };
    let names = fetcher.iter().map(|&name| name.to_owned()).collect();
    Ok(Packages { tool: *tool, names, repository: None, keep: Vec::new() })
}

/// `ssh://` works through `docker system dial-stdio` on the host.
fn client(facts: &Facts, wishes: &Wishes) -> Result<Option<Source>, Refusal> {
    if wishes.access == Access::Tls || facts.client.is_some() {
        return Ok(None);
    }
    let family = Family::of(&facts.os).filter(|_| wishes.install != InstallFrom::None);
    let found = family.and_then(|family| match &family.supply {
        Supply::Packages { tool, .. } => Some((*tool, family.client_package(&facts.os)?)),
        Supply::BuiltIn => None,
    });
    let (tool, package) = found.ok_or(Refusal::NoClient)?;
    Ok(Some(Source::Packages(Packages {
        tool,
        names: vec![package.to_owned()],
        repository: None,
        keep: Vec::new(),
    })))
}

fn unsupported(facts: &Facts) -> Refusal {
    Refusal::UnsupportedOs { os: facts.os.name().to_owned() }
}

fn built_in_is_off(facts: &Facts) -> Refusal {
    Refusal::BuiltInIsOff { os: facts.os.name().to_owned() }
}
