//! The SSH client against real servers on loopback: OpenSSH in several configurations, dropbear, tinyssh, and listeners that
//! misbehave.

mod accounts;
mod client;
mod servers;

mod answers;
mod commands;
mod failures;
mod identity;
mod routes;
mod scripts;
mod sudo;
mod trust;
