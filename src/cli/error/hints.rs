//! What to type next, for every error: our own voice.

mod archive;
mod certs;
mod context;
mod driver;
mod engine;
mod key;
mod links;
mod process;
mod provision;
mod ssh;
mod store;
mod swarm;

use std::{error::Error, iter::successors};

use super::{CliError, SettingsError};
use crate::{
    driver::DriverError,
    engine::api::ApiError,
    machine::MachineName,
    ops::{OpsError, exchange::ExchangeError, query::QueryError},
    ssh::SshError,
    store::StoreError,
};

/// Who types, and which machine it is about.
#[derive(Clone, Copy)]
pub struct To<'a> {
    /// The name we were called by.
    pub program: &'a str,
    /// The machine, where it is known.
    pub name: Option<&'a MachineName>,
}

impl To<'_> {
    /// The machine in something to type.
    fn name(&self) -> &str {
        self.name.map_or("NAME", MachineName::as_str)
    }
}

/// Lines to type or to think about; mostly one.
type Hints = Vec<String>;

/// What to type, in the order of usefulness.
pub fn hints(error: &CliError, to: To<'_>) -> Hints {
    let program = to.program;
    match error {
        CliError::Usage { hint, .. } | CliError::Refused { hint, .. } | CliError::Failed { hint, .. } => {
            hint.iter().cloned().collect()
        }
        CliError::Name(_) => one("a name such as n1, web-2 or db.example.org"),
        CliError::NoDefault => {
            one(format!("{program} ls shows the machines; name one, or create it: {program} create default"))
        }
        CliError::SwarmDiscovery { .. } => one("one such as --swarm-discovery consul://HOST/PATH"),
        CliError::NoNames { command } => one(format!("{program} {command} NAME")),
        CliError::Settings(SettingsError::Unknown { nearest, .. }) => did_you_mean(nearest),
        CliError::Interrupted { goes_on: true } => one("the same command again goes on from here"),
        CliError::TimedOut(_) => one("give it longer with --timeout SECONDS"),
        CliError::Ops(error) => of_ops(error, to),
        CliError::Store(error) => along(error, to),
        CliError::Driver(error) => along(error, to),
        CliError::Query(error) => of_query(error, to),
        CliError::Ssh(error) => along(error, to),
        CliError::Links(error) => links::hints(error, to),
        CliError::Process(error) => process::hints(error),
        CliError::Classic { source, .. } | CliError::NoStatus { source } => hints(source, to),
        CliError::Settings(SettingsError::Unreadable { .. } | SettingsError::Syntax { .. })
        | CliError::Clap(_)
        | CliError::Misused { .. }
        | CliError::Io { .. }
        | CliError::Interrupted { goes_on: false }
        | CliError::Machines { .. }
        | CliError::Several { .. } => Vec::new(),
    }
}

fn of_ops(error: &OpsError, to: To<'_>) -> Hints {
    let program = to.program;
    match error {
        OpsError::UnknownDriver { nearest, .. } => {
            let mut hints = did_you_mean(nearest);
            hints.push(format!("{program} create --help lists the drivers"));
            hints
        }
        OpsError::Unfinished { machine, source, .. } => {
            let mut hints = of_ops(source, to);
            hints.push(format!(
                "go on with the same command, or remove what there is: {program} rm {machine}"
            ));
            hints
        }
        OpsError::UnfinishedElsewhere { machine, .. } => {
            one(format!("remove what there is: {program} rm {machine}"))
        }
        OpsError::NotAdopted { machine, .. } => one(format!("{program} rm {machine} removes it")),
        OpsError::NoUrl { machine } | OpsError::NotRunning { machine } => {
            one(format!("{program} start {machine}"))
        }
        OpsError::BrokenWishes { machine, .. } => one(format!("what is stored: {program} inspect {machine}")),
        OpsError::OptionNotSet { known, .. } if known.is_empty() => one("nothing is set"),
        OpsError::OptionNotSet { known, .. } => one(format!("set are: {}", known.join(", "))),
        OpsError::CertificateFile { .. } => one(format!("{program} provision {}", to.name())),
        OpsError::OnlyManager { machine } => one(format!("{program} upgrade --yes {machine}")),
        OpsError::QuorumAtRisk { .. } => {
            one("bring the managers that do not answer back, or promote a node first")
        }
        OpsError::NoManager { .. } => {
            one("adopt a manager too, or drain the node and upgrade its host by hand")
        }
        OpsError::Upkeep(error) => along(error, to),
        OpsError::Archive(error) => archive::hints(error, to),
        OpsError::Store(error) => along(error, to),
        OpsError::Driver(error) => along(error, to),
        OpsError::Ssh(error) => along(error, to),
        OpsError::Exchange(ExchangeError::Imported { machine }) => one(format!(
            "release it there; to have it here no more: {program} rm {machine}; to have its host: {program} create --take-over"
        )),
        OpsError::Exchange(ExchangeError::Unfinished { machine }) => {
            one(format!("{program} create goes on with it, {program} rm {machine} removes it"))
        }
        OpsError::Context(error) => context::hints(error, to),
        OpsError::Certs(error) => certs::hints(error, to),
        OpsError::Provision(error) => provision::hints(error, to),
        OpsError::Engine(error) => along(error, to),
        OpsError::Swarm(error) => swarm::hints(error, to),
        OpsError::Exchange(_)
        | OpsError::NotProvisioned { .. }
        | OpsError::OwnHostKey { .. }
        | OpsError::NoLogin { .. }
        | OpsError::NeverRan { .. } => Vec::new(),
    }
}

fn of_query(error: &QueryError, to: To<'_>) -> Hints {
    match error {
        QueryError::NotRunning { name, .. } => one(format!("{} start {name}", to.program)),
        QueryError::Engine { name, source, .. } => of_ops(source, To { name: Some(name), ..to }),
        QueryError::NotSwarmMaster { name } => {
            one(format!("a swarm of today is reached through any of its managers: {} env {name}", to.program))
        }
        QueryError::SwarmSilent { name } => {
            one(format!("what became of it: {} ssh {name} -- docker ps -a", to.program))
        }
        QueryError::Ops(error) => of_ops(error, to),
    }
}

/// The hints of the first error on the chain that has any.
fn along(error: &(dyn Error + 'static), to: To<'_>) -> Hints {
    let chain = successors(Some(error), |error: &&(dyn Error + 'static)| (*error).source());
    chain.map(|error| known(error, to)).find(|hints| !hints.is_empty()).unwrap_or_default()
}

fn known(error: &(dyn Error + 'static), to: To<'_>) -> Hints {
    if let Some(error) = error.downcast_ref::<StoreError>() {
        store::hints(error, to)
    } else if let Some(error) = error.downcast_ref::<DriverError>() {
        driver::hints(error, to)
    } else if let Some(error) = error.downcast_ref::<SshError>() {
        ssh::hints(error, to)
    } else if let Some(error) = error.downcast_ref::<ApiError>() {
        engine::hints(error, to)
    } else {
        Vec::new()
    }
}

fn one(hint: impl Into<String>) -> Hints {
    vec![hint.into()]
}

fn did_you_mean(nearest: &[String]) -> Hints {
    if nearest.is_empty() { Vec::new() } else { one(format!("did you mean {}?", nearest.join(" or "))) }
}
