//! A virtual machine, from an image that is built on the spot to a container on it, without an accelerator if need be.

use crate::support::{self, BUSYBOX, User};

/// A guest without an accelerator takes its time to boot, so this is one story, and it boots a second time only in the campaign.
#[test]
fn a_machine_of_qemu_runs_containers_is_stopped_started_killed_and_leaves_nothing() {
    let user = User::new();
    let created =
        user.rmachine(&["create", "-d", "qemu", "--qemu-image", "build", "--qemu-forward", "28080:80", "vm"]);
    if created.status != 0 && created.stderr.contains("is not installed") {
        support::skip("a_machine_of_qemu", &created.stderr);
        return;
    }
    created.ok();
    user.in_env("vm", &format!("( {BUSYBOX} ) | docker import -c 'ENV PATH=/bin' - bb")).ok();
    assert_eq!(user.docker("vm", "run --rm bb /bin/sh -c 'echo hello'").ok(), "hello");
    assert_eq!(user.rmachine(&["ssh", "vm", "hostname"]).ok(), "vm");
    assert_eq!(user.rmachine(&["ip", "vm"]).ok(), "127.0.0.1");

    user.rmachine(&["stop", "vm"]).ok();
    assert_eq!(user.rmachine(&["status", "vm"]).ok(), "Stopped");
    if std::env::var_os("RMACHINE_CAMPAIGN").is_some() {
        user.rmachine(&["start", "vm"]).ok();
        assert_eq!(user.docker("vm", "images -q bb").ok().lines().count(), 1, "its disk is as it was");
        user.rmachine(&["kill", "vm"]).ok();
        assert_eq!(user.rmachine(&["status", "vm"]).ok(), "Stopped");
    }
    user.rmachine(&["rm", "-y", "vm"]).ok();
    let left = format!("pgrep -fc 'qemu-system[-].*{}' || true", user.store().display());
    assert_eq!(support::run(user.command("sh").args(["-c", &left])).ok(), "0");
}
