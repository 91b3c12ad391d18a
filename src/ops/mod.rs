//! The verbs: each file is one story in order; nothing here prints, exits, or reads the environment.

pub mod archives;
pub mod certs;
pub mod classic_swarm;
pub mod connect;
pub mod contexts;
pub mod create;
pub mod engine;
pub mod env_files;
pub mod exchange;
pub mod fan_out;
pub mod lifecycle;
pub mod links;
pub mod login;
pub mod openssh;
mod ownership;
pub mod provision;
pub mod query;
mod reboot;
pub mod release;
pub mod rm;
pub mod ssh_config;
pub mod store_check;
pub mod swarm;
pub mod trust;
pub mod upgrade;
pub mod wait;

use std::{sync::Arc, time::Duration};

use crate::{
    checkpoint::Checkpoints,
    driver::{Context, Driver},
    drivers::Drivers,
    env::Env,
    event::Events,
    machine::MachineName,
    prompt::Prompt,
    retry::Deadline,
    secret::Secret,
    store::{Lock, Record, Store},
};

/// How long another rmachine may be busy with a machine, or with the certificates of all.
const LOCK_WAIT: Duration = Duration::from_secs(60);

/// What every verb works with.
#[derive(Clone)]
pub struct World {
    /// The process's surroundings.
    pub env: Env,
    /// The store.
    pub store: Store,
    /// Where to say what happens.
    pub events: Events,
    /// Who to ask.
    pub prompt: Arc<dyn Prompt>,
    /// sudo's password, where the user gave one beforehand.
    pub sudo_password: Option<Secret>,
    /// Engines in files, read once however many machines get them.
    pub archives: archives::Archives,
}

impl World {
    /// What a driver works with for one machine.
    pub fn context(&self, name: &MachineName) -> Context {
        Context {
            name: name.clone(),
            store: self.store.root().to_owned(),
            folder: self.store.machine_dir(name),
            cache: self.store.cache_dir(),
            env: self.env.clone(),
            events: self.events.of(name),
            checkpoints: Checkpoints::from_env(&self.env),
        }
    }

    /// Takes a machine's lock, for a verb that changes something.
    pub async fn lock(&self, name: &MachineName) -> Result<Lock, OpsError> {
        Ok(self.store.lock(name, Deadline::after(LOCK_WAIT), &self.events.of(name)).await?)
    }

    /// All drivers that there are.
    pub fn drivers(&self) -> Drivers {
        Drivers::new(&self.env, Some(self.store.root().to_owned()))
    }

    /// The driver of a stored machine; one that is not here stands in for itself and refuses what it cannot do.
    pub fn driver(&self, record: &Record) -> Result<Box<dyn Driver>, OpsError> {
        Ok(self.drivers().of_stored(&record.config.driver_name))
    }
}

/// Why a verb failed. The command line maps each to hints and an exit code.
#[derive(Debug, thiserror::Error)]
pub enum OpsError {
    /// No such driver.
    #[error("there is no driver {name:?}")]
    UnknownDriver {
        /// What was asked for.
        name: String,
        /// Names that are near it.
        nearest: Vec<String>,
    },
    /// The machine has no login.
    #[error("machine {machine} has no login: the {driver} driver only points at an engine")]
    NoLogin {
        /// The machine.
        machine: String,
        /// Its driver.
        driver: String,
    },
    /// The machine's host is down.
    #[error("the host of {machine} is not running")]
    NotRunning {
        /// The machine.
        machine: String,
    },
    /// A host that was made or restarted never came to run.
    #[error("the host of {machine} does not run")]
    NeverRan {
        /// The machine.
        machine: String,
        /// How long it was waited for, and what its driver said of it.
        #[source]
        source: crate::retry::TimedOut,
    },
    /// The machine's address is not known (yet).
    #[error("the address of machine {machine} is not known; it may not be running")]
    NoUrl {
        /// The machine.
        machine: String,
    },
    /// The driver's hosts are not provisioned.
    #[error("hosts of the {driver} driver are not provisioned")]
    NotProvisioned {
        /// The driver.
        driver: String,
    },
    /// Only adopted hosts can be released.
    #[error(
        "machine {machine} was made by the {driver} driver, not adopted, so there is nothing to go back to"
    )]
    NotAdopted {
        /// The machine.
        machine: String,
        /// Its driver.
        driver: String,
    },
    /// The driver itself knows its host's key.
    #[error(
        "the host key of {machine} is the one that the {driver} driver made for it, so there is nothing to decide"
    )]
    OwnHostKey {
        /// The machine.
        machine: String,
        /// Its driver.
        driver: String,
    },
    /// A certificate of the store cannot be read.
    #[error("cannot read {path}", path = path.display())]
    CertificateFile {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The wishes in the side file are no wishes.
    #[error("what was wished for machine {machine} cannot be understood: {reason}")]
    BrokenWishes {
        /// The machine.
        machine: String,
        /// What the parser said.
        reason: String,
    },
    /// An option was to be taken back that is not set.
    #[error("{option} is not set for machine {machine}")]
    OptionNotSet {
        /// The machine.
        machine: String,
        /// The option or variable.
        option: String,
        /// What is set.
        known: Vec<String>,
    },
    /// An earlier create with another driver left the name half-made.
    #[error("an earlier create of machine {machine} with the {driver} driver was not finished")]
    UnfinishedElsewhere {
        /// The machine.
        machine: String,
        /// That driver.
        driver: String,
    },
    /// A create failed and left something behind.
    #[error("machine {machine} is not finished")]
    Unfinished {
        /// The machine.
        machine: String,
        /// Whether the host exists.
        host_exists: bool,
        /// Why.
        #[source]
        source: Box<OpsError>,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The driver.
    #[error(transparent)]
    Driver(#[from] crate::driver::DriverError),
    /// SSH.
    #[error(transparent)]
    Ssh(#[from] crate::ssh::SshError),
    /// The CA or a certificate of the store.
    #[error(transparent)]
    Certs(#[from] certs::CertsError),
    /// An engine in a file.
    #[error(transparent)]
    Archive(#[from] crate::engine::archive::ArchiveError),
    /// The only manager of a swarm.
    #[error("{machine} is the only manager of its swarm, which nobody can manage while its engine restarts")]
    OnlyManager {
        /// The machine.
        machine: String,
    },
    /// Too few managers would be left.
    #[error(
        "{machine} cannot be spared: {left} of {managers} managers of its swarm would answer, which is no majority"
    )]
    QuorumAtRisk {
        /// The machine.
        machine: String,
        /// All managers.
        managers: usize,
        /// Those that would answer.
        left: usize,
    },
    /// No manager of the swarm is a machine of ours.
    #[error("{machine} is a worker of a swarm, and none of its managers is a machine here")]
    NoManager {
        /// The machine.
        machine: String,
    },
    /// A node could not be taken out of work or put back.
    #[error(transparent)]
    Upkeep(#[from] upgrade::UpkeepError),
    /// Provisioning.
    #[error(transparent)]
    Provision(#[from] crate::provision::ProvisionError),
    /// docker's contexts.
    #[error(transparent)]
    Context(#[from] crate::contexts::ContextError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] crate::engine::api::ApiError),
    /// A machine could not be handed on or taken in.
    #[error(transparent)]
    Exchange(#[from] exchange::ExchangeError),
    /// A swarm.
    #[error(transparent)]
    Swarm(#[from] swarm::SwarmError),
}

impl OpsError {
    /// No such driver, with the ones that are near it.
    pub(crate) fn unknown_driver(name: &str, drivers: &Drivers) -> Self {
        Self::UnknownDriver { name: name.to_owned(), nearest: drivers.nearest(name) }
    }

    /// Whether the host is as it was before: the failure came before apply, or apply undid itself.
    pub fn left_host_untouched(&self) -> bool {
        match self {
            Self::Provision(error) => error.left_host_untouched(),
            Self::Engine(_)
            | Self::NeverRan { .. }
            | Self::Upkeep(_)
            | Self::Unfinished { .. }
            | Self::Swarm(_) => false,
            Self::UnknownDriver { .. }
            | Self::NoLogin { .. }
            | Self::NotRunning { .. }
            | Self::NoUrl { .. }
            | Self::NotProvisioned { .. }
            | Self::NotAdopted { .. }
            | Self::OwnHostKey { .. }
            | Self::CertificateFile { .. }
            | Self::BrokenWishes { .. }
            | Self::OptionNotSet { .. }
            | Self::UnfinishedElsewhere { .. }
            | Self::Store(_)
            | Self::Driver(_)
            | Self::Ssh(_)
            | Self::Context(_)
            | Self::Exchange(_)
            | Self::Archive(_)
            | Self::OnlyManager { .. }
            | Self::QuorumAtRisk { .. }
            | Self::NoManager { .. }
            | Self::Certs(_) => true,
        }
    }
}
