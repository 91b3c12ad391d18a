//! `rm`.

use super::{OpsError, World};
use crate::machine::MachineName;

/// Removes what the driver made, then the record. With `force` the record goes whatever the driver said, which is
/// returned then. `Ok(Some(text))` says what stays on an adopted host.
pub async fn rm(world: &World, name: &MachineName, force: bool) -> Result<Option<String>, OpsError> {
    let _ = (world, name, force);
    std::future::ready(()).await;
    todo!()
}
