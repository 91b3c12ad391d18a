//! The `config.json` of a new machine, the same as docker-machine would write.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{AuthOptions, Config, EngineOptions, HostOptions, Store, SwarmOptions, record::CONFIG_VERSION};
use crate::machine::MachineName;

/// What the `config.json` of a new machine is made from.
pub struct FreshConfig<'a> {
    /// The machine.
    pub name: &'a MachineName,
    /// Its driver.
    pub driver_name: &'a str,
    /// The driver's state.
    pub driver: Value,
    /// The engine's options.
    pub engine: EngineOptions,
    /// Classic swarm's options.
    pub swarm: SwarmOptions,
    /// `--tls-san`.
    pub tls_sans: Vec<String>,
    /// Where the CA and the client certificate are.
    pub authority: &'a AuthorityFiles,
}

/// Where the CA and the client certificate are; absolute paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityFiles {
    /// The CA's certificate.
    pub ca_certificate: PathBuf,
    /// The CA's key.
    pub ca_key: PathBuf,
    /// The client's certificate.
    pub client_certificate: PathBuf,
    /// The client's key.
    pub client_key: PathBuf,
}

impl Store {
    /// The store's own CA and client certificate.
    pub fn authority_files(&self) -> AuthorityFiles {
        let file = |name| self.certs_dir().join(name);
        AuthorityFiles {
            ca_certificate: file("ca.pem"),
            ca_key: file("ca-key.pem"),
            client_certificate: file("cert.pem"),
            client_key: file("key.pem"),
        }
    }

    /// The `config.json` of a new machine.
    pub fn fresh_config(&self, fresh: FreshConfig<'_>) -> Config {
        let FreshConfig { name, driver_name, driver, engine, swarm, tls_sans, authority } = fresh;
        let auth_options = self.auth_options(name, tls_sans, authority);
        Config {
            config_version: CONFIG_VERSION,
            driver,
            driver_name: driver_name.to_owned(),
            host_options: HostOptions {
                engine_options: engine,
                swarm_options: swarm,
                auth_options,
                ..HostOptions::default()
            },
            name: name.to_string(),
            extra: Map::new(),
        }
    }

    fn auth_options(
        &self,
        name: &MachineName,
        tls_sans: Vec<String>,
        authority: &AuthorityFiles,
    ) -> AuthOptions {
        let folder = self.machine_dir(name);
        AuthOptions {
            cert_dir: text(&self.certs_dir()),
            ca_cert_path: text(&authority.ca_certificate),
            ca_private_key_path: text(&authority.ca_key),
            server_cert_path: text(&folder.join("server.pem")),
            server_key_path: text(&folder.join("server-key.pem")),
            client_key_path: text(&authority.client_key),
            client_cert_path: text(&authority.client_certificate),
            server_cert_sans: Some(tls_sans),
            store_path: text(&folder),
            ..AuthOptions::default()
        }
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
