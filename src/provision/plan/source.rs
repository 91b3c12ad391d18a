//! Where an engine comes from, when there is none.

use serde::{Deserialize, Serialize};

use crate::provision::{
    Access, InstallFrom, Wishes,
    facts::{Facts, INSTALLER, Installer},
    os::{Family, PackageTool},
    refusal::Refusal,
};

/// What is installed, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Source {
    /// Packages of the distribution.
    Packages {
        /// With this tool.
        tool: PackageTool,
        /// These.
        packages: Vec<String>,
    },
    /// The vendor's script.
    Script {
        /// From here.
        url: String,
        /// Packages it needs first.
        packages: Vec<String>,
    },
}

/// What has to be installed on this host; nothing where an engine is.
pub(super) fn choose(facts: &Facts, wishes: &Wishes) -> Result<Option<Source>, Refusal> {
    if facts.engine.is_some() {
        return client(facts, wishes);
    }
    let url = wishes.install_url.as_deref().unwrap_or(INSTALLER);
    match (wishes.install, &facts.installer) {
        (InstallFrom::None, _) => Err(Refusal::NoEngine),
        (InstallFrom::Auto, Installer::Answers) | (InstallFrom::Script, _) => script(facts, url).map(Some),
        (InstallFrom::Auto | InstallFrom::Distro, _) => distro(facts).map(Some),
    }
}

fn distro(facts: &Facts) -> Result<Source, Refusal> {
    let family = Family::of(&facts.os).ok_or_else(|| unsupported(facts))?;
    Ok(Source::Packages { tool: family.tool, packages: family.packages(&facts.os) })
}

/// The vendor's script. That its host did not answer is no reason to refuse before a fetcher is installed.
fn script(facts: &Facts, url: &str) -> Result<Source, Refusal> {
    let url = url.to_owned();
    match (&facts.installer, facts.has_fetcher) {
        (Installer::Silent(reason), true) => Err(Refusal::NoInstaller { url, reason: reason.clone() }),
        (_, true) => Ok(Source::Script { url, packages: Vec::new() }),
        (_, false) => {
            let family = Family::of(&facts.os).ok_or_else(|| unsupported(facts))?;
            let packages = family.fetcher.iter().map(|&name| name.to_owned()).collect();
            Ok(Source::Script { url, packages })
        }
    }
}

/// `ssh://` works through `docker system dial-stdio` on the host.
fn client(facts: &Facts, wishes: &Wishes) -> Result<Option<Source>, Refusal> {
    if wishes.access == Access::Tls || facts.client.is_some() {
        return Ok(None);
    }
    let package =
        Family::of(&facts.os).and_then(|family| Some((family.tool, family.client_package(&facts.os)?)));
    let (tool, package) = package.filter(|_| wishes.install != InstallFrom::None).ok_or(Refusal::NoClient)?;
    Ok(Some(Source::Packages { tool, packages: vec![package.to_owned()] }))
}

fn unsupported(facts: &Facts) -> Refusal {
    Refusal::UnsupportedOs { os: facts.os.name().to_owned() }
}
