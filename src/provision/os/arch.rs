//! Arch Linux, and what is made of it. <https://archlinux.org/packages/extra/x86_64/docker/>

use super::{Family, PackageTool, Script, Supply};

pub(super) const FAMILY: Family = Family {
    name: "arch",
    ids: &["arch", "archarm"],
    supply: Supply::Packages {
        tool: PackageTool::Pacman,
        engine: &["docker"],
        client: None,
        fetcher: &["curl", "ca-certificates"],
        repository: None,
    },
    script: Script::Only(&[]),
};
