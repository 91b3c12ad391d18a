//! The ordered list of operating systems that we can install an engine on; the first that fits is taken.
//!
//! Adding one is one entry here, and a `templates/install/*.sh` where its package tool is new.

use serde::{Deserialize, Serialize};

/// What `/etc/os-release` says, as far as we look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OsRelease {
    /// `ID`, such as `debian`.
    pub id: String,
    /// `ID_LIKE`, nearest first.
    pub id_like: Vec<String>,
    /// `VERSION_ID`, such as `12`; empty for rolling ones.
    pub version: String,
    /// `PRETTY_NAME`, for messages.
    pub pretty: String,
}

/// The tool that installs packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageTool {
    /// apt-get.
    Apt,
}

/// One family of operating systems.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// The `ID`s it is for; an `ID_LIKE` counts too.
    pub ids: &'static [&'static str],
    /// What installs its packages.
    pub tool: PackageTool,
    /// The engine's packages.
    pub engine: &'static [&'static str],
    /// The package of the client, and the first version (its major number) where the engine's package no longer includes it.
    pub client: Option<(&'static str, u32)>,
    /// What the vendor's script needs and a small installation may lack.
    pub fetcher: &'static [&'static str],
}

/// The list.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "debian",
        ids: &["debian", "raspbian"],
        tool: PackageTool::Apt,
        engine: &["docker.io", "iptables", "ca-certificates"],
        client: Some(("docker-cli", 13)),
        fetcher: &["curl", "ca-certificates"],
    },
    Family {
        name: "ubuntu",
        ids: &["ubuntu"],
        tool: PackageTool::Apt,
        engine: &["docker.io", "iptables", "ca-certificates"],
        client: None,
        fetcher: &["curl", "ca-certificates"],
    },
];

impl Family {
    /// The family of a host; its own `ID` first, then what it says it is like.
    pub fn of(os: &OsRelease) -> Option<&'static Self> {
        std::iter::once(&os.id)
            .chain(&os.id_like)
            .find_map(|id| FAMILIES.iter().find(|family| family.ids.contains(&id.as_str())))
    }

    /// The packages that make an engine with its client on this version.
    pub fn packages(&self, os: &OsRelease) -> Vec<String> {
        self.engine.iter().copied().chain(self.client_package(os)).map(str::to_owned).collect()
    }

    /// The package of the client, where it is one of its own.
    pub fn client_package(&self, os: &OsRelease) -> Option<&'static str> {
        let major = os.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
        // No number: testing or unstable, newer than any.
        self.client.filter(|(_, since)| major.is_none_or(|major| major >= *since)).map(|(package, _)| package)
    }
}

impl OsRelease {
    /// Reads `/etc/os-release` (os-release(5)): shell assignments, with or without quotes.
    pub fn parse(text: &str) -> Self {
        let mut os = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.split_once('=') else { continue };
            let value = unquote(value);
            match key {
                "ID" => os.id = value,
                "ID_LIKE" => os.id_like = value.split_whitespace().map(str::to_owned).collect(),
                "VERSION_ID" => os.version = value,
                "PRETTY_NAME" => os.pretty = value,
                _other_keys_do_not_matter => {}
            }
        }
        os
    }

    /// The name for messages.
    pub fn name(&self) -> &str {
        if self.pretty.is_empty() { &self.id } else { &self.pretty }
    }
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.replace("\\\"", "\"").replace("\\$", "$").replace("\\\\", "\\");
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family_of(text: &str) -> Option<(&'static str, Vec<String>)> {
        let os = OsRelease::parse(text);
        Family::of(&os).map(|family| (family.name, family.packages(&os)))
    }

    #[test]
    fn families_are_found_by_id_then_by_likeness() {
        let cases = [
            ("ID=debian\nVERSION_ID=\"12\"", Some("debian")),
            ("ID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"", Some("ubuntu")),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"", Some("ubuntu")),
            ("ID='devuan'\nID_LIKE='debian'", Some("debian")),
            ("ID=alpine", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(family_of(text).map(|(name, _)| name), expected, "{text}");
        }
    }

    #[test]
    fn the_client_is_a_package_of_its_own_from_debian_13() {
        let has_client = |text| family_of(text).unwrap().1.contains(&"docker-cli".to_owned());
        assert!(!has_client("ID=debian\nVERSION_ID=12"));
        assert!(has_client("ID=debian\nVERSION_ID=13"));
        assert!(has_client("ID=debian"));
        assert!(!has_client("ID=ubuntu\nVERSION_ID=24.04"));
    }

    #[test]
    fn values_with_equals_signs_and_quotes_are_whole() {
        let os = OsRelease::parse("PRETTY_NAME=\"A=B \\\"C\\\"\"\nBUG_REPORT_URL=\"https://x/?a=b\"");
        assert_eq!(os.name(), "A=B \"C\"");
    }
}
