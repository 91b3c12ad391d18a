//! `provision`.

use super::{OpsError, World};
use crate::machine::MachineName;

/// Repeats provisioning with the stored wishes; changes and restarts nothing where nothing differs.
pub async fn provision(
    world: &World,
    name: &MachineName,
    may_stop_containers: bool,
) -> Result<bool, OpsError> {
    let _ = (world, name, may_stop_containers);
    std::future::ready(()).await;
    todo!()
}
