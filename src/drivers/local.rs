//! What drivers share that make hosts on this computer: images and where they
//! come from, keys made beforehand, what a guest is told, locks, ports and routes of this computer.

pub(super) mod apt;
pub(super) mod apt_conf;
pub(super) mod build;
pub(super) mod cache;
pub(super) mod cloud_init;
pub(super) mod fetch;
pub(super) mod keys;
pub(super) mod lock;
pub(super) mod mirror;
pub(super) mod ports;
pub(super) mod recipe;
pub(super) mod routes;
pub(super) mod source;
