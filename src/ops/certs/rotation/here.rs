//! The files of this store in each phase of a change of the CA. Whoever was killed in the middle finds what to do by looking; each
//! step is done only where it is not done yet.
//!
//! The CA's file holds both CAs, the one that signs first: thus `create` and `provision` do what fits the phase by themselves,
//! and docker-machine reads the file as well.

use std::path::PathBuf;

use super::{Phase, Rotation};
use crate::{
    checkpoint::{Checkpoint, Checkpoints},
    ops::{
        World,
        certs::{
            CertsError,
            bootstrap::Work,
            ca_pair, client_pair, now,
            pair::{Found, Pair},
            user,
        },
    },
    store::{AuthorityFiles, Store, remove_if_there},
    tls::{self, Identity},
};

/// Where the new CA waits for its turn.
struct Waiting {
    certificate: PathBuf,
    key: PathBuf,
}

impl Waiting {
    fn of(store: &Store) -> Self {
        Self {
            certificate: store.certs_dir().join("next-ca.pem"),
            key: store.certs_dir().join("next-ca-key.pem"),
        }
    }

    fn pair(&self) -> Pair<'_> {
        Pair { certificate: &self.certificate, key: &self.key }
    }
}

/// Makes the new CA, and begins. The caller holds the lock of the certificates.
pub(super) fn begin(world: &World, files: &AuthorityFiles, work: &Work<'_>) -> Result<Rotation, CertsError> {
    let checkpoints = Checkpoints::from_env(&world.env);
    let is_late = match work.existing_authority(files) {
        Ok(ca) => {
            // The client must be one that engines let in while the CA is still the old one.
            work.client(files, &ca, false)?;
            false
        }
        Err(CertsError::AuthorityExpired { .. }) => true,
        Err(error) => return Err(error),
    };
    let waiting = Waiting::of(&world.store);
    waiting.pair().finish()?;
    if !matches!(waiting.pair().read()?, Found::Both(made) if tls::check_key(&made).is_ok()) {
        world.events.step(format!("making a new CA: {}", waiting.certificate.display()));
        waiting.pair().write(&tls::make_authority(&user(&world.env), now())?)?;
    }
    checkpoints.reach(Checkpoint::NewCaMade);
    let now = jiff::Timestamp::now();
    let rotation = if is_late { Rotation::late(now) } else { Rotation::beginning(now) };
    rotation.save(&world.store)?;
    checkpoints.reach(Checkpoint::RotationBegun);
    Ok(rotation)
}

/// Brings this store's files to what the phase wants. The caller holds the lock of the certificates.
pub(super) fn bring(
    world: &World,
    files: &AuthorityFiles,
    rotation: &Rotation,
    work: &Work<'_>,
) -> Result<(), CertsError> {
    ca_pair(files).finish()?;
    client_pair(files).finish()?;
    match rotation.phase {
        Phase::TrustBoth => trust_both(world, files),
        Phase::Overlap => switch(world, files, rotation, work),
        // The file keeps both until the end: it is what docker-machine trusts.
        Phase::DropOld => Ok(()),
    }
}

fn trust_both(world: &World, files: &AuthorityFiles) -> Result<(), CertsError> {
    let (ca, new) = (ca_pair(files).read_both()?, Waiting::of(&world.store).pair().read_both()?);
    let both = tls::joined(&[&ca.certificate, &new.certificate])?;
    put(ca_pair(files), &Identity { certificate: both, key: ca.key.clone() })?;
    Checkpoints::from_env(&world.env).reach(Checkpoint::BothTrusted);
    Ok(())
}

fn switch(
    world: &World,
    files: &AuthorityFiles,
    rotation: &Rotation,
    work: &Work<'_>,
) -> Result<(), CertsError> {
    let checkpoints = Checkpoints::from_env(&world.env);
    let (ca, new) = (ca_pair(files).read_both()?, Waiting::of(&world.store).pair().read_both()?);
    if !tls::begin_alike(&ca.certificate, &new.certificate)? {
        keep_old(&world.store, rotation, &ca)?;
        checkpoints.reach(Checkpoint::OldCaKept);
        let both = tls::joined(&[&new.certificate, &ca.certificate])?;
        put(ca_pair(files), &Identity { certificate: both, key: new.key.clone() })?;
    }
    checkpoints.reach(Checkpoint::CaReplaced);
    replace_client(files, &new, work)?;
    checkpoints.reach(Checkpoint::ClientReplaced);
    Ok(())
}

/// The old CA stays here, for whoever has to go back or has copies elsewhere.
fn keep_old(store: &Store, rotation: &Rotation, ca: &Identity) -> Result<(), CertsError> {
    let file = |end: &str| store.certs_dir().join(format!("{}{end}.pem", rotation.kept_as));
    let (certificate, key) = (file(""), file("-key"));
    let first = tls::certificates(&ca.certificate)?.swap_remove(0);
    put(Pair { certificate: &certificate, key: &key }, &Identity { certificate: first, key: ca.key.clone() })
}

fn replace_client(files: &AuthorityFiles, ca: &Identity, work: &Work<'_>) -> Result<(), CertsError> {
    match client_pair(files).read()? {
        Found::Both(client) if tls::check(&client, &ca.certificate).is_ok() => Ok(()),
        Found::Both(_) | Found::OnlyCertificate | Found::OnlyKey | Found::Neither => {
            Ok(client_pair(files).write(&work.new_client(ca)?)?)
        }
    }
}

/// Takes the old CA out of the CA's file, when no engine shows a certificate of it any more.
pub(super) fn end(world: &World, files: &AuthorityFiles) -> Result<(), CertsError> {
    let ca = ca_pair(files).read_both()?;
    let first = tls::certificates(&ca.certificate)?.swap_remove(0);
    put(ca_pair(files), &Identity { certificate: first, key: ca.key })?;
    let waiting = Waiting::of(&world.store);
    remove_if_there(&waiting.key)?;
    remove_if_there(&waiting.certificate)?;
    Checkpoints::from_env(&world.env).reach(Checkpoint::OldCaDropped);
    Ok(())
}

fn put(pair: Pair<'_>, wanted: &Identity) -> Result<(), CertsError> {
    match pair.read()? {
        Found::Both(there) if there == *wanted => Ok(()),
        Found::Both(_) | Found::OnlyCertificate | Found::OnlyKey | Found::Neither => Ok(pair.write(wanted)?),
    }
}
