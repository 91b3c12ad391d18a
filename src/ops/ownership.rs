//! Whose a host is. A host belongs to one machine at a time, which its own note names: what another one changed or released there
//! would be that machine's.

use std::path::PathBuf;

use super::{OpsError, World};
use crate::{
    driver::{Driver, Origin},
    provision::{Facts, Holder, ProvisionError, Refusal, state},
    ssh::Session,
    store::{Record, Stage},
};

/// Refuses a host that another machine has.
pub(super) fn judge(
    world: &World,
    driver: &dyn Driver,
    record: &Record,
    session: &Session,
    facts: &Facts,
) -> Result<(), OpsError> {
    match holder(world, record, session, facts)? {
        None => Ok(()),
        Some(holder) => Err(ProvisionError::Refused(refusal(driver, record, holder)).into()),
    }
}

/// A machine that was finished had the host before.
pub(super) fn refusal(driver: &dyn Driver, record: &Record, holder: Holder) -> Refusal {
    match record.side.stage {
        Stage::Provisioned => {
            Refusal::TakenOver { holder, can_forget: driver.profile().origin == Origin::Adopted }
        }
        Stage::Recorded | Stage::Created => Refusal::Held { holder },
    }
}

/// The machine that has the host, where it is another one. One that this store has forgotten is none.
pub(super) fn holder(
    world: &World,
    record: &Record,
    session: &Session,
    facts: &Facts,
) -> Result<Option<Holder>, OpsError> {
    let Some(note) = &facts.state else { return Ok(None) };
    let holder = |is_here| Holder { machine: note.machine.clone(), is_here, is_made: note.is_made };
    if note.store.as_ref() == Some(&world.store.id()?) {
        return Ok(has_record(world, record, &note.machine, session).then(|| holder(true)));
    }
    // A machine's folder may have been copied from another store: then the CA is the same. And before stores were noted, it told them apart.
    let may_be_ours = note.store.is_none() || note.machine == record.name.as_str();
    let is_ours = may_be_ours && has_our_authority(world, record, facts);
    Ok((!is_ours).then(|| holder(false)))
}

/// Whether the store has another machine of this name that is on the same host, by the key that it has pinned.
fn has_record(world: &World, record: &Record, machine: &str, session: &Session) -> bool {
    let other = machine.parse().ok().filter(|name| *name != record.name);
    let other = other.and_then(|name| world.store.load(&name).ok());
    other.is_some_and(|other| other.side.host_keys.contains(&session.host_key()))
}

/// Whether the engine there asks for certificates of our CA; over SSH it asks for none.
fn has_our_authority(world: &World, record: &Record, facts: &Facts) -> bool {
    let Some(theirs) = facts.files.get(&format!("{}/ca.pem", state::TLS_FOLDER)) else { return true };
    let paths = [
        world.store.machine_dir(&record.name).join("ca.pem"),
        record.config.host_options.auth_options.ca_cert_path.as_str().into(),
    ];
    let is_theirs =
        |path: &PathBuf| std::fs::read(path).is_ok_and(|ours| state::sha256(&ours) == theirs.sha256);
    paths.iter().any(is_theirs)
}
