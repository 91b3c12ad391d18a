//! The user's ssh_config, as far as it says how to reach a host: an own reader, because no crate of the tree does `Match`,
//! `Include`, negation and tokens together.
//!
//! As in OpenSSH the files are read from top to bottom and the first value of a keyword wins; `IdentityFile` collects.
//! Keywords that do not concern us are passed over.

mod evaluate;
mod include;
mod line;
pub(super) mod pattern;
pub(super) mod tokens;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::env::Env;

/// What the files say about one host; `None` and empty where they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `HostName`, with `%h` still in it.
    pub host_name: Option<String>,
    /// `Port`.
    pub port: Option<u16>,
    /// `User`.
    pub user: Option<String>,
    /// `IdentityFile`, all of them, with tokens still in them.
    pub identity_files: Vec<String>,
    /// `IdentitiesOnly`.
    pub identities_only: Option<bool>,
    /// `IdentityAgent`.
    pub identity_agent: Option<String>,
    /// `ProxyJump` or `ProxyCommand`, whichever came first.
    pub proxy: Option<Proxy>,
    /// `UserKnownHostsFile`.
    pub user_known_hosts: Option<Vec<String>>,
    /// `GlobalKnownHostsFile`.
    pub global_known_hosts: Option<Vec<String>>,
    /// `StrictHostKeyChecking`.
    pub strict: Option<Strict>,
    /// `HostKeyAlias`.
    pub host_key_alias: Option<String>,
    /// `ConnectTimeout`.
    pub connect_timeout: Option<Duration>,
}

/// How the connection leaves this machine, when not directly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// Directly after all (`none`).
    None,
    /// Through these hosts, in order.
    Jump(Vec<String>),
    /// Through the stdin and stdout of a command.
    Command(String),
}

/// `StrictHostKeyChecking`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strict {
    /// Unknown keys are refused.
    Yes,
    /// Unknown keys are asked about.
    Ask,
    /// Unknown keys are accepted (`accept-new`, and `no`: changed keys are refused all the same).
    AcceptNew,
}

/// The ssh_config cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A line is broken.
    #[error("{} line {line}: {reason}", path.display())]
    BadLine {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A value cannot be used for this host.
    #[error("the ssh_config's {keyword} for {host}: {reason}")]
    BadValue {
        /// The keyword.
        keyword: &'static str,
        /// The host.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Whom the files are asked about.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The host as the user gave it.
    pub host: &'a str,
    /// The login name, where the user gave one.
    pub user: Option<&'a str>,
    /// The local user.
    pub local_user: &'a str,
    /// The local home.
    pub home: Option<&'a Path>,
}

/// Where the system's file is.
const SYSTEM_FILE: &str = "/etc/ssh/ssh_config";

/// Reads the user's and the system's files for one host.
pub fn load(query: Query<'_>) -> Result<Settings, ConfigError> {
    let mut reading = evaluate::Reading::new(query);
    if let Some(home) = query.home {
        let folder = home.join(".ssh");
        reading.file_if_there(&folder.join("config"), &folder)?;
    }
    reading.file_if_there(Path::new(SYSTEM_FILE), Path::new("/etc/ssh"))?;
    Ok(reading.settings)
}

/// The name of the local user.
pub fn local_user(env: &Env) -> &str {
    env.var("USER").or_else(|| env.var("LOGNAME")).unwrap_or("root")
}

#[cfg(test)]
mod tests;
