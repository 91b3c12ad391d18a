//! What the engine should be like: flags in docker-machine's words, as what is stored and as wishes for provisioning.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use clap::ValueEnum;

use super::option_flags::OptionFlags;
use crate::{
    cli::{engine_source::SourceArgs, engine_words, error::CliError},
    engine::options::Options,
    provision::{Access, ArchiveWish, InstallFrom, Place, Wishes},
    store::EngineOptions,
};

/// Where the vendor's installer script is.
const INSTALL_URL: &str = "https://get.docker.com";

/// Flags of the engine.
#[derive(clap::Args)]
#[group(skip)]
#[command(next_help_heading = "The engine")]
pub struct EngineArgs {
    /// Take the engine from here; auto keeps one that is there
    #[arg(long, value_enum, default_value_t = Install::Auto)]
    engine_install: Install,

    /// Install with this script
    #[arg(long, value_name = "URL", default_value = INSTALL_URL)]
    engine_install_url: String,

    /// Set a variable of that script's environment, such as DOWNLOAD_URL or CHANNEL
    #[arg(long, value_name = "KEY=VALUE")]
    engine_install_env: Vec<String>,

    #[command(flatten)]
    source: SourceArgs,

    /// Let clients come this way; ssh opens no port
    #[arg(long, value_enum, default_value_t = Way::Tls)]
    engine_access: Way,

    /// Listen on this address of the host (default: the one that SSH uses)
    #[arg(long, value_name = "IP")]
    engine_listen: Vec<IpAddr>,

    /// Set any option of the engine, as dockerd or daemon.json names it; most have a flag too: --help
    #[arg(long, value_name = "KEY=VALUE")]
    engine_opt: Vec<String>,

    /// Take options from this daemon.json of yours; those given as flags win
    #[arg(long, value_name = "FILE")]
    engine_config: Option<PathBuf>,

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

    #[command(flatten)]
    engine_options: OptionFlags,
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
    /// The vendor's tarball, in a folder of its own, so that upgrades can go back
    Static,
    /// The same from a file of this computer, sent over the SSH connection
    Bundle,
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
            arbitrary_flags: Some(self.words().cloned().collect()),
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
    pub fn wishes(&self, program: &str, here: &Path) -> Result<Wishes, CliError> {
        engine_words::variables("--engine-env", &self.engine_env)?;
        engine_words::variables("--engine-install-env", &self.engine_install_env)?;
        let archive = self.source.archive(here)?;
        let install = self.install(archive.as_ref())?;
        let mut daemon = match &self.engine_config {
            Some(path) => engine_words::file(program, path)?,
            None => Options::new(),
        };
        let asked = self.asked(program)?;
        daemon.extend(asked.options);
        Ok(Wishes {
            install,
            install_url: (self.engine_install_url != INSTALL_URL).then(|| self.engine_install_url.clone()),
            install_env: self.engine_install_env.clone(),
            version: self.source.engine_version.clone(),
            archive,
            access: match self.engine_access {
                Way::Tls => Access::Tls,
                Way::Ssh => Access::Ssh,
            },
            listen: self.engine_listen.iter().copied().chain(asked.listen).collect(),
            port: asked.port.unwrap_or_default(),
            daemon,
            env: self.engine_env.clone(),
            ..Wishes::default()
        })
    }

    /// Where the engine comes from. An archive that is given says it by itself.
    fn install(&self, archive: Option<&ArchiveWish>) -> Result<InstallFrom, CliError> {
        let is_file = matches!(archive, Some(ArchiveWish { place: Place::File(_), .. }));
        match (self.engine_install, archive) {
            (Install::Auto, Some(_)) if self.source.has_bundle() => Ok(InstallFrom::Bundle),
            (Install::Auto, Some(_)) | (Install::Static, _) => Ok(InstallFrom::Static),
            (Install::Bundle, Some(_)) if is_file => Ok(InstallFrom::Bundle),
            (Install::Bundle, _) => {
                Err(CliError::usage("a bundle is a file of this computer", "--engine-bundle FILE"))
            }
            (Install::Distro | Install::Script | Install::None, Some(_)) => Err(CliError::usage(
                "an archive is given, and the engine is to come from elsewhere",
                "--engine-install static",
            )),
            (Install::Auto, None) => Ok(InstallFrom::Auto),
            (Install::Distro, None) => Ok(InstallFrom::Distro),
            (Install::Script, None) => Ok(InstallFrom::Script),
            (Install::None, None) => Ok(InstallFrom::None),
        }
    }

    /// Options by whatever name they were given.
    fn words(&self) -> impl Iterator<Item = &String> {
        self.engine_opt.iter().chain(&self.engine_options.words)
    }

    /// What all flags that are about options say.
    fn asked(&self, program: &str) -> Result<engine_words::Asked, CliError> {
        let named = |name: &str, values: &[String]| -> Vec<String> {
            values.iter().map(|value| format!("{name}={value}")).collect()
        };
        let more = [
            named("insecure-registry", &self.engine_insecure_registry),
            named("registry-mirror", &self.engine_registry_mirror),
            named("label", &self.engine_label),
            named("storage-driver", self.engine_storage_driver.as_slice()),
        ];
        engine_words::read(program, self.words().chain(more.iter().flatten()).map(String::as_str))
    }
}
