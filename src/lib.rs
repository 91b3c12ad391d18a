//! rmachine turns hosts into secured Docker engines that the local client can use at once.
//!
//! The library is the product; `main.rs` only makes the [`env::Env`] and turns the result into an exit code.
//! Arrows between rooms point downward only (`tests/tidy.rs` checks it): `cli` (L4) over `ops` (L3) over
//! `driver`, `drivers`, `provision`, `swarm` (L2) over `engine`, `tls`, `ssh`, `store`, `contexts`, `process` (L1) over the small
//! files beside this one (L0). ARCHITECTURE.md has the map.

pub mod checkpoint;
pub mod cli;
pub mod contexts;
pub mod driver;
pub mod drivers;
pub mod engine;
pub mod env;
pub mod error;
pub mod event;
pub mod machine;
pub mod ops;
pub mod parcel;
pub mod process;
pub mod prompt;
pub mod provision;
pub mod remote;
pub mod retry;
pub mod secret;
pub mod shell;
pub mod ssh;
pub mod store;
pub mod swarm;
pub mod template;
pub mod tls;
