//! A driver plugin, built by Go, that makes and switches a real host.

use std::{os::unix::fs::PermissionsExt, path::Path};

use crate::{
    host, plugin,
    support::{Host, Kind, User, lab_root},
};

/// A program that switches the host: the lab's own, by rmachine in the lab's store.
fn power(user: &User, host: &Host) -> String {
    let path = user.home().join("power");
    let (rmachine, store) = (env!("CARGO_BIN_EXE_rmachine"), lab_root());
    let script = format!("#!/bin/sh\nexec '{rmachine}' -s '{}' \"$1\" '{}'\n", store.display(), host.name());
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn a_machine_of_a_plugin_lives_its_whole_life_on_a_real_host() {
    let Some(folder) = plugin::folder() else { return };
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    std::fs::create_dir(user.home().join("bin")).unwrap();
    let program = format!("docker-machine-driver-{}", plugin::NAME);
    std::os::unix::fs::symlink(folder.join(&program), user.home().join("bin").join(&program)).unwrap();
    let switch = power(&user, &host);
    let user = user.with("LAB_POWER", &switch);

    let key = host.key().display().to_string();
    let create = ["create", "-d", plugin::NAME, "--lab-ip-address", host.ip(), "--lab-ssh-key", &key, "n1"];
    let made = user.rmachine(&create);
    assert!(made.stderr.contains("n1: making the host"), "{made:?}");
    made.ok();
    let version = |user: &User| user.docker("n1", "version --format '{{.Server.Version}}'").ok();
    assert!(!version(&user).is_empty());
    assert_eq!(user.rmachine(&["ssh", "n1", "hostname"]).ok(), "n1");
    let booted = || host.sh("systemctl show -P UserspaceTimestampMonotonic");
    let first = booted();

    user.rmachine(&["stop", "n1"]).ok();
    assert_eq!(user.rmachine(&["status", "n1"]).ok(), "Stopped");
    user.rmachine(&["start", "n1"]).ok();
    assert!(!version(&user).is_empty());
    assert_ne!(booted(), first, "it was down");
    assert_eq!(user.rmachine(&["status", "n1"]).ok(), "Running");
    user.rmachine(&["provision", "n1"]).ok();
    user.rmachine(&["rm", "-y", "n1"]).ok();
    assert!(user.rmachine(&["ls", "-q"]).ok().is_empty());
    the_examples_do_the_same(&user, &host, &key, &switch);
}

/// In Python, hosts of a pool; in shell, hosts made by commands. The host has an engine by now, so this is quick.
fn the_examples_do_the_same(user: &User, host: &Host, key: &str, switch: &str) {
    for example in ["rmachine-driver-pool", "rmachine-driver-command"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/plugins").join(example);
        std::os::unix::fs::symlink(path, user.home().join("bin").join(example)).unwrap();
    }
    let pool = user.home().join("pool");
    std::fs::write(&pool, format!("{}\n", host.ip())).unwrap();
    let pool = pool.display().to_string();
    let made = user.rmachine(&["create", "-d", "pool", "--pool-hosts", &pool, "--pool-ssh-key", key, "p1"]);
    assert!(made.stderr.contains(&format!("p1: taking {} out of the pool", host.ip())), "{made:?}");
    made.ok();
    assert!(!user.docker("p1", "ps").ok().is_empty());
    assert_eq!(user.rmachine(&["status", "p1"]).ok(), "Running");
    user.rmachine(&["rm", "-y", "p1"]).ok();

    let (echo, start, stop) =
        (format!("echo {}", host.ip()), format!("{switch} start"), format!("{switch} stop"));
    let status = format!("{switch} status | tr RS rs");
    let commands = ["--command-create", &echo, "--command-start", &start, "--command-stop", &stop];
    let more = ["--command-status", &status, "--command-remove", "true", "--command-ssh-key", key, "c1"];
    user.rmachine(&[&["create", "-d", "command"], &commands[..], &more].concat()).ok();
    user.rmachine(&["stop", "c1"]).ok();
    assert_eq!(user.rmachine(&["status", "c1"]).ok(), "Stopped");
    user.rmachine(&["start", "c1"]).ok();
    assert!(!user.docker("c1", "ps").ok().is_empty());
    user.rmachine(&["rm", "-y", "c1"]).ok();
}
