//! Amazon Linux 2023, and 2, where the package is in an extra that has to be switched on.
//! <https://docs.aws.amazon.com/linux/al2023/release-notes/all-packages.html>

use super::{Family, PackageTool, Script, Supply};

pub(super) const FAMILY: Family = Family {
    name: "amazon",
    ids: &["amzn"],
    supply: Supply::Packages {
        tool: PackageTool::Dnf,
        engine: &["docker"],
        client: None,
        fetcher: &["curl", "ca-certificates"],
        repository: None,
    },
    script: Script::Only(&[]),
};
