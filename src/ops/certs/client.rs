//! The client's certificate: one for all machines of a store, with a copy in each machine's folder.

use std::time::Duration;

use super::{
    Authority, CertsError, Life, MaxAge, bootstrap::Work, ca_pair, client_pair, current, now, paths,
    recorded, server, user,
};
use crate::{
    machine::MachineName,
    ops::{LOCK_WAIT, OpsError, World, contexts, create::AuthorityPaths},
    retry::Deadline,
    store::{AuthorityFiles, Lock, Record},
    tls,
};

/// How long `create` waits for somebody who is busy with another machine, only to leave a copy there.
const BRIEFLY: Duration = Duration::from_secs(1);

/// A client certificate that took another one's place.
#[derive(Clone, Debug)]
pub struct NewClient {
    /// Where it is.
    pub files: AuthorityFiles,
    /// How long engines would still let the one before in; `None` where there was none.
    pub former: Option<Life>,
}

/// Makes a new client certificate of the same CA; `None` where the one there is young enough. The copies follow by [`copy_client`].
pub async fn renew_client(
    world: &World,
    given: &AuthorityPaths,
    max_age: Option<MaxAge>,
) -> Result<Option<NewClient>, CertsError> {
    let files = paths(&world.store, given);
    if files.client_certificate != world.store.authority_files().client_certificate {
        return Err(CertsError::UsersOwn { path: files.client_certificate });
    }
    let _lock = world.store.lock_certs(Deadline::after(LOCK_WAIT), &world.events).await?;
    let work = Work { user: user(&world.env), now: now(), events: &world.events };
    let ca = work.existing_authority(&files)?;
    let pair = client_pair(&files);
    pair.finish()?;
    let former = pair.read_both().ok().and_then(|client| tls::read(&client.certificate).ok());
    if let (Some(max_age), Some(former)) = (max_age, &former)
        && !max_age.is_over(former, &tls::read(&ca.certificate)?, work.now)
    {
        return Ok(None);
    }
    pair.write(&work.new_client(&ca)?)?;
    let life =
        |about: tls::Certificate| Life { ends: about.not_after, days_left: tls::days_left(&about, work.now) };
    let former = former.map(life);
    Ok(Some(NewClient { files, former }))
}

/// The machines whose clients show the certificate of these files.
pub fn sharing(world: &World, files: &AuthorityFiles) -> Result<Vec<MachineName>, CertsError> {
    let uses =
        |record: &Record| recorded(&world.store, record).client_certificate == files.client_certificate;
    let all = world.store.all()?.into_iter().filter_map(|(_, record)| record.ok());
    Ok(all.filter(uses).map(|record| record.name).collect())
}

/// Brings the client's certificate into a machine's folder, where there is one already and the engine will let this one in. Says whether
/// anything was changed.
pub async fn copy_client(world: &World, name: &MachineName) -> Result<bool, OpsError> {
    let lock = world.lock(name).await?;
    let record = world.store.load(name)?;
    let authority = current(world, &record).await?;
    Ok(copy(world, &lock, &record, &authority)?)
}

/// The same for all machines. One that somebody is busy with (perhaps ourselves, with one that is being created) gets its copy
/// when it is provisioned.
pub(super) async fn copy_to_others(world: &World, authority: &Authority) {
    for name in sharing(world, &authority.files).unwrap_or_default() {
        let events = world.events.of(&name);
        let outcome = match world.store.lock(&name, Deadline::after(BRIEFLY), &events).await {
            Ok(lock) => world
                .store
                .load(&name)
                .map_err(CertsError::from)
                .and_then(|record| copy(world, &lock, &record, authority).map(drop)),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = outcome {
            events.note(format!("it keeps the client certificate it has until it is provisioned: {error}"));
        }
    }
}

fn copy(world: &World, lock: &Lock, record: &Record, authority: &Authority) -> Result<bool, CertsError> {
    let text = |file| server::text(&world.store, lock.name(), file);
    let Some(trusted) = text("ca.pem")? else { return Ok(false) };
    if text("cert.pem")?.as_deref() == Some(authority.client.certificate.as_str())
        && text("key.pem")?.as_deref() == Some(authority.client.key.expose())
    {
        return Ok(false);
    }
    // An engine that trusts another CA would let nobody in who shows this.
    if !tls::is_trusted(&authority.client, &trusted)? {
        return Ok(false);
    }
    server::put_client(&world.store, lock, authority)?;
    contexts::keep(world, record);
    Ok(true)
}

/// The CA and the client of these files, under a lock that the caller holds.
pub(super) fn read(files: &AuthorityFiles) -> Result<Authority, CertsError> {
    Ok(Authority {
        ca: ca_pair(files).read_both()?,
        client: client_pair(files).read_both()?,
        files: files.clone(),
    })
}
