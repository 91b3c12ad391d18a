//! `export` and `import`: machines leave a store in a file, and come into another one so that its client works at once.
//!
//! What a machine's certificates were signed by stays with it: the paths in its record lead to the copies in its own folder, and not to
//! the CA of the store that it comes into. Without the CA's key, certificates are renewed where the machine comes from.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use zeroize::Zeroizing;

use super::{OpsError, World, certs, env_files};
use crate::{
    machine::MachineName,
    parcel::{Files, Parcel},
    store::{AuthOptions, Config, Record, Side, Stage},
};

/// The largest file of a machine's folder that is taken along: keys and records are, disks are not.
const LARGEST: u64 = 1 << 20;
/// The SSH key of a machine, where it was outside of its folder.
const KEY: &str = "id_exported";
/// The key of the CA, where it is handed on.
const CA_KEY: &str = "ca-key.pem";
/// Files that are made anew where they come to.
const MADE_ANEW: [&str; 3] = ["env.sh", "ssh_config", "known_hosts"];
/// The field of `rmachine.json` that a machine has which was imported.
const IMPORTED: &str = "imported";
/// Our two records, which are written from what they say.
const RECORDS: [&str; 2] = ["config.json", "rmachine.json"];

/// Why a machine cannot be handed on or taken in.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// Its host is on this computer.
    #[error(
        "the host of {machine} lives on this computer, where the {driver} driver made it: nobody else could use it"
    )]
    Local {
        /// The machine.
        machine: String,
        /// Its driver.
        driver: String,
    },
    /// It belongs to the store that it comes from.
    #[error("machine {machine} was imported, and its host belongs to the store that it comes from")]
    Imported {
        /// The machine.
        machine: String,
    },
    /// It was never finished.
    #[error("machine {machine} is not finished, so there is nothing to use yet")]
    Unfinished {
        /// The machine.
        machine: String,
    },
    /// A file that it cannot do without is too large or unreadable.
    #[error("cannot take {path} along", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// What is in the file is no machine.
    #[error("machine {machine} in the file is broken: {reason}")]
    Broken {
        /// The machine.
        machine: String,
        /// Why.
        reason: String,
    },
}

/// Packs machines. `with_ca` takes the CA's key along: whoever has it can sign certificates for every machine of this store.
pub async fn export(world: &World, names: &[MachineName], with_ca: bool) -> Result<Parcel, OpsError> {
    let mut parcel = Parcel { store: world.store.root().to_owned(), ..Parcel::default() };
    for name in names {
        let _lock = world.lock(name).await?;
        parcel.machines.insert(name.clone(), packed(world, name, with_ca)?);
    }
    Ok(parcel)
}

/// Takes a machine in under a name that is free, with a context for docker if that is wanted.
pub async fn import(
    world: &World,
    parcel: &Parcel,
    packed: &MachineName,
    name: &MachineName,
    context: bool,
) -> Result<(), OpsError> {
    let files = parcel.machines.get(packed).ok_or_else(|| world.store.not_found(packed.as_str()))?;
    let lock =
        world.store.reserve(name, super::Deadline::after(super::LOCK_WAIT), &world.events.of(name)).await?;
    let mut record = unpacked(world, parcel, packed, name, files)?;
    // The file says what was wanted elsewhere.
    record.side.context = Some(context);
    record.side.extra.insert(IMPORTED.to_owned(), true.into());
    let others = files.iter().filter(|(file, _)| !RECORDS.contains(&file.as_str()));
    let others: Vec<(&str, &[u8])> = others.map(|(file, bytes)| (file.as_str(), bytes.as_slice())).collect();
    world.store.create(&lock, &record, &others)?;
    env_files::write(world, world.driver(&record)?.as_ref(), &lock, &record)
}

/// Refuses what is for the store to decide that a machine comes from.
pub(super) fn is_own(record: &Record) -> Result<(), ExchangeError> {
    match record.side.extra.get(IMPORTED) {
        Some(Value::Bool(true)) => Err(ExchangeError::Imported { machine: record.name.to_string() }),
        _ => Ok(()),
    }
}

fn packed(world: &World, name: &MachineName, with_ca: bool) -> Result<Files, OpsError> {
    let mut record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    if driver.profile().is_local {
        return Err(
            ExchangeError::Local { machine: name.to_string(), driver: driver.name().to_owned() }.into()
        );
    }
    if record.side.stage != Stage::Provisioned {
        return Err(ExchangeError::Unfinished { machine: name.to_string() }.into());
    }
    let folder = world.store.machine_dir(name);
    let mut files = Files::new();
    let listed =
        fs::read_dir(&folder).map_err(|source| ExchangeError::File { path: folder.clone(), source })?;
    for entry in listed.flatten() {
        let Ok(file) = entry.file_name().into_string() else { continue };
        let is_made_anew = MADE_ANEW.contains(&file.as_str()) || file == format!("{name}.env");
        let is_taken = entry.metadata().is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
        if is_taken && !is_made_anew && !file.starts_with('.') && !RECORDS.contains(&file.as_str()) {
            files.insert(file, read(&entry.path())?);
        }
    }
    let key = record.config.driver["SSHKeyPath"].as_str().map(PathBuf::from);
    if let Some(key) = key.filter(|key| key.is_absolute() && !key.starts_with(&folder) && key.exists()) {
        files.insert(KEY.to_owned(), read(&key)?);
        record.config.driver["SSHKeyPath"] = folder.join(KEY).to_string_lossy().into();
    }
    if with_ca {
        files.insert(CA_KEY.to_owned(), read(&certs::recorded(&world.store, &record).ca_key)?);
    }
    for (file, value) in
        RECORDS.iter().zip([serde_json::to_vec(&record.config), serde_json::to_vec(&record.side)])
    {
        files.insert((*file).to_owned(), Zeroizing::new(value.unwrap_or_default()));
    }
    Ok(files)
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ExchangeError> {
    fs::read(path).map(Zeroizing::new).map_err(|source| ExchangeError::File { path: path.to_owned(), source })
}

fn unpacked(
    world: &World,
    parcel: &Parcel,
    packed: &MachineName,
    name: &MachineName,
    files: &Files,
) -> Result<Record, OpsError> {
    let broken = |reason: String| ExchangeError::Broken { machine: packed.to_string(), reason };
    let [config, side] =
        RECORDS.map(|file| files.get(file).ok_or_else(|| broken(format!("it has no {file}"))));
    let mut config: Config = serde_json::from_slice(config?).map_err(|error| broken(error.to_string()))?;
    let side: Side = serde_json::from_slice(side?).map_err(|error| broken(error.to_string()))?;
    let folder = world.store.machine_dir(name);
    let moved = Moved {
        folder: (parcel.store.join("machines").join(packed.as_str()), folder.clone()),
        store: (parcel.store.clone(), world.store.root().to_owned()),
    };
    moved.follow(&mut config.driver);
    name.as_str().clone_into(&mut config.name);
    if let Some(field) = config.driver.get_mut("MachineName") {
        *field = name.as_str().into();
    }
    let own = |file: &str| folder.join(file).to_string_lossy().into_owned();
    let auth = &mut config.host_options.auth_options;
    *auth = AuthOptions {
        cert_dir: folder.to_string_lossy().into_owned(),
        ca_cert_path: own("ca.pem"),
        ca_private_key_path: own(CA_KEY),
        server_cert_path: own("server.pem"),
        server_key_path: own("server-key.pem"),
        client_key_path: own("key.pem"),
        client_cert_path: own("cert.pem"),
        store_path: folder.to_string_lossy().into_owned(),
        ..std::mem::take(auth)
    };
    Ok(Record::new(name.clone(), config, side))
}

/// From which paths to which: the machine's folder first, then the store's root.
struct Moved {
    folder: (PathBuf, PathBuf),
    store: (PathBuf, PathBuf),
}

impl Moved {
    fn follow(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                let moved = [&self.folder, &self.store].into_iter().find_map(|(from, to)| {
                    let rest = Path::new(text.as_str()).strip_prefix(from).ok()?;
                    Some(if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) })
                });
                if let Some(moved) = moved {
                    *text = moved.to_string_lossy().into_owned();
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|value| self.follow(value)),
            Value::Object(fields) => fields.values_mut().for_each(|value| self.follow(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
