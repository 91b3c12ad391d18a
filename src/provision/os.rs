//! The ordered list of operating systems that we can install an engine on; the first that fits is taken.
//!
//! Adding one is one file in this folder and one line here, and a `templates/install/*.sh` where its package tool is new.

mod alpine;
mod amazon;
mod arch;
mod debian;
mod fedora;
mod flatcar;
mod release;
mod rhel;
mod suse;
mod ubuntu;

use serde::{Deserialize, Serialize};

pub use self::release::OsRelease;

/// The list, specific before general.
pub const FAMILIES: &[&Family] = &[
    &ubuntu::FAMILY,
    &debian::FAMILY,
    &amazon::FAMILY,
    &rhel::FAMILY,
    &fedora::FAMILY,
    &suse::FAMILY,
    &arch::FAMILY,
    &alpine::FAMILY,
    &flatcar::FAMILY,
];

/// The tool that installs packages; `templates/install/` has a script of each one's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageTool {
    /// apt-get.
    Apt,
    /// dnf, or yum where there is no dnf.
    Dnf,
    /// zypper.
    Zypper,
    /// pacman.
    Pacman,
    /// apk.
    Apk,
}

/// One family of operating systems.
#[derive(Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// The `ID`s it is for; an `ID_LIKE` counts too.
    pub ids: &'static [&'static str],
    /// Where its packages come from.
    pub supply: Supply,
    /// On which of its systems the vendor's script works.
    pub script: Script,
}

/// Where a family's engine comes from.
#[derive(Debug)]
pub enum Supply {
    /// From packages.
    Packages {
        /// What installs them.
        tool: PackageTool,
        /// The engine's packages; the first is the one whose version counts.
        engine: &'static [&'static str],
        /// The package of the client, and the first version (its major number) where the engine's package no longer includes it.
        client: Option<(&'static str, u32)>,
        /// What the vendor's script needs and a small installation may lack.
        fetcher: &'static [&'static str],
        /// The vendor's own repository, where the distribution has no engine: its file, by the system.
        repository: Option<fn(&OsRelease) -> String>,
    },
    /// It is part of the system, whose image nothing can be added to.
    BuiltIn,
}

/// On which systems of a family the vendor's script works.
#[derive(Debug)]
pub enum Script {
    /// On all of them; it finds out what a derivative is made of.
    Everywhere,
    /// On those with these `ID`s; it refuses the others.
    Only(&'static [&'static str]),
}

impl PackageTool {
    /// Its name, which is its script's too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Dnf => "dnf",
            Self::Zypper => "zypper",
            Self::Pacman => "pacman",
            Self::Apk => "apk",
        }
    }

    /// How a package is asked for in one version.
    pub fn pinned(self, package: &str, version: &str) -> String {
        match self {
            Self::Apt | Self::Zypper | Self::Apk | Self::Pacman => format!("{package}={version}"),
            // dnf takes NAME-VERSION, with the epoch in front of the version.
            Self::Dnf => format!("{package}-{version}"),
        }
    }
}

impl Family {
    /// The family of a host; its own `ID` first, then what it says it is like.
    pub fn of(os: &OsRelease) -> Option<&'static Self> {
        std::iter::once(&os.id)
            .chain(&os.id_like)
            .find_map(|id| FAMILIES.iter().find(|family| family.ids.contains(&id.as_str())))
            .copied()
    }

    /// The packages that make an engine with its client on this version.
    pub fn packages(&self, os: &OsRelease) -> Vec<String> {
        match &self.supply {
            Supply::Packages { engine, .. } => {
                engine.iter().copied().chain(self.client_package(os)).map(str::to_owned).collect()
            }
            Supply::BuiltIn => Vec::new(),
        }
    }

    /// The package of the client, where it is one of its own.
    pub fn client_package(&self, os: &OsRelease) -> Option<&'static str> {
        let Supply::Packages { client: Some((package, since)), .. } = self.supply else { return None };
        let major = os.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        // No number: testing or unstable, newer than any.
        major.is_none_or(|major| major >= since).then_some(package)
    }

    /// What upgrades the engine of this path on a host of the family, typed there.
    pub fn upgrade_command(&self, path: &str) -> String {
        let Supply::Packages { tool, engine, .. } = &self.supply else {
            return "update_engine_client -update, which brings the whole system with its engine".to_owned();
        };
        // The vendor's packages have other names than the system's.
        let of_rpm = format!("$(rpm -qf --qf '%{{NAME}}' {path})");
        match tool {
            PackageTool::Apt => format!("apt-get install --only-upgrade {}", engine[0]),
            PackageTool::Dnf => format!("dnf upgrade {of_rpm}"),
            PackageTool::Zypper => format!("zypper update {of_rpm}"),
            // A part of an Arch system is never upgraded alone.
            PackageTool::Pacman => "pacman -Syu".to_owned(),
            PackageTool::Apk => format!("apk upgrade -U {}", engine[0]),
        }
    }

    /// Whether the vendor's script works on this system.
    pub fn knows_script(&self, os: &OsRelease) -> bool {
        match self.script {
            Script::Everywhere => true,
            Script::Only(ids) => ids.contains(&os.id.as_str()),
        }
    }
}

#[cfg(test)]
mod tests;
