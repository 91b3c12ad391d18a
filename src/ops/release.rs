//! `release`.

use super::{OpsError, World};
use crate::machine::MachineName;

/// Puts an adopted host back as it was, from the journal on the host, and forgets the machine.
pub async fn release(world: &World, name: &MachineName, may_stop_containers: bool) -> Result<(), OpsError> {
    let _ = (world, name, may_stop_containers);
    std::future::ready(()).await;
    todo!()
}
