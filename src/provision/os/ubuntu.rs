//! Ubuntu, and what is made of it; its docker.io has the client in it. <https://packages.ubuntu.com/docker.io>

use super::{Family, PackageTool, Script, Supply};

pub(super) const FAMILY: Family = Family {
    name: "ubuntu",
    ids: &["ubuntu"],
    supply: Supply::Packages {
        tool: PackageTool::Apt,
        engine: &["docker.io", "iptables", "ca-certificates"],
        client: None,
        fetcher: &["curl", "ca-certificates"],
        repository: None,
    },
    script: Script::Everywhere,
};
