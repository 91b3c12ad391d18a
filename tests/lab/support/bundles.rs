//! Bundles of engines, made by the program itself from Debian's own packages; they stay for the next run.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{Host, Kind, User, lab_root, run};

#[allow(dead_code, reason = "the bench does not call it")]
/// The engine of Debian 13 (26.1) as a bundle that calls its version this; `Err` says why there is none.
pub fn bundle_26(version: &str) -> Result<PathBuf, String> {
    bundle(Kind::Debian13, &["docker.io", "docker-cli", "containerd", "runc", "tini"], version)
}

/// The engine of Debian 12 (20.10) as a bundle.
#[allow(dead_code, reason = "the bench does not call it")]
pub fn bundle_20(version: &str) -> Result<PathBuf, String> {
    bundle(Kind::Debian12, &["docker.io", "containerd", "runc", "tini"], version)
}

fn bundle(kind: Kind, packages: &[&str], version: &str) -> Result<PathBuf, String> {
    let folder = lab_root().join("bundles");
    let target = folder.join(format!("{kind:?}-{version}.tgz"));
    if target.exists() {
        return Ok(target);
    }
    let unpacked = folder.join(format!("{kind:?}"));
    if !unpacked.exists() {
        unpack(kind, packages, &unpacked)?;
    }
    let user = User::new();
    let (file, folder) = (target.display().to_string(), unpacked.display().to_string());
    user.rmachine(&["engine", "bundle", &file, &folder, "--engine-version", version]).ok();
    Ok(target)
}

/// Has a host of the suite download the packages, and takes them apart here.
fn unpack(kind: Kind, packages: &[&str], target: &Path) -> Result<(), String> {
    let host = Host::boot(kind)?;
    host.sh(&format!(
        "mkdir -m 777 /tmp/debs && cd /tmp/debs && apt-get -qq update >&2 && apt-get -qq download {} >&2",
        packages.join(" ")
    ));
    let draft = tempfile::tempdir_in(lab_root()).map_err(|error| error.to_string())?;
    host.fetch("cd /tmp/debs && tar c *.deb", draft.path());
    for entry in std::fs::read_dir(draft.path()).map_err(|error| error.to_string())?.flatten() {
        let into = draft.path().join("root");
        run(Command::new("dpkg-deb").arg("-x").arg(entry.path()).arg(&into)).ok();
    }
    std::fs::create_dir_all(target.parent().expect("a folder")).map_err(|error| error.to_string())?;
    std::fs::rename(draft.path().join("root"), target).map_err(|error| error.to_string())
}
