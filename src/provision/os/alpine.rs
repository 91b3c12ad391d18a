//! Alpine, whose services are OpenRC's. The package is in the community repository.
//! <https://pkgs.alpinelinux.org/package/edge/community/x86_64/docker>

use super::{Family, PackageTool, Script, Supply};

pub(super) const FAMILY: Family = Family {
    name: "alpine",
    ids: &["alpine"],
    supply: Supply::Packages {
        tool: PackageTool::Apk,
        engine: &["docker", "docker-openrc", "curl", "iptables", "ca-certificates"],
        client: None,
        fetcher: &["curl", "ca-certificates"],
        repository: None,
    },
    script: Script::Only(&[]),
};
