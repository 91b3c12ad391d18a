//! The engine: its API over any stream of ours, and its `daemon.json`.

pub mod api;
pub mod archive;
pub mod options;
pub mod versions;
