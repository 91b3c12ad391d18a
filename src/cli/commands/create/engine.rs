//! What the engine should be like: flags in docker-machine's words, as what is stored and as wishes for provisioning.

use std::net::IpAddr;

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::{
    cli::error::CliError,
    provision::{Access, InstallFrom, Wishes},
    store::EngineOptions,
};

/// Where the vendor's installer script is.
const INSTALL_URL: &str = "https://get.docker.com";

/// Flags of the engine.
#[derive(clap::Args)]
#[group(skip)]
#[command(next_help_heading = "The engine")]
#[expect(clippy::struct_field_names, reason = "they are named as their flags are")]
pub struct EngineArgs {
    /// Take the engine from here; auto keeps one that is there
    #[arg(long, value_enum, default_value_t = Install::Auto)]
    engine_install: Install,

    /// Install with this script
    #[arg(long, value_name = "URL", default_value = INSTALL_URL)]
    engine_install_url: String,

    /// Let clients come this way; ssh opens no port
    #[arg(long, value_enum, default_value_t = Way::Tls)]
    engine_access: Way,

    /// Listen on this address of the host (default: the one that SSH uses)
    #[arg(long, value_name = "IP")]
    engine_listen: Vec<IpAddr>,

    /// Set an option of the engine, as dockerd or daemon.json names it
    #[arg(long, value_name = "KEY=VALUE")]
    engine_opt: Vec<String>,

    /// Trust this registry without TLS
    #[arg(long, value_name = "REGISTRY")]
    engine_insecure_registry: Vec<String>,

    /// Pull through this mirror
    #[arg(long, value_name = "URL")]
    engine_registry_mirror: Vec<String>,

    /// Label the engine
    #[arg(long, value_name = "KEY=VALUE")]
    engine_label: Vec<String>,

    /// Keep images with this storage driver
    #[arg(long, value_name = "DRIVER")]
    engine_storage_driver: Option<String>,

    /// Set a variable of the engine's environment
    #[arg(long, value_name = "KEY=VALUE")]
    engine_env: Vec<String>,
}

/// `--engine-install`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Install {
    /// Keep one that is there, else the script where its host answers, else the distribution's package
    Auto,
    /// The distribution's package
    Distro,
    /// The vendor's script
    Script,
    /// Nothing: the engine must be there
    None,
}

/// `--engine-access`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    /// Mutual TLS
    Tls,
    /// SSH
    Ssh,
}

impl EngineArgs {
    /// As docker-machine stores them.
    pub fn stored(&self) -> EngineOptions {
        EngineOptions {
            arbitrary_flags: Some(self.engine_opt.clone()),
            env: Some(self.engine_env.clone()),
            insecure_registry: Some(self.engine_insecure_registry.clone()),
            labels: Some(self.engine_label.clone()),
            registry_mirror: Some(self.engine_registry_mirror.clone()),
            storage_driver: self.engine_storage_driver.clone().unwrap_or_default(),
            install_url: self.engine_install_url.clone(),
            ..EngineOptions::default()
        }
    }

    /// As provisioning takes them.
    pub fn wishes(&self) -> Result<Wishes, CliError> {
        pairs("--engine-label", &self.engine_label)?;
        pairs("--engine-env", &self.engine_env)?;
        Ok(Wishes {
            install: match self.engine_install {
                Install::Auto => InstallFrom::Auto,
                Install::Distro => InstallFrom::Distro,
                Install::Script => InstallFrom::Script,
                Install::None => InstallFrom::None,
            },
            install_url: (self.engine_install_url != INSTALL_URL).then(|| self.engine_install_url.clone()),
            access: match self.engine_access {
                Way::Tls => Access::Tls,
                Way::Ssh => Access::Ssh,
            },
            listen: self.engine_listen.clone(),
            daemon: self.daemon(),
            env: self.engine_env.clone(),
            ..Wishes::default()
        })
    }

    /// As a patch of daemon.json.
    fn daemon(&self) -> Map<String, Value> {
        let mut patch = Map::new();
        for opt in &self.engine_opt {
            let (key, value) = opt.split_once('=').unwrap_or((opt, "true"));
            set(&mut patch, key.trim_start_matches('-'), value);
        }
        let lists = [
            ("insecure-registry", &self.engine_insecure_registry),
            ("registry-mirror", &self.engine_registry_mirror),
            ("label", &self.engine_label),
        ];
        for (key, values) in lists {
            for value in values {
                set(&mut patch, key, value);
            }
        }
        if let Some(driver) = &self.engine_storage_driver {
            set(&mut patch, "storage-driver", driver);
        }
        patch
    }
}

fn pairs(flag: &str, values: &[String]) -> Result<(), CliError> {
    match values.iter().find(|value| value.split_once('=').is_none_or(|(key, _)| key.is_empty())) {
        Some(wrong) => {
            Err(CliError::usage(format!("{flag} {wrong:?} is not KEY=VALUE"), format!("{flag} KEY=VALUE")))
        }
        None => Ok(()),
    }
}

/// Options that dockerd takes once per value and daemon.json as a list, under another name.
/// <https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file>
const LISTS: [(&str, &str); 12] = [
    ("authorization-plugin", "authorization-plugins"),
    ("cdi-spec-dir", "cdi-spec-dirs"),
    ("dns", "dns"),
    ("dns-opt", "dns-opts"),
    ("dns-search", "dns-search"),
    ("exec-opt", "exec-opts"),
    ("host", "hosts"),
    ("insecure-registry", "insecure-registries"),
    ("label", "labels"),
    ("node-generic-resource", "node-generic-resources"),
    ("registry-mirror", "registry-mirrors"),
    ("storage-opt", "storage-opts"),
];
/// Options whose values are `KEY=VALUE` and in daemon.json an object.
const OBJECTS: [(&str, &str); 1] = [("log-opt", "log-opts")];

fn set(patch: &mut Map<String, Value>, option: &str, value: &str) {
    let named = |table: &[(&str, &'static str)]| {
        table.iter().find(|(one, all)| option == *one || option == *all).map(|(_, all)| *all)
    };
    if let Some(key) = named(&LISTS) {
        let list = patch.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(value.into());
        }
    } else if let Some(key) = named(&OBJECTS) {
        let object = patch.entry(key).or_insert_with(|| Value::Object(Map::new()));
        if let (Value::Object(object), Some((key, value))) = (object, value.split_once('=')) {
            object.insert(key.to_owned(), value.into());
        }
    } else {
        patch.insert(option.to_owned(), typed(value));
    }
}

/// A value by its form: dockerd refuses a text where it wants a number.
fn typed(value: &str) -> Value {
    match value {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        value => value.parse::<i64>().map_or_else(|_| value.into(), Value::from),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn options_of_the_engine_become_keys_of_its_file() {
        let mut patch = Map::new();
        let options = [
            ("debug", "true"),
            ("mtu", "1400"),
            ("log-driver", "json-file"),
            ("log-opt", "max-size=10m"),
            ("log-opt", "max-file=3"),
            ("dns", "10.0.0.1"),
            ("dns", "10.0.0.2"),
            ("insecure-registry", "r:5000"),
            ("bip", "172.20.0.1/16"),
        ];
        for (key, value) in options {
            set(&mut patch, key, value);
        }
        let wanted = json!({
            "debug": true, "mtu": 1400, "log-driver": "json-file", "log-opts": { "max-size": "10m", "max-file": "3" },
            "dns": ["10.0.0.1", "10.0.0.2"], "insecure-registries": ["r:5000"], "bip": "172.20.0.1/16",
        });
        assert_eq!(Value::Object(patch), wanted);
    }
}
