//! Tests on real hosts: real systemd, sshd and dockerd, reached by the real rmachine, docker and openssl programs.
//!
//! Hosts are made through the nspawn driver's own contract and removed when a test ends, also when it fails. Where
//! they are impossible, tests say SKIPPED (and fail instead when RMACHINE_REQUIRE_HOSTS=1).

#[path = "../plugin/mod.rs"]
mod plugin;
mod support;

mod adopt;
mod certs;
mod classic;
mod compose;
mod contexts;
mod copies;
mod engine;
mod families;
mod faults;
mod gitlab;
mod handing_on;
mod install;
mod kill;
mod listing;
mod logins;
mod made;
mod many;
mod openrc;
mod plugins;
mod refusals;
mod rotation;
mod sessions;
mod shells;
mod ssh;
mod swarm;
mod terminal;
mod tls;
mod upgrade;
mod vendor;
mod virtual_machines;
mod virtualbox;
mod waits;
