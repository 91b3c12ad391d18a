//! Fedora. <https://packages.fedoraproject.org/pkgs/moby-engine/moby-engine/>

use super::{Family, PackageTool, Script, Supply};

pub(super) const FAMILY: Family = Family {
    name: "fedora",
    ids: &["fedora"],
    supply: Supply::Packages {
        tool: PackageTool::Dnf,
        engine: &["moby-engine", "ca-certificates"],
        client: Some(("docker-cli", 41)),
        fetcher: &["curl", "ca-certificates"],
        repository: None,
    },
    script: Script::Only(&["fedora"]),
};
