//! Where an engine comes from, when there is none.

use serde::{Deserialize, Serialize};

use crate::provision::{
    Access, InstallFrom, Wishes,
    facts::{Facts, INSTALLER, Installer},
    os::{Family, PackageTool, Supply},
    refusal::Refusal,
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
        /// Packages it needs first.
        first: Option<Packages>,
    },
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
}

/// What has to be installed on this host; nothing where an engine is.
pub(super) fn choose(facts: &Facts, wishes: &Wishes) -> Result<Option<Source>, Refusal> {
    if facts.engine.is_some() {
        return client(facts, wishes);
    }
    match wishes.install {
        InstallFrom::None => Err(Refusal::NoEngine),
        InstallFrom::Script => script(facts, wishes).map(Some),
        InstallFrom::Auto if facts.installer == Installer::Answers && script_fits(facts, wishes) => {
            script(facts, wishes).map(Some)
        }
        InstallFrom::Auto | InstallFrom::Distro => distro(facts).map(Some),
    }
}

/// The vendor's script refuses some systems; whether somebody else's does, they know.
fn script_fits(facts: &Facts, wishes: &Wishes) -> bool {
    wishes.install_url.is_some() || Family::of(&facts.os).is_none_or(|family| family.knows_script(&facts.os))
}

fn distro(facts: &Facts) -> Result<Source, Refusal> {
    let family = Family::of(&facts.os).ok_or_else(|| unsupported(facts))?;
    match &family.supply {
        Supply::Packages { tool, repository, .. } => Ok(Source::Packages(Packages {
            tool: *tool,
            names: family.packages(&facts.os),
            repository: repository.map(|repository| repository(&facts.os)),
        })),
        Supply::BuiltIn => Err(Refusal::BuiltInIsOff { os: facts.os.name().to_owned() }),
    }
}

/// The vendor's script. That its host did not answer is no reason to refuse before a fetcher is installed.
fn script(facts: &Facts, wishes: &Wishes) -> Result<Source, Refusal> {
    let url = wishes.install_url.clone().unwrap_or_else(|| INSTALLER.to_owned());
    if !script_fits(facts, wishes) {
        return Err(Refusal::ScriptDoesNotFit { os: facts.os.name().to_owned() });
    }
    match (&facts.installer, facts.has_fetcher) {
        (Installer::Silent(reason), true) => Err(Refusal::NoInstaller { url, reason: reason.clone() }),
        (_, true) => Ok(Source::Script { url, first: None }),
        (_, false) => {
            let family = Family::of(&facts.os).ok_or_else(|| unsupported(facts))?;
            let Supply::Packages { tool, fetcher, .. } = &family.supply else {
                return Err(Refusal::BuiltInIsOff { os: facts.os.name().to_owned() });
            };
            let names = fetcher.iter().map(|&name| name.to_owned()).collect();
            Ok(Source::Script { url, first: Some(Packages { tool: *tool, names, repository: None }) })
        }
    }
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
    Ok(Some(Source::Packages(Packages { tool, names: vec![package.to_owned()], repository: None })))
}

fn unsupported(facts: &Facts) -> Refusal {
    Refusal::UnsupportedOs { os: facts.os.name().to_owned() }
}
