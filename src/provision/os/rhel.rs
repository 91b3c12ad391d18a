//! Red Hat Enterprise Linux, its rebuilds, CentOS Stream and Oracle Linux. None has an engine among its packages since version 8,
//! so they come from the vendor's repository for it. <https://docs.docker.com/engine/install/centos/>

use super::{Family, OsRelease, PackageTool, Script, Supply};

pub(super) const FAMILY: Family = Family {
    name: "rhel",
    ids: &["rhel", "centos", "rocky", "almalinux", "ol"],
    supply: Supply::Packages {
        tool: PackageTool::Dnf,
        engine: &["docker-ce", "docker-ce-cli", "containerd.io"],
        client: None,
        fetcher: &["curl", "ca-certificates"],
        repository: Some(repository),
    },
    script: Script::Only(&["rhel", "centos"]),
};

/// The rebuilds are served as CentOS is.
fn repository(os: &OsRelease) -> String {
    let system = if os.id == "rhel" { "rhel" } else { "centos" };
    format!("https://download.docker.com/linux/{system}/docker-ce.repo")
}
