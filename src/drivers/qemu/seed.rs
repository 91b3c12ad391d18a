//! What a guest is told before its first boot, on a disk labelled CIDATA: cloud-init's NoCloud files, and the same as plain files
//! for images that are built here and do without cloud-init.
//!
//! Among it is the guest's own host key, made here, so that even the first login is verified.

use std::{fs, io, os::unix::fs::DirBuilderExt};

use serde_json::json;

use super::{Virtual, args::Files};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::keys::{keypair, replace},
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
    put(
        "meta-data",
        &format!("{}\n", json!({ "instance-id": format!("rmachine-{}", state.id), "local-hostname": name })),
    )?;
    put("user-data", &user_data(name, user, login_key, &private, &public))?;
    Ok(public)
}

/// JSON is YAML, and needs no quoting of ours.
fn user_data(name: &str, user: &str, login_key: &str, private: &str, public: &str) -> String {
    let login = json!({
        "name": user,
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
        "shell": "/bin/bash",
        "lock_passwd": true,
        "ssh_authorized_keys": [login_key],
    });
    let config = json!({
        "hostname": name,
        "preserve_hostname": false,
        "manage_etc_hosts": true,
        "disable_root": user != "root",
        "users": [login],
        "ssh_deletekeys": true,
        "ssh_genkeytypes": [],
        "ssh_keys": { "ed25519_private": private, "ed25519_public": public },
        "ssh_pwauth": false,
    });
    format!("#cloud-config\n{config:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloud_inits_file_is_its_own_kind_of_yaml() {
        let text = user_data(
            "n1",
            "root",
            "ssh-ed25519 AAAA me",
            "-----BEGIN\nX\n-----END\n",
            "ssh-ed25519 BBBB n1",
        );
        let (first, rest) = text.split_once('\n').unwrap();
        assert_eq!(first, "#cloud-config");
        let value: serde_json::Value = serde_json::from_str(rest).unwrap();
        assert_eq!(value["ssh_keys"]["ed25519_private"], "-----BEGIN\nX\n-----END\n");
        assert_eq!(value["users"][0]["ssh_authorized_keys"][0], "ssh-ed25519 AAAA me");
        assert_eq!(value["disable_root"], false);
    }
}
