//! `regenerate-certs`: a new server certificate for one machine, brought to its host in one transaction that changes nothing else.

use super::{CertsError, Keep, MaxAge, current, recorded};
use crate::{
    driver::Driver,
    machine::MachineName,
    ops::{
        OpsError, World, connect,
        provision::{Converge, May, PROVISION_WAIT, Scope, converge, must_run, preview},
    },
    retry::Deadline,
    store::Record,
    tls,
};

/// How to renew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Renewal {
    /// Stop containers where there is no other way.
    pub may_stop_containers: bool,
    /// Leave alone what is younger.
    pub max_age: Option<MaxAge>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// The engine has a new certificate.
    Yes,
    /// It is young enough.
    NotDue,
    /// The engine is reached over SSH and has none.
    HasNone,
}

/// Gives a machine's engine a new server certificate.
pub async fn renew(world: &World, name: &MachineName, renewal: Renewal) -> Result<Renewed, OpsError> {
    let lock = world.lock(name).await?;
    let mut record = world.store.load(name)?;
    let driver = provisioned(world, &record)?;
    if is_over_ssh(world, driver.as_ref(), &record) {
        return Ok(Renewed::HasNone);
    }
    if let Some(max_age) = renewal.max_age
        && !is_due(world, &record, max_age).await?
    {
        return Ok(Renewed::NotDue);
    }
    must_run(world, driver.as_ref(), &mut record).await?;
    let options = options(renewal, Keep::None);
    Box::pin(converge(world, driver.as_ref(), &lock, &mut record, options)).await?;
    Ok(Renewed::Yes)
}

/// What [`renew`] would do, as text; `None` where it would do nothing. Changes nothing.
pub async fn preview_renewal(
    world: &World,
    name: &MachineName,
    renewal: Renewal,
) -> Result<Option<String>, OpsError> {
    let record = world.store.load(name)?;
    let driver = provisioned(world, &record)?;
    if is_over_ssh(world, driver.as_ref(), &record) {
        return Ok(None);
    }
    if let Some(max_age) = renewal.max_age
        && !is_due(world, &record, max_age).await?
    {
        return Ok(None);
    }
    let options = options(renewal, Keep::None);
    world.events.of(name).step("connecting by ssh");
    let session = connect::session(world, driver.as_ref(), &record, options.deadline, false).await?;
    let text = preview(world, driver.as_ref(), &record, &session, options).await?;
    session.close().await;
    Ok(Some(text))
}

pub(super) fn options(renewal: Renewal, keep: Keep) -> Converge {
    Converge {
        scope: Scope::Certificates(keep),
        may: May::stop_containers(renewal.may_stop_containers),
        shows_plan: false,
        deadline: Deadline::after(PROVISION_WAIT),
    }
}

/// The driver of a machine whose host is ours to change.
pub(super) fn provisioned(world: &World, record: &Record) -> Result<Box<dyn Driver>, OpsError> {
    let driver = world.driver(record)?;
    if driver.profile().provisions {
        return Ok(driver);
    }
    Err(OpsError::NotProvisioned { driver: driver.name().to_owned() })
}

pub(super) fn is_over_ssh(world: &World, driver: &dyn Driver, record: &Record) -> bool {
    connect::url(world, driver, record).is_ok_and(|url| url.starts_with("ssh://"))
}

async fn is_due(world: &World, record: &Record, max_age: MaxAge) -> Result<bool, CertsError> {
    let authority = current(world, record).await?;
    let path = recorded(&world.store, record).ca_certificate;
    let ca = tls::read(&authority.ca.certificate).map_err(|source| CertsError::Unfit { path, source })?;
    Ok(max_age.is_over_for(world, &record.name, &ca)?)
}
