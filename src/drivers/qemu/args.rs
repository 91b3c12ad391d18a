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
    add("-cpu", accel.cpu().to_owned());
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
    let further = state.forwards.iter().map(|forward| (forward.outside, forward.inside));
    let rules = own.into_iter().chain(further);
    rules.fold("user,id=user".to_owned(), |text, (outside, inside)| {
        text + &format!(",hostfwd=tcp:127.0.0.1:{outside}-:{inside}")
    })
}

/// In QEMU's lists of options a comma is written twice.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drivers::qemu::{arch::Wish, image::Kernel, ports::Forward};

    fn machine() -> Virtual {
        let base = crate::driver::Base { ssh_port: 20022, ..Default::default() };
        Virtual {
            base,
            id: "0a1b2c3d".to_owned(),
            image: "build".to_owned(),
            sha256: String::new(),
            suite: "bookworm".to_owned(),
            mirrors: Vec::new(),
            packages: Vec::new(),
            cpus: 3,
            memory: 768,
            disk: 20,
            engine_port: 20376,
            forwards: vec![Forward { outside: 8080, inside: 80 }],
            accel: Wish::Auto,
            proven: None,
            cached_image: "x".to_owned(),
            host_key: String::new(),
        }
    }

    fn arguments(base: &Base, accel: Accel, arch: Arch) -> String {
        let files = Files::of(Path::new("/store/a,b \"c\""));
        qemu(&"vm".parse().unwrap(), &machine(), &files, base, accel, arch).join("\n")
    }

    fn base(kernel: Option<Kernel>, firmware: Option<PathBuf>) -> Base {
        Base { disk: "/cache/disk".into(), format: "raw".to_owned(), kernel, firmware }
    }

    #[test]
    fn a_built_image_is_started_by_its_kernel() {
        let kernel = Kernel { image: "/cache/kernel".into(), initrd: "/cache/initrd".into() };
        let text = arguments(&base(Some(kernel), None), Accel::Tcg, Arch::X86);
        assert!(text.contains("-accel\ntcg,thread=multi\n-cpu\nmax\n-smp\n3\n-m\n768\n"), "{text}");
        assert!(text.contains("-kernel\n/cache/kernel\n-initrd\n/cache/initrd\n"), "{text}");
        assert!(text.ends_with("-append\nroot=/dev/vda rootfstype=ext4 rw console=ttyS0"), "{text}");
        assert!(!text.contains("-bios"));
    }

    #[test]
    fn other_images_boot_by_firmware_where_it_has_to_be_named() {
        let text = arguments(&base(None, Some("/fw/QEMU_EFI.fd".into())), Accel::Hvf, Arch::Arm);
        assert!(text.contains("-machine\nvirt\n-accel\nhvf\n-cpu\nhost\n"), "{text}");
        assert!(text.ends_with("-bios\n/fw/QEMU_EFI.fd"), "{text}");
        assert!(!arguments(&base(None, None), Accel::Kvm, Arch::X86).contains("-bios"));
    }

    #[test]
    fn ports_lead_from_loopback_alone_and_paths_keep_their_characters() {
        let text = arguments(&base(None, None), Accel::Tcg, Arch::X86);
        let ports = "hostfwd=tcp:127.0.0.1:20022-:22,hostfwd=tcp:127.0.0.1:20376-:20376,hostfwd=tcp:127.0.0.1:8080-:80";
        assert!(text.contains(ports), "{text}");
        assert!(text.contains("path=/store/a,,b \"c\"/vm/console.log"), "{text}");
        assert!(text.contains(r#""dir":"/store/a,b \"c\"/vm/seed""#), "{text}");
    }
}
