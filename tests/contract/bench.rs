//! A store of its own for each test, and the few moves that every test makes.

use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use rmachine::{
    checkpoint::Checkpoints,
    driver::{Context, Driver, Flags, Result},
    env::Env,
    event::{Collected, Events},
};
use serde_json::Value;

/// A store in a temporary folder.
pub struct Bench {
    folder: tempfile::TempDir,
    env: Env,
    /// Events of all machines.
    pub events: Arc<Collected>,
}

impl Bench {
    /// With an empty store on a disk that holds hosts.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("rmachine-contract-").tempdir_in("/var/tmp").unwrap();
        let mut env = Env::from_process();
        env.home = Some(folder.path().join("home"));
        Self { folder, env, events: Arc::default() }
    }

    /// With images in a cache that outlives this bench.
    pub fn context_with_cache(&self, name: &str, cache: &Path) -> Context {
        Context { cache: cache.to_owned(), ..self.machine(name) }
    }

    /// A machine's context; its folder does not exist.
    pub fn context(&self, name: &str) -> Context {
        let store = self.folder.path().join("store");
        let name = name.parse().unwrap();
        Context {
            folder: store.join("machines").join(format!("{name}")),
            cache: store.join("cache"),
            env: self.env.clone(),
            events: Events::new(self.events.clone()).of(&name),
            checkpoints: Checkpoints::default(),
            store,
            name,
        }
    }

    /// A machine's context with its folder, as `create` finds it.
    pub fn machine(&self, name: &str) -> Context {
        let context = self.context(name);
        fs::create_dir_all(&context.folder).unwrap();
        context
    }

    /// A private key file such as a user has.
    pub fn private_key(&self, name: &str) -> PathBuf {
        use io::Write;
        let path = self.folder.path().join(name);
        let mut file = fs::File::options().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        file.write_all(b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
            .unwrap();
        path
    }

    /// What is in the folder.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
    }
}

/// What the command line would hand over when nothing is typed.
pub fn defaults(driver: &dyn Driver) -> Flags {
    Flags(driver.flags().into_iter().filter_map(|flag| Some((flag.name, flag.default?))).collect())
}

/// Creates a host and gives every state that was saved on the way.
pub async fn create(driver: &dyn Driver, context: &Context, state: &mut Value) -> Result<Vec<Value>> {
    let saved = Mutex::new(Vec::new());
    let save = |state: &Value| {
        saved.lock().unwrap().push(state.clone());
        Ok(())
    };
    driver.create(context, state, &save).await?;
    Ok(saved.into_inner().unwrap())
}
