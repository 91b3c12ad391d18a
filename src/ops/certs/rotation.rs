//! `regenerate-certs --ca`: every machine of the store goes over to a new CA, and at no moment is one of them out of reach.
//!
//! First each engine trusts both CAs, then the client's certificate is replaced, then engines get server certificates of the
//! new CA and forget the old one. Thus an engine restarts twice in all. While the client is replaced, copies of certificates elsewhere work
//! in their old form as well as in the new one, for as long as the user wants. A machine that fails holds up the next phase for
//! all, which is safe for any time; the same command goes on.

mod here;
mod state;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    Authority, CertsError, Keep, MaxAge, Renewal, bootstrap::Work, ca_pair, current, now, paths, recorded,
    renew, server, user,
};
use crate::{
    checkpoint::{Checkpoint, Checkpoints},
    event::Event,
    machine::MachineName,
    ops::{
        LOCK_WAIT, OpsError, World, connect, contexts,
        create::AuthorityPaths,
        fan_out::{AT_ONCE, fan_out},
        provision::{converge, must_run},
    },
    retry::Deadline,
    store::{AuthorityFiles, Record},
    tls,
};
pub use state::{Next, Phase, Rotation};

/// How long an engine may take to answer to the client's new certificate.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// How to change the CA.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// Stop while both CAs are trusted.
    pub rests_in_overlap: bool,
    /// Stop containers where there is no other way; begin only when the CA is due.
    pub renewal: Renewal,
}

/// How far it came.
#[derive(Debug)]
pub enum Changed {
    /// The CA is young enough.
    NotDue,
    /// Every machine has the new CA alone. The name under which the old one is kept.
    Done(String),
    /// Every engine trusts both CAs, as was wanted.
    Resting,
    /// Some machines hold up the others, at a point where all can be reached.
    Waiting {
        /// The phase in which they wait.
        phase: Phase,
        /// Each with the reason.
        failures: Vec<(MachineName, OpsError)>,
        /// How many are through.
        through: usize,
    },
}

/// Changes the CA, or goes on changing it.
pub async fn rotate(world: &World, given: &AuthorityPaths, change: Change) -> Result<Changed, OpsError> {
    let files = own(world, given)?;
    let _alone = world.store.lock_rotation(Deadline::after(LOCK_WAIT), &world.events).await?;
    let Some(mut rotation) = under_way(world, &files, change.renewal.max_age).await? else {
        return Ok(Changed::NotDue);
    };
    loop {
        let machines = sharing_ca(world, &files)?;
        match rotation.next(&machines, change.rests_in_overlap) {
            Next::Bring(names) => {
                let count = machines.len() - names.len();
                let (through, failures) = bring_all(world, names, &mut rotation, change.renewal).await;
                if !failures.is_empty() {
                    let phase = rotation.phase;
                    return Ok(Changed::Waiting { phase, failures, through: count + through });
                }
            }
            Next::Begin(phase) => {
                rotation.phase = phase;
                rotation.save(&world.store).map_err(CertsError::from)?;
                bring_here(world, &files, &rotation).await?;
            }
            Next::Rest => return Ok(Changed::Resting),
            Next::End => {
                end_here(world, &files).await?;
                Rotation::forget(&world.store).map_err(CertsError::from)?;
                Checkpoints::from_env(&world.env).reach(Checkpoint::RotationEnded);
                return Ok(Changed::Done(rotation.kept_as));
            }
        }
    }
}

/// The change that is under way, and the machines that it is about; `None` for the first where none has begun.
pub fn outlook(
    world: &World,
    given: &AuthorityPaths,
) -> Result<(Option<Rotation>, Vec<MachineName>), CertsError> {
    let files = own(world, given)?;
    Ok((Rotation::load(&world.store)?, sharing_ca(world, &files)?))
}

/// Only the store's own CA is ours to replace.
fn own(world: &World, given: &AuthorityPaths) -> Result<AuthorityFiles, CertsError> {
    let (files, own) = (paths(&world.store, given), world.store.authority_files());
    if files == own {
        return Ok(files);
    }
    let path = if files.ca_certificate == own.ca_certificate {
        files.client_certificate
    } else {
        files.ca_certificate
    };
    Err(CertsError::UsersOwn { path })
}

/// The machines with this CA; one whose record cannot be read may have it.
fn sharing_ca(world: &World, files: &AuthorityFiles) -> Result<Vec<MachineName>, CertsError> {
    let shares = |record: &Record| recorded(&world.store, record).ca_certificate == files.ca_certificate;
    let all = world.store.all()?.into_iter();
    Ok(all
        .filter(|(_, record)| record.as_ref().map_or(true, shares))
        .filter_map(|(name, _)| name.parse().ok())
        .collect())
}

/// Takes up the change, or begins one where it is due; this store's files are then as the phase wants them.
async fn under_way(
    world: &World,
    files: &AuthorityFiles,
    max_age: Option<MaxAge>,
) -> Result<Option<Rotation>, CertsError> {
    let begun = Rotation::load(&world.store)?;
    let Some(rotation) = (if begun.is_some() { begun } else { begin(world, files, max_age).await? }) else {
        return Ok(None);
    };
    bring_here(world, files, &rotation).await?;
    Ok(Some(rotation))
}

async fn begin(
    world: &World,
    files: &AuthorityFiles,
    max_age: Option<MaxAge>,
) -> Result<Option<Rotation>, CertsError> {
    let _lock = world.store.lock_certs(Deadline::after(LOCK_WAIT), &world.events).await?;
    if let Some(max_age) = max_age
        && !max_age.is_over_for_ca(&tls::read(&ca_pair(files).read_both()?.certificate)?, now())
    {
        return Ok(None);
    }
    here::begin(world, files, &work(world)).map(Some)
}

async fn bring_here(world: &World, files: &AuthorityFiles, rotation: &Rotation) -> Result<(), CertsError> {
    let _lock = world.store.lock_certs(Deadline::after(LOCK_WAIT), &world.events).await?;
    here::bring(world, files, rotation, &work(world))
}

async fn end_here(world: &World, files: &AuthorityFiles) -> Result<(), CertsError> {
    let _lock = world.store.lock_certs(Deadline::after(LOCK_WAIT), &world.events).await?;
    here::end(world, files)
}

fn work(world: &World) -> Work<'_> {
    Work { user: user(&world.env), now: now(), events: &world.events }
}

/// Brings machines through the phase, all at once; each that is through is written down at once.
async fn bring_all(
    world: &World,
    names: Vec<MachineName>,
    rotation: &mut Rotation,
    renewal: Renewal,
) -> (usize, Vec<(MachineName, OpsError)>) {
    let phase = rotation.phase;
    let shared = Arc::new(Mutex::new(rotation.clone()));
    let results = fan_out(names, AT_ONCE, |name| {
        let (world, shared) = (world.clone(), Arc::clone(&shared));
        async move {
            let events = world.events.of(&name);
            bring(&world, &name, phase, renewal)
                .await
                .inspect_err(|error| events.emit(Event::Failed(error.to_string())))?;
            match phase {
                Phase::DropOld => events.emit(Event::Done(phase.in_words().to_owned())),
                Phase::TrustBoth | Phase::Overlap => events.step(phase.in_words()),
            }
            let mut rotation = shared.lock().unwrap_or_else(PoisonError::into_inner);
            rotation.is_through(&name);
            rotation.save(&world.store).map_err(CertsError::from)?;
            Ok::<(), OpsError>(())
        }
    })
    .await;
    rotation.clone_from(&shared.lock().unwrap_or_else(PoisonError::into_inner));
    let count = results.len();
    let failures: Vec<_> =
        results.into_iter().filter_map(|(name, result)| Some((name, result.err()?))).collect();
    (count - failures.len(), failures)
}

/// Brings one machine through the phase.
async fn bring(world: &World, name: &MachineName, phase: Phase, renewal: Renewal) -> Result<(), OpsError> {
    let lock = world.lock(name).await?;
    let mut record = world.store.load(name)?;
    let driver = world.driver(&record)?;
    let has_copies = server::text(&world.store, name, "ca.pem").map_err(CertsError::from)?.is_some();
    // What is reached otherwise, or has never been provisioned, has nothing to be replaced.
    if !driver.profile().provisions || !has_copies || renew::is_over_ssh(world, driver.as_ref(), &record) {
        return Ok(());
    }
    match phase {
        Phase::TrustBoth | Phase::DropOld => {
            must_run(world, driver.as_ref(), &mut record).await?;
            let options = renew::options(renewal, Keep::Fitting);
            Box::pin(converge(world, driver.as_ref(), &lock, &mut record, options)).await?;
        }
        Phase::Overlap => {
            let authority = current(world, &record).await?;
            world.events.of(name).step("trying the client's new certificate");
            try_client(world, &record, &authority).await?;
            server::put_client(&world.store, &lock, &authority).map_err(CertsError::from)?;
            contexts::keep(world, &record);
            Checkpoints::from_env(&world.env).reach(Checkpoint::ClientCopied);
        }
    }
    Ok(())
}

/// One request with the client's new certificate, before it takes the place of one that works.
async fn try_client(world: &World, record: &Record, authority: &Authority) -> Result<(), OpsError> {
    let driver = world.driver(record)?;
    let deadline = Deadline::after(ANSWER_WAIT);
    let trusted = authority.trusted(&world.store)?;
    let api = connect::engine_as(world, driver.as_ref(), record, trusted, authority.client.clone())?;
    api.version(deadline).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
