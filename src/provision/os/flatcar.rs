//! Flatcar Container Linux, which has the engine built in. <https://www.flatcar.org/docs/latest/container-runtimes/>

use super::{Family, Script, Supply};

pub(super) const FAMILY: Family = Family {
    name: "flatcar",
    ids: &["flatcar", "coreos"],
    supply: Supply::BuiltIn,
    script: Script::Only(&[]),
};
