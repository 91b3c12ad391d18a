//! `config.json` in docker-machine's schema, ConfigVersion 3, key order and all; unknown fields are kept.
//!
//! Empty lists that the command line sets are `[]`, lists that nothing ever sets are `null`, hence the options.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The file.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Config {
    /// 3; a higher one is from the future.
    pub config_version: u32,
    /// The driver's own state.
    #[serde(default)]
    pub driver: Value,
    /// Which driver.
    #[serde(default)]
    pub driver_name: String,
    /// Everything the core keeps.
    #[serde(default, deserialize_with = "or_null")]
    pub host_options: HostOptions,
    /// The machine's name; the folder's name wins.
    #[serde(default)]
    pub name: String,
    /// What others put there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl fmt::Debug for Config {
    /// Without the driver's state, which holds passwords and tokens.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Config")
            .field("name", &self.name)
            .field("driver_name", &self.driver_name)
            .field("host_options", &self.host_options)
            .finish_non_exhaustive()
    }
}

/// Forks of docker-machine write null for options that a machine does without.
fn or_null<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Options of the core.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HostOptions {
    /// Always empty.
    pub driver: String,
    /// Always 0.
    pub memory: i64,
    /// Always 0.
    pub disk: i64,
    /// The engine's options.
    #[serde(deserialize_with = "or_null")]
    pub engine_options: EngineOptions,
    /// Classic swarm's options.
    #[serde(deserialize_with = "or_null")]
    pub swarm_options: SwarmOptions,
    /// Where certificates are.
    #[serde(deserialize_with = "or_null")]
    pub auth_options: AuthOptions,
    /// What others put there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The engine's options as docker-machine keeps them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct EngineOptions {
    /// `--engine-opt`.
    pub arbitrary_flags: Option<Vec<String>>,
    /// Never set.
    pub dns: Option<Vec<String>>,
    /// Never set.
    pub graph_dir: String,
    /// `--engine-env`.
    pub env: Option<Vec<String>>,
    /// Never set.
    pub ipv6: bool,
    /// `--engine-insecure-registry`.
    pub insecure_registry: Option<Vec<String>>,
    /// `--engine-label`.
    pub labels: Option<Vec<String>>,
    /// Never set.
    pub log_level: String,
    /// `--engine-storage-driver`.
    pub storage_driver: String,
    /// Never set.
    pub selinux_enabled: bool,
    /// Always true.
    pub tls_verify: bool,
    /// `--engine-registry-mirror`.
    pub registry_mirror: Option<Vec<String>>,
    /// `--engine-install-url`.
    #[serde(rename = "InstallURL")]
    pub install_url: String,
    /// What others put there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            arbitrary_flags: Some(Vec::new()),
            dns: None,
            graph_dir: String::new(),
            env: Some(Vec::new()),
            ipv6: false,
            insecure_registry: Some(Vec::new()),
            labels: Some(Vec::new()),
            log_level: String::new(),
            storage_driver: String::new(),
            selinux_enabled: false,
            tls_verify: true,
            registry_mirror: Some(Vec::new()),
            install_url: "https://get.docker.com".to_owned(),
            extra: Map::new(),
        }
    }
}

/// Classic swarm's options, kept for those who have them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[expect(clippy::struct_excessive_bools, reason = "the file's form is docker-machine's")]
pub struct SwarmOptions {
    /// Whether classic swarm was asked for.
    pub is_swarm: bool,
    /// `--swarm-addr`.
    pub address: String,
    /// `--swarm-discovery`.
    pub discovery: String,
    /// `--swarm`.
    pub agent: bool,
    /// `--swarm-master`.
    pub master: bool,
    /// `--swarm-host`.
    pub host: String,
    /// `--swarm-image`.
    pub image: String,
    /// `--swarm-strategy`.
    pub strategy: String,
    /// Always 0.
    pub heartbeat: i64,
    /// Always 0.
    pub overcommit: Value,
    /// `--swarm-opt`.
    pub arbitrary_flags: Option<Vec<String>>,
    /// `--swarm-join-opt`.
    pub arbitrary_join_flags: Option<Vec<String>>,
    /// Never set.
    pub env: Option<Vec<String>>,
    /// `--swarm-experimental`.
    pub is_experimental: bool,
    /// What others put there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Default for SwarmOptions {
    fn default() -> Self {
        Self {
            is_swarm: false,
            address: String::new(),
            discovery: String::new(),
            agent: false,
            master: false,
            host: "tcp://0.0.0.0:3376".to_owned(),
            image: "swarm:latest".to_owned(),
            strategy: "spread".to_owned(),
            heartbeat: 0,
            overcommit: Value::from(0),
            arbitrary_flags: Some(Vec::new()),
            arbitrary_join_flags: Some(Vec::new()),
            env: None,
            is_experimental: false,
            extra: Map::new(),
        }
    }
}

/// Where certificates are; all paths are absolute.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct AuthOptions {
    /// `<store>/certs`.
    pub cert_dir: String,
    /// The CA's certificate.
    pub ca_cert_path: String,
    /// The CA's key.
    pub ca_private_key_path: String,
    /// Empty.
    pub ca_cert_remote_path: String,
    /// The machine's server certificate.
    pub server_cert_path: String,
    /// The machine's server key.
    pub server_key_path: String,
    /// The client's key.
    pub client_key_path: String,
    /// Empty.
    pub server_cert_remote_path: String,
    /// Empty.
    pub server_key_remote_path: String,
    /// The client's certificate.
    pub client_cert_path: String,
    /// `--tls-san`.
    #[serde(rename = "ServerCertSANs")]
    pub server_cert_sans: Option<Vec<String>>,
    /// The machine's folder.
    pub store_path: String,
    /// What others put there.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}
