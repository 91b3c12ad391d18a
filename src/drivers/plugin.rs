//! Driver plugins: programs named `docker-machine-driver-NAME` that speak Go's net/rpc with gob over loopback TCP.
//!
//! They exist for more than a hundred platforms, and we drive them unchanged.

pub mod gob;
pub mod protocol;
