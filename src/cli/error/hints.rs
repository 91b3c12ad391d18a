//! What to type next, and the exit code, for every error: our own voice.

use std::path::Path;

use super::{CliError, SettingsError, code, ssh_hints};
use crate::{
    driver::DriverError,
    machine::MachineName,
    ops::{OpsError, certs::CertsError, query::QueryError},
    provision::ProvisionError,
    store::StoreError,
};

/// The exit code.
pub fn code(error: &CliError) -> u8 {
    match error {
        CliError::Clap(_)
        | CliError::Usage { .. }
        | CliError::Settings(_)
        | CliError::Name(_)
        | CliError::NoDefault
        | CliError::NoNames { .. } => code::USAGE,
        CliError::Refused { .. } => code::REFUSED,
        CliError::Ops(error) => of_ops(error),
        CliError::Store(error) => of_store(error),
        CliError::Driver(error) => of_driver(error),
        CliError::Failed { .. }
        | CliError::Query(_)
        | CliError::Ssh(_)
        | CliError::TimedOut(_)
        | CliError::Io { .. } => code::FAILED,
        CliError::Interrupted => code::INTERRUPTED,
        CliError::Several { errors } => errors.first().map_or(code::FAILED, code),
        CliError::Machines { done: 0, failures } => of_all(failures),
        CliError::Machines { .. } => code::PARTLY,
        CliError::Classic { source, .. } => code(source),
    }
}

/// All failed: where they failed alike, that code.
fn of_all(failures: &[(MachineName, CliError)]) -> u8 {
    let mut codes = failures.iter().map(|(_, error)| code(error));
    let first = codes.next().unwrap_or(code::FAILED);
    if codes.all(|code| code == first) { first } else { code::FAILED }
}

fn of_ops(error: &OpsError) -> u8 {
    match error {
        OpsError::UnknownDriver { .. } => code::USAGE,
        OpsError::Store(error) => of_store(error),
        OpsError::Driver(error) => of_driver(error),
        OpsError::Provision(ProvisionError::Refused(_))
        | OpsError::NoDefault(_)
        | OpsError::NotAdopted { .. }
        | OpsError::NotProvisioned { .. }
        | OpsError::UnfinishedElsewhere { .. } => code::REFUSED,
        OpsError::Unfinished { .. }
        | OpsError::NoLogin { .. }
        | OpsError::NoUrl { .. }
        | OpsError::CertificateFile { .. }
        | OpsError::BrokenWishes { .. }
        | OpsError::Ssh(_)
        | OpsError::Certs(_)
        | OpsError::Provision(_)
        | OpsError::Engine(_) => code::FAILED,
    }
}

fn of_store(error: &StoreError) -> u8 {
    match error {
        StoreError::AlreadyExists(_) => code::REFUSED,
        StoreError::BadName(_) => code::USAGE,
        StoreError::NoHome
        | StoreError::NotFound { .. }
        | StoreError::NotAFolder { .. }
        | StoreError::NoConfig { .. }
        | StoreError::Empty { .. }
        | StoreError::Malformed { .. }
        | StoreError::FromTheFuture { .. }
        | StoreError::Outdated { .. }
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
        | DriverError::BadState { .. }
        | DriverError::Gone
        | DriverError::Failed { .. }
        | DriverError::TimedOut(_) => code::FAILED,
    }
}

/// What to type, in the order of usefulness; `name` is the machine it is about, where that is known.
pub fn hint(error: &CliError, program: &str, name: Option<&MachineName>) -> Vec<String> {
    match error {
        CliError::Usage { hint, .. } | CliError::Refused { hint, .. } | CliError::Failed { hint, .. } => {
            hint.iter().cloned().collect()
        }
        CliError::Name(_) => vec!["a name such as n1, web-2 or db.example.org".into()],
        CliError::NoDefault => {
            vec![format!("{program} ls shows the machines; name one, or create it: {program} create default")]
        }
        CliError::NoNames { command } => vec![format!("{program} {command} NAME")],
        CliError::Ops(error) => for_ops(error, program, name),
        CliError::Store(error) => for_store(error, program),
        CliError::Driver(error) => for_driver(error, program, name),
        CliError::Query(error) => for_query(error, program, name),
        CliError::Settings(SettingsError::Unknown { nearest, .. }) => {
            did_you_mean(nearest).into_iter().collect()
        }
        CliError::Ssh(error) => ssh_hints::hint(error, program, name),
        CliError::Settings(SettingsError::Unreadable { .. } | SettingsError::Syntax { .. })
        | CliError::Clap(_)
        | CliError::Io { .. }
        | CliError::Interrupted
        | CliError::Machines { .. }
        | CliError::Several { .. } => Vec::new(),
        CliError::TimedOut(_) => vec!["give it longer with --timeout SECONDS".into()],
        CliError::Classic { source, .. } => hint(source, program, name),
    }
}

fn for_ops(error: &OpsError, program: &str, name: Option<&MachineName>) -> Vec<String> {
    match error {
        OpsError::UnknownDriver { nearest, .. } => {
            let drivers = format!("{program} create --help lists the drivers");
            did_you_mean(nearest).into_iter().chain([drivers]).collect()
        }
        OpsError::Store(error) => for_store(error, program),
        OpsError::Driver(error) => for_driver(error, program, name),
        OpsError::Unfinished { machine, source, .. } => {
            let go_on =
                format!("go on with the same command, or remove what there is: {program} rm {machine}");
            for_ops(source, program, name).into_iter().chain([go_on]).collect()
        }
        OpsError::UnfinishedElsewhere { machine, .. } => vec![format!("{program} rm {machine}")],
        OpsError::NotAdopted { machine, .. } => vec![format!("{program} rm {machine} removes it")],
        OpsError::NoUrl { machine } => vec![format!("{program} start {machine}")],
        OpsError::BrokenWishes { machine, .. } => {
            vec![format!("what is stored: {program} inspect {machine}")]
        }
        OpsError::Ssh(error) => ssh_hints::hint(error, program, name),
        OpsError::Certs(error) => for_certs(error),
        OpsError::Provision(error) => for_provision(error, program, name),
        OpsError::Engine(_) => vec![
            "the engine runs there, so something in between blocks its port; or use --engine-access ssh"
                .to_owned(),
        ],
        OpsError::NoDefault(_) => vec![format!("adopt a host instead: {program} create --ip ADDRESS NAME")],
        OpsError::CertificateFile { .. } | OpsError::NotProvisioned { .. } | OpsError::NoLogin { .. } => {
            Vec::new()
        }
    }
}

fn for_provision(error: &ProvisionError, program: &str, name: Option<&MachineName>) -> Vec<String> {
    match error {
        ProvisionError::Refused(refusal) => refusal.hint().map(ToOwned::to_owned).into_iter().collect(),
        ProvisionError::Remote(error) => ssh_hints::for_remote(error),
        ProvisionError::Left { .. } | ProvisionError::Silent { .. } => {
            vec!["run the same command again: it looks how that ended, and goes on".to_owned()]
        }
        ProvisionError::NotAdopted { .. } => {
            vec![format!("forget the machine: {program} rm {}", name.map_or("NAME", MachineName::as_str))]
        }
        ProvisionError::Answer { .. } | ProvisionError::Failed { .. } => Vec::new(),
    }
}

fn for_certs(error: &CertsError) -> Vec<String> {
    match error {
        CertsError::AuthorityWithoutCertificate { key, .. } => {
            vec![format!(
                "bring the certificate back from a backup, or move {} away for a new CA",
                key.display()
            )]
        }
        CertsError::AuthorityWithoutKey { certificate, .. } => {
            vec![format!(
                "bring the key back from a backup, or move {} away for a new CA",
                certificate.display()
            )]
        }
        CertsError::AuthorityExpired { path } => {
            vec![format!("move {} and its key away; the next create makes a new CA", path.display())]
        }
        CertsError::Store(_)
        | CertsError::Missing { .. }
        | CertsError::Unfit { .. }
        | CertsError::NotMade(_) => Vec::new(),
    }
}

fn for_store(error: &StoreError, program: &str) -> Vec<String> {
    match error {
        StoreError::NotFound { nearest, .. } => {
            let list = format!("{program} ls shows the machines");
            did_you_mean(nearest).into_iter().chain([list]).collect()
        }
        StoreError::AlreadyExists(name) => {
            vec![format!("take another name, or remove it first: {program} rm {name}")]
        }
        StoreError::NoHome => vec!["say where the store is: --storage-path FOLDER".into()],
        StoreError::NotAFolder { path } => vec![format!("move {} away", path.display())],
        StoreError::NoConfig { path } | StoreError::Empty { path } | StoreError::Malformed { path, .. } => {
            vec![forget(path, program)]
        }
        StoreError::FromTheFuture { .. } => vec![format!("use the newest {program} for this machine")],
        StoreError::Outdated { .. } => {
            vec!["let docker-machine 0.16 read it once (docker-machine ls): it rewrites such files".into()]
        }
        StoreError::Denied { path, .. } => vec![format!("whose is it? ls -ld {}", path.display())],
        StoreError::Busy { .. } => vec!["wait for it to end, then try again".into()],
        StoreError::BadName(_) | StoreError::Io { .. } => Vec::new(),
    }
}

/// A record that cannot be read is named by its folder.
fn forget(path: &Path, program: &str) -> String {
    let name = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    format!("mend the file, or forget the machine: {program} rm -f {name}")
}

fn for_driver(error: &DriverError, program: &str, name: Option<&MachineName>) -> Vec<String> {
    let name = name.map_or("NAME", MachineName::as_str);
    match error {
        DriverError::Usage { .. } => {
            vec![format!("{program} create -d DRIVER --help shows the driver's flags")]
        }
        DriverError::Preflight { hint, .. } => hint.iter().cloned().collect(),
        DriverError::Gone => vec![format!("forget the machine: {program} rm -f {name}")],
        DriverError::BadState { .. } => vec![format!("what is stored: {program} inspect {name}")],
        DriverError::Unsupported { .. } | DriverError::Failed { .. } | DriverError::TimedOut(_) => Vec::new(),
    }
}

fn for_query(error: &QueryError, program: &str, name: Option<&MachineName>) -> Vec<String> {
    match error {
        QueryError::NotRunning { name, .. } => vec![format!("{program} start {name}")],
        QueryError::NoUrl { name } | QueryError::NoCertificate { name, .. } => {
            vec![format!("{program} provision {name}")]
        }
        QueryError::BadUrl { name, .. } => vec![format!("what is stored: {program} inspect {name}")],
        QueryError::Engine { name, .. } => {
            vec![format!("is the engine up? {program} ssh {name} -- systemctl status docker")]
        }
        QueryError::Ops(error) => for_ops(error, program, name),
    }
}

fn did_you_mean(nearest: &[String]) -> Option<String> {
    (!nearest.is_empty()).then(|| format!("did you mean {}?", nearest.join(" or ")))
}
