//! The exit code of every error: our own voice.

use super::{CliError, code};
use crate::{
    contexts::ContextError,
    driver::DriverError,
    machine::MachineName,
    ops::{OpsError, certs::CertsError, exchange::ExchangeError, links::LinkError, swarm::SwarmError},
    provision::ProvisionError,
    store::StoreError,
};

/// The exit code.
pub fn of(error: &CliError) -> u8 {
    match error {
        CliError::Clap(_)
        | CliError::Usage { .. }
        | CliError::Misused { .. }
        | CliError::SwarmDiscovery { .. }
        | CliError::Settings(_)
        | CliError::Name(_)
        | CliError::NoDefault
        | CliError::NoNames { .. } => code::USAGE,
        CliError::Refused { .. } => code::REFUSED,
        CliError::Ops(error) => of_ops(error),
        CliError::Store(error) => of_store(error),
        CliError::Links(error) => of_links(error),
        CliError::Driver(error) => of_driver(error),
        CliError::Failed { .. }
        | CliError::Query(_)
        | CliError::Ssh(_)
        | CliError::Process(_)
        | CliError::TimedOut(_)
        | CliError::Io { .. } => code::FAILED,
        CliError::Interrupted { .. } => code::INTERRUPTED,
        CliError::Several { errors } => errors.first().map_or(code::FAILED, of),
        CliError::Machines { done: 0, failures } => of_all(failures),
        CliError::Machines { .. } => code::PARTLY,
        CliError::NoStatus { .. } => code::NO_STATUS,
        CliError::Classic { source, .. } => of(source),
    }
}

/// All failed: where they failed alike, that code.
fn of_all(failures: &[(MachineName, CliError)]) -> u8 {
    let mut codes = failures.iter().map(|(_, error)| of(error));
    let first = codes.next().unwrap_or(code::FAILED);
    if codes.all(|code| code == first) { first } else { code::FAILED }
}

fn of_ops(error: &OpsError) -> u8 {
    match error {
        OpsError::UnknownDriver { .. } => code::USAGE,
        OpsError::Store(error) => of_store(error),
        OpsError::Driver(error) => of_driver(error),
        OpsError::Provision(ProvisionError::Refused(_))
        | OpsError::Certs(CertsError::UsersOwn { .. })
        | OpsError::Archive(_)
        | OpsError::OnlyManager { .. }
        | OpsError::QuorumAtRisk { .. }
        | OpsError::NoManager { .. }
        | OpsError::NotAdopted { .. }
        | OpsError::NotProvisioned { .. }
        | OpsError::OwnHostKey { .. }
        | OpsError::OptionNotSet { .. }
        | OpsError::Exchange(
            ExchangeError::Local { .. } | ExchangeError::Imported { .. } | ExchangeError::Unfinished { .. },
        )
        | OpsError::UnfinishedElsewhere { .. } => code::REFUSED,
        OpsError::Context(error) => of_context(error),
        OpsError::Unfinished { .. }
        | OpsError::NoLogin { .. }
        | OpsError::NoUrl { .. }
        | OpsError::NotRunning { .. }
        | OpsError::NeverRan { .. }
        | OpsError::CertificateFile { .. }
        | OpsError::BrokenWishes { .. }
        | OpsError::Ssh(_)
        | OpsError::Certs(_)
        | OpsError::Provision(_)
        | OpsError::Upkeep(_)
        | OpsError::Exchange(_)
        | OpsError::Engine(_) => code::FAILED,
        OpsError::Swarm(error) => of_swarm(error),
    }
}

fn of_swarm(error: &SwarmError) -> u8 {
    match error {
        SwarmError::Topology(_) | SwarmError::Discovery(_) | SwarmError::NoDriver { .. } => code::USAGE,
        SwarmError::NameOfMachine { .. }
        | SwarmError::OtherMembers { .. }
        | SwarmError::OtherSettings { .. }
        | SwarmError::NotMember { .. }
        | SwarmError::Taken { .. }
        | SwarmError::Quorum { .. }
        | SwarmError::Last { .. }
        | SwarmError::Down { .. }
        | SwarmError::Conflict { .. }
        | SwarmError::Problems { after_making: false, .. } => code::REFUSED,
        SwarmError::Problems { after_making: true, .. }
        | SwarmError::Unfinished { .. }
        | SwarmError::NoManager { .. }
        | SwarmError::NoAnswer { .. }
        | SwarmError::NotIn { .. }
        | SwarmError::NoRoom { .. }
        | SwarmError::NoKey { .. }
        | SwarmError::Address(_)
        | SwarmError::Host(_)
        | SwarmError::Formation(_) => code::FAILED,
    }
}

fn of_links(error: &LinkError) -> u8 {
    match error {
        LinkError::Taken { .. } | LinkError::NoFolder => code::REFUSED,
        LinkError::Docker(error) => of_context(error),
        LinkError::Files(error) => of_store(error),
    }
}

fn of_context(error: &ContextError) -> u8 {
    match error {
        ContextError::BadName { .. } | ContextError::Taken { .. } | ContextError::Unwanted { .. } => {
            code::REFUSED
        }
        ContextError::NoHome | ContextError::Malformed { .. } => code::FAILED,
        ContextError::Files(error) => of_store(error),
    }
}

fn of_store(error: &StoreError) -> u8 {
    match error {
        StoreError::AlreadyExists(_) | StoreError::NameOfSwarm(_) => code::REFUSED,
        StoreError::BadName(_) => code::USAGE,
        StoreError::NoHome
        | StoreError::NotFound { .. }
        | StoreError::NoSwarm { .. }
        | StoreError::NotAFolder { .. }
        | StoreError::NoConfig { .. }
        | StoreError::Empty { .. }
        | StoreError::Malformed { .. }
        | StoreError::FromTheFuture { .. }
        | StoreError::Denied { .. }
        | StoreError::Io { .. }
        | StoreError::Busy { .. } => code::FAILED,
    }
}

fn of_driver(error: &DriverError) -> u8 {
    match error {
        DriverError::Usage { .. } => code::USAGE,
        DriverError::Preflight { .. } => code::REFUSED,
        DriverError::Unsupported { .. }
        | DriverError::NoHost { .. }
        | DriverError::Missing { .. }
        | DriverError::BadState { .. }
        | DriverError::Gone
        | DriverError::Failed { .. }
        | DriverError::TimedOut(_) => code::FAILED,
    }
}
