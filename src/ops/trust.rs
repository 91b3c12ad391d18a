//! `trust`: the host key of a machine is another one now, and its owner says that this is right.

use std::{sync::Arc, time::Duration};

use super::{OpsError, World, connect, ssh_config};
use crate::{
    machine::{Fingerprint, MachineName},
    retry::Deadline,
    ssh::{Connect, host_key_in_words, shown_host_key},
};

/// How long the host may take to show its key.
const SHOW_WAIT: Duration = Duration::from_secs(30);

/// A host key as people compare it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// Its kind, such as `ssh-ed25519`.
    pub kind: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
}

/// What a host shows, and what was known of it.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The host, as it was given.
    pub host: String,
    /// What is pinned.
    pub pinned: Vec<HostKey>,
    /// What it shows now.
    pub shown: HostKey,
    /// The same, in `authorized_keys` form.
    key: String,
}

impl Shown {
    /// Whether there is nothing to decide.
    pub fn is_pinned(&self) -> bool {
        self.pinned.contains(&self.shown)
    }
}

/// Looks at the key that the host shows, without logging in; where one is demanded, it must show that one.
pub async fn look(
    world: &World,
    name: &MachineName,
    demanded: Option<Fingerprint>,
) -> Result<Shown, OpsError> {
    let record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    let mut endpoint = connect::endpoint(world, driver.as_ref(), &record)?;
    if !endpoint.host_keys.is_empty() {
        return Err(OpsError::OwnHostKey { machine: name.to_string(), driver: driver.name().to_owned() });
    }
    endpoint.fingerprint = demanded;
    let events = world.events.of(name);
    let connect = Connect {
        env: &world.env,
        prompt: Arc::clone(&world.prompt),
        events: &events,
        pinned: &record.side.host_keys,
        sudo_password: None,
        deadline: Deadline::after(SHOW_WAIT),
    };
    let key = shown_host_key(&endpoint, &connect).await?;
    let in_words = |key: &String| {
        let (kind, fingerprint) = host_key_in_words(key)?;
        Some(HostKey { kind, fingerprint })
    };
    let shown = in_words(&key)
        .ok_or_else(|| crate::ssh::SshError::BadHostKey { host: endpoint.host.clone(), text: key.clone() })?;
    let pinned = record.side.host_keys.iter().filter_map(in_words).collect();
    Ok(Shown { host: endpoint.host, pinned, shown, key })
}

/// Pins what was shown, in place of everything that was pinned before.
pub async fn trust(world: &World, name: &MachineName, shown: &Shown) -> Result<(), OpsError> {
    let lock = world.lock(name).await?;
    let mut record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    record.side.host_keys = vec![shown.key.clone()];
    world.store.save(&lock, &mut record)?;
    ssh_config::write(world, driver.as_ref(), &lock, &record)
}
