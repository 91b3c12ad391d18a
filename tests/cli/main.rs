//! The real binary with words typed at it: exit codes, both streams, both voices. Hermetic: a home and a store of each
//! test's own, no root, no network.

mod bad_input;
mod columns;
mod contexts;
mod copies;
mod create;
mod engine;
mod env;
mod exchange;
mod expiry;
mod gitlab;
mod handing_on;
mod help;
mod home;
mod links;
mod listing;
#[path = "../plugin/mod.rs"]
mod plugin;
mod plugins;
mod reader;
mod regenerate_certs;
mod rust;
mod settings;
mod showing;
mod store_check;
mod stored;
mod swarm;
mod terminal;
mod voices;

mod classic;
