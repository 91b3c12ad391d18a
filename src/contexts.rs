//! The docker CLI's contexts, in its own store: where `docker --context NAME` finds an engine, and which one is current.
//!
//! ```text
//! <docker's folder>/config.json                                  its currentContext
//! <docker's folder>/contexts/meta/<sha256 of NAME>/meta.json     0644
//! <docker's folder>/contexts/tls/<sha256 of NAME>/docker/{ca,cert,key}.pem    folders 0700, files 0600
//! ```
//!
//! Ours carry a mark in their metadata, with the store of the machine; others are never touched.
//! <https://github.com/docker/cli/tree/master/cli/context/store>

mod current;
mod places;

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    env::Env,
    machine::MachineName,
    secret::Secret,
    store::{
        StoreError, make_private_dir, read_if_there, sweep_unfinished, write_atomically, write_together,
    },
};

/// The variable that says where docker keeps its files.
pub const FOLDER: &str = "DOCKER_CONFIG";
/// The variable that names a context for one shell.
const VARIABLE: &str = "DOCKER_CONTEXT";
/// The member of the metadata that says that a context is ours.
const MARK: &str = "rmachine";
/// The one endpoint that docker itself reads.
const ENDPOINT: &str = "docker";
/// The context that is always there and means `DOCKER_HOST` or the local socket.
const DEFAULT: &str = "default";

/// What can be wrong with a context.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// docker has no folder, because the user has no home.
    #[error("the home folder is not known, so docker's contexts are not either")]
    NoHome,
    /// docker takes no such name.
    #[error("docker takes no context called {name:?}: {why}")]
    BadName {
        /// The machine's name.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// Somebody else's context has the name.
    #[error("docker has a context {name} that is not ours")]
    Taken {
        /// The name.
        name: String,
    },
    /// The user wants none.
    #[error("{name} was made without a context")]
    Unwanted {
        /// The machine or swarm.
        name: String,
    },
    /// docker's file is not what it should be.
    #[error("{path} cannot be understood: {reason}", path = path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
    /// The file system.
    #[error(transparent)]
    Files(#[from] StoreError),
}

/// What the functions here return.
pub type Result<T> = std::result::Result<T, ContextError>;

/// docker's store of contexts.
#[derive(Clone, Debug)]
pub struct Contexts {
    folder: PathBuf,
}

/// Whether a new machine gets a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// One of its name.
    Wanted,
    /// None, now and later.
    Unwanted,
    /// None unless it is asked for later.
    Unasked,
}

impl Wish {
    /// As it is kept.
    pub fn stored(self, name: &MachineName) -> Option<bool> {
        match self {
            Self::Wanted => check_name(name).is_ok().then_some(true),
            Self::Unwanted => Some(false),
            Self::Unasked => None,
        }
    }
}

/// What a context of ours says.
pub struct Wanted<'a> {
    /// The machine.
    pub name: &'a MachineName,
    /// Its store, which tells it from machines of the same name in other stores.
    pub store: &'a Path,
    /// What `docker context ls` shows, for a context that is new.
    pub description: &'a str,
    /// The engine's URL.
    pub host: &'a str,
    /// How the client is known to the engine, where it is reached by TLS.
    pub tls: Option<Tls>,
}

/// The files of mutual TLS, PEM.
pub struct Tls {
    /// The CA's certificate.
    pub ca: String,
    /// The client's certificate.
    pub certificate: String,
    /// Its key.
    pub key: Secret,
}

/// Whose a context is.
#[derive(Clone, Debug, PartialEq)]
enum Owner {
    Nobody,
    /// Its metadata, which users may have added to.
    Ours(Value),
    Another,
}

impl Contexts {
    /// `$DOCKER_CONFIG`, else `~/.docker`.
    pub fn locate(env: &Env) -> Result<Self> {
        let folder = match (env.var(FOLDER), &env.home) {
            (Some(folder), _) => env.cwd.join(folder),
            (None, Some(home)) => home.join(".docker"),
            (None, None) => return Err(ContextError::NoHome),
        };
        Ok(Self { folder })
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the machine's context, or brings it up to date. A user's own description and further endpoints stay.
    pub fn write(&self, wanted: &Wanted<'_>) -> Result<()> {
        check_name(wanted.name)?;
        let mut meta = match self.owner(wanted.name, wanted.store)? {
            Owner::Another => return Err(ContextError::Taken { name: wanted.name.to_string() }),
            Owner::Ours(meta) => meta,
            Owner::Nobody => json!({
                "Name": wanted.name.as_str(),
                "Metadata": {
                    "Description": wanted.description,
                    MARK: { "Machine": wanted.name.as_str(), "Store": wanted.store.to_string_lossy() },
                },
                "Endpoints": {},
            }),
        };
        meta["Endpoints"][ENDPOINT] = json!({ "Host": wanted.host, "SkipTLSVerify": false });
        make_private_dir(&self.folder)?;
        // First what the other refers to: whoever sees the context finds its certificates.
        self.write_tls(wanted)?;
        let folder = self.meta_dir(wanted.name);
        make_dir(&folder)?;
        sweep_unfinished(&folder);
        write_atomically(&folder.join("meta.json"), 0o644, meta.to_string().as_bytes())?;
        if wanted.tls.is_none() {
            remove(&self.tls_dir(wanted.name))?;
        }
        Ok(())
    }

    fn write_tls(&self, wanted: &Wanted<'_>) -> Result<()> {
        let Some(tls) = &wanted.tls else { return Ok(()) };
        make_dir(&self.folder.join("contexts"))?;
        let folder = self.tls_dir(wanted.name).join(ENDPOINT);
        make_private_dir(&folder)?;
        sweep_unfinished(&folder);
        let (ca, certificate, key) = (&tls.ca, &tls.certificate, tls.key.expose());
        let wanted =
            [("ca.pem", ca.as_bytes()), ("cert.pem", certificate.as_bytes()), ("key.pem", key.as_bytes())];
        Ok(write_together(&folder, &wanted)?)
    }

    /// Removes the machine's context; fine when there is none, or when it is somebody else's. Says whether it was the current one, which
    /// then is the default again.
    pub fn remove(&self, name: &MachineName, store: &Path) -> Result<bool> {
        match self.owner(name, store)? {
            Owner::Nobody | Owner::Another => return Ok(false),
            Owner::Ours(_) => {}
        }
        let was_current = self.current()?.as_deref() == Some(name.as_str());
        if was_current {
            self.select(None)?;
        }
        remove(&self.meta_dir(name))?;
        remove(&self.tls_dir(name))?;
        Ok(was_current)
    }

    /// Whether the machine has a context of ours.
    pub fn has(&self, name: &MachineName, store: &Path) -> Result<bool> {
        Ok(matches!(self.owner(name, store)?, Owner::Ours(_)))
    }

    /// Where a context of ours leads; none where there is none.
    pub fn host(&self, name: &MachineName, store: &Path) -> Option<String> {
        let Ok(Owner::Ours(meta)) = self.owner(name, store) else { return None };
        meta["Endpoints"][ENDPOINT]["Host"].as_str().map(str::to_owned)
    }

    /// The current context, where it is not the default one.
    pub fn current(&self) -> Result<Option<String>> {
        current::read(&self.config_file())
    }

    /// Where the client goes while `DOCKER_HOST` is not set: the engine's URL of `DOCKER_CONTEXT`, else of the current context.
    pub fn target(&self, env: &Env) -> Option<String> {
        let named = env.var(VARIABLE).map(str::to_owned);
        // What cannot be read points nowhere.
        let name = named.or_else(|| self.current().ok().flatten())?;
        let meta = fs::read(self.folder.join("contexts/meta").join(id(&name)).join("meta.json")).ok()?;
        let meta: Value = serde_json::from_slice(&meta).ok()?;
        meta["Endpoints"][ENDPOINT]["Host"].as_str().map(str::to_owned)
    }

    /// Makes a machine's context the current one; `None` is the default one.
    pub fn select(&self, name: Option<&MachineName>) -> Result<()> {
        make_private_dir(&self.folder)?;
        current::write(&self.config_file(), name.map(MachineName::as_str))
    }

    fn owner(&self, name: &MachineName, store: &Path) -> Result<Owner> {
        let path = self.meta_dir(name).join("meta.json");
        let Some(bytes) = read_if_there(&path)? else { return Ok(Owner::Nobody) };
        // What cannot be read is not ours to touch.
        let meta: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let is_ours = meta["Metadata"][MARK]["Store"].as_str() == Some(&*store.to_string_lossy());
        Ok(if is_ours { Owner::Ours(meta) } else { Owner::Another })
    }

    fn config_file(&self) -> PathBuf {
        self.folder.join("config.json")
    }

    fn meta_dir(&self, name: &MachineName) -> PathBuf {
        self.folder.join("contexts/meta").join(id(name.as_str()))
    }

    fn tls_dir(&self, name: &MachineName) -> PathBuf {
        self.folder.join("contexts/tls").join(id(name.as_str()))
    }
}

/// Names that machines may have and contexts may not.
fn check_name(name: &MachineName) -> Result<()> {
    let why = match name.as_str() {
        DEFAULT => "it is what docker calls having none",
        one if one.len() < 2 => "it wants two letters or more",
        _ => return Ok(()),
    };
    Err(ContextError::BadName { name: name.to_string(), why })
}

/// The folder of a context is named by the hash of its name.
fn id(name: &str) -> String {
    use std::fmt::Write as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A folder that others may look into, as docker makes it.
fn make_dir(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o755).create(path);
    Ok(made.map_err(StoreError::io("make the folder", path))?)
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("delete", folder)(error).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
