//! What a guest is told before its first boot, on a disk labelled CIDATA: cloud-init's NoCloud files, and the same as plain files
//! for images that are built here and do without cloud-init.
//!
//! Among it is the guest's own host key, made here, so that even the first login is verified.

use std::{fs, io, os::unix::fs::DirBuilderExt};

use super::{Virtual, args::Files};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::{
        cloud_init::Guest,
        keys::{keypair, replace},
    },
};

/// Writes the seed; gives the guest's public host key. What is there already, such as the host key, stays.
pub(super) fn write(context: &Context, state: &Virtual, login_key: &str) -> Result<String> {
    lay_out(context, state, login_key).map_err(|error| DriverError::failed("write the machine's seed", error))
}

fn lay_out(context: &Context, state: &Virtual, login_key: &str) -> io::Result<String> {
    let folder = Files::of(&context.folder).seed();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let key = folder.join("host_key");
    let public = keypair(&key, context.name.as_str())?;
    let private = fs::read_to_string(&key)?;
    let name = context.name.as_str();
    let user = state.base.ssh_user.as_str();
    let put = |file: &str, text: &str| replace(&folder.join(file), text.as_bytes(), 0o600);
    put("name", &format!("{name}\n"))?;
    put("user", &format!("{user}\n"))?;
    put("authorized_keys", &format!("{login_key}\n"))?;
    let guest = Guest { id: &state.id, name, user, login_key, private: &private, public: &public };
    put("meta-data", &guest.meta_data())?;
    put("user-data", &guest.user_data(&[]))?;
    Ok(public)
}
