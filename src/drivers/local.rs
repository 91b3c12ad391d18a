//! What drivers share that make hosts on this computer: images out of Debian's packages, keys made beforehand, locks.

pub(super) mod apt;
pub(super) mod apt_conf;
pub(super) mod build;
pub(super) mod fetch;
pub(super) mod keys;
pub(super) mod lock;
pub(super) mod mirror;
pub(super) mod recipe;
