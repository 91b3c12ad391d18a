//! openSUSE and SUSE Linux Enterprise, where the package is in the containers module. <https://en.opensuse.org/Docker>

use super::{Family, PackageTool, Script, Supply};

pub(super) const FAMILY: Family = Family {
    name: "suse",
    ids: &["sles", "opensuse-leap", "opensuse-tumbleweed", "opensuse", "suse"],
    supply: Supply::Packages {
        tool: PackageTool::Zypper,
        engine: &["docker", "iptables", "ca-certificates"],
        client: None,
        fetcher: &["curl", "ca-certificates"],
        repository: None,
    },
    script: Script::Only(&[]),
};
