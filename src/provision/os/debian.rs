//! Debian, and what is made of it. <https://packages.debian.org/docker.io>

use super::{Family, PackageTool, Script, Supply};

pub(super) const FAMILY: Family = Family {
    name: "debian",
    ids: &["debian", "raspbian"],
    supply: Supply::Packages {
        tool: PackageTool::Apt,
        engine: &["docker.io", "iptables", "ca-certificates"],
        client: Some(("docker-cli", 13)),
        fetcher: &["curl", "ca-certificates"],
        repository: None,
    },
    script: Script::Everywhere,
};
