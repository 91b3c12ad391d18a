//! QEMU's arguments for a machine: pure, so that every one of them is tested without starting anything.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    Virtual,
    arch::{Accel, Arch},
    image::Base,
};
use crate::machine::MachineName;

/// Files of a machine in its folder.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
}

impl Files {
    /// In this folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self { folder: folder.join("vm") }
    }

    /// The folder of them all.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What differs from the image.
    pub(super) fn disk(&self) -> PathBuf {
        self.folder.join("disk.qcow2")
    }

    /// What a guest reads at its first boot.
    pub(super) fn seed(&self) -> PathBuf {
        self.folder.join("seed")
    }

    /// Where QEMU is asked.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("qmp.sock")
    }

    /// Its process id, while it runs.
    pub(super) fn pid(&self) -> PathBuf {
        self.folder.join("qemu.pid")
    }

    /// What the guest's console said since its last start.
    pub(super) fn console(&self) -> PathBuf {
        self.folder.join("console.log")
    }
}

/// All arguments.
pub(super) fn qemu(
    name: &MachineName,
    state: &Virtual,
    files: &Files,
    base: &Base,
    accel: Accel,
    arch: Arch,
) -> Vec<String> {
    let mut args: Vec<String> =
        ["-nodefaults", "-no-user-config", "-display", "none", "-daemonize"].map(str::to_owned).into();
    let mut add = |option: &str, value: String| args.extend([option.to_owned(), value]);
    add("-name", format!("rmachine-{name}"));
    add("-machine", arch.machine().to_owned());
    add("-accel", accel.argument().to_owned());
    add("-cpu", arch.cpu(accel).to_owned());
    add("-smp", state.cpus.to_string());
    add("-m", state.memory.to_string());
    // As JSON, in which no character of a path has a meaning of its own.
    let disk = json!({
        "driver": "qcow2", "node-name": "disk", "discard": "unmap",
        "file": { "driver": "file", "filename": files.disk() },
    });
    // QEMU itself makes a FAT disk out of the folder. Its own working folder is / once it runs, hence a whole path.
    let seed = json!({
        "driver": "vvfat", "node-name": "seed", "dir": files.seed(), "label": "CIDATA", "read-only": true, "fat-type": 16,
    });
    add("-blockdev", disk.to_string());
    add("-device", "virtio-blk-pci,drive=disk".to_owned());
    add("-blockdev", seed.to_string());
    add("-device", "virtio-blk-pci,drive=seed".to_owned());
    add("-netdev", network(state));
    add("-device", "virtio-net-pci,netdev=user".to_owned());
    add("-device", "virtio-rng-pci".to_owned());
    add("-chardev", format!("file,id=console,path={}", escaped(&files.console())));
    add("-serial", "chardev:console".to_owned());
    add("-qmp", format!("unix:{},server=on,wait=off", escaped(&files.socket())));
    add("-pidfile", files.pid().to_string_lossy().into_owned());
    if let Some(kernel) = &base.kernel {
        add("-kernel", kernel.image.to_string_lossy().into_owned());
        add("-initrd", kernel.initrd.to_string_lossy().into_owned());
        add("-append", format!("root=/dev/vda rootfstype=ext4 rw console={}", arch.console()));
    } else if let Some(firmware) = &base.firmware {
        add("-bios", firmware.to_string_lossy().into_owned());
    }
    args
}

/// QEMU's own network, which needs no root, with the ports by which this computer reaches the guest.
fn network(state: &Virtual) -> String {
    let own = [(state.base.ssh_port, super::SSH_PORT), (state.engine_port, state.engine_port)];
    let mut text = "user,id=user".to_owned();
    for (outside, inside) in
        own.into_iter().chain(state.forwards.iter().map(|forward| (forward.outside, forward.inside)))
    {
        text.push_str(&format!(",hostfwd=tcp:127.0.0.1:{outside}-:{inside}"));
    }
    text
}

/// In QEMU's lists of options a comma is written twice.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}
