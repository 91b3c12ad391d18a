//! The driver's flags: docker-machine's with their variables and defaults, and a few of our own; and what they must be.

use super::{Boxed, cidr};
use crate::{
    driver::{Base, Context, DriverError, FlagSpec, Flags, Result},
    drivers::local::source,
};

/// Network adapters of VirtualBox.
const NIC_TYPES: [&str; 6] = ["Am79C970A", "Am79C973", "82540EM", "82543GC", "82545EM", "virtio"];
/// What an adapter hears of others.
const PROMISCUOUS: [&str; 3] = ["deny", "allow-vms", "allow-all"];
/// How a VM is shown.
const UI_TYPES: [&str; 4] = ["headless", "gui", "sdl", "separate"];
/// Least memory that boots, in MB.
const LEAST_MEMORY: u64 = 256;
/// Least disk that an image and an engine fit on, in MB.
const LEAST_DISK: u64 = 3000;

/// All of them.
pub(super) fn specs() -> Vec<FlagSpec> {
    vec![
        FlagSpec::text("virtualbox-boot2docker-url", "Boot this ISO, an address or a file, as boot2docker's was booted, instead of an image of a disk")
            .env("VIRTUALBOX_BOOT2DOCKER_URL"),
        FlagSpec::int("virtualbox-cpu-count", 1, "Give the machine so many processors, -1 for all of this computer's").env("VIRTUALBOX_CPU_COUNT"),
        FlagSpec::int("virtualbox-disk-size", 20000, "Give the machine a disk of so many MB, which takes only the room it uses").env("VIRTUALBOX_DISK_SIZE"),
        FlagSpec::switch("virtualbox-host-dns-resolver", "Resolve names by this computer's own resolver").env("VIRTUALBOX_HOST_DNS_RESOLVER"),
        FlagSpec::text("virtualbox-hostonly-cidr", "Reach the machine over the host-only network on which this computer has this address (where VirtualBox does not allow the default: 192.168.56.1/24)")
            .or(cidr::DEFAULT)
            .env("VIRTUALBOX_HOSTONLY_CIDR"),
        FlagSpec::text("virtualbox-hostonly-nicpromisc", "Let the host-only adapter hear others: deny, allow-vms or allow-all").or("deny").env("VIRTUALBOX_HOSTONLY_NIC_PROMISC"),
        FlagSpec::text("virtualbox-hostonly-nictype", "Take this kind of adapter for the host-only network").or("82540EM").env("VIRTUALBOX_HOSTONLY_NIC_TYPE"),
        FlagSpec::switch("virtualbox-hostonly-no-dhcp", "Give out no addresses on the host-only network; the image must bring one").env("VIRTUALBOX_HOSTONLY_NO_DHCP"),
        FlagSpec::text("virtualbox-image", "Stand the machine on this image, an address or a file with cloud-init in it (Debian's current cloud image)").env("VIRTUALBOX_IMAGE"),
        FlagSpec::text("virtualbox-image-sha256", "Demand that the image has this SHA-256 checksum").env("VIRTUALBOX_IMAGE_SHA256"),
        FlagSpec::text("virtualbox-import-boot2docker-vm", "Begin with a copy of the disk of this VM of boot2docker's; needs --virtualbox-boot2docker-url").env("VIRTUALBOX_BOOT2DOCKER_IMPORT_VM"),
        FlagSpec::int("virtualbox-memory", 1024, "Give the machine so many MB of memory").env("VIRTUALBOX_MEMORY_SIZE"),
        FlagSpec::text("virtualbox-nat-nictype", "Take this kind of adapter for the way out").or("82540EM").env("VIRTUALBOX_NAT_NICTYPE"),
        FlagSpec::switch("virtualbox-nested-virt", "Let the machine run VMs of its own").env("VIRTUALBOX_NESTED_VIRT"),
        FlagSpec::switch("virtualbox-no-dns-proxy", "Have the machine ask the DNS servers of this computer itself").env("VIRTUALBOX_NO_DNS_PROXY"),
        FlagSpec::switch("virtualbox-no-share", "Share no folder of this computer").env("VIRTUALBOX_NO_SHARE"),
        FlagSpec::switch("virtualbox-no-vtx-check", "Try even if the processor seems to run no guests").env("VIRTUALBOX_NO_VTX_CHECK"),
        FlagSpec::text("virtualbox-share-folder", "Share this folder under this name: FOLDER:NAME (the homes, as hosthome on Linux and Users on macOS)").env("VIRTUALBOX_SHARE_FOLDER"),
        FlagSpec::text("virtualbox-ui-type", "Show the machine: headless, gui, sdl or separate").or("headless").env("VIRTUALBOX_UI_TYPE"),
    ]
}

/// The state of a new machine.
pub(super) fn read(context: &Context, flags: &Flags) -> Result<Boxed> {
    let text = |name: &str| flags.text(name).unwrap_or_default().to_owned();
    let place = |flag: &str| flags.text(flag).map(|given| source::place(context, flag, given)).transpose();
    let boot2docker_url = place("virtualbox-boot2docker-url")?.unwrap_or_default();
    let import_vm = text("virtualbox-import-boot2docker-vm");
    if !import_vm.is_empty() && boot2docker_url.is_empty() {
        return Err(usage(
            "--virtualbox-import-boot2docker-vm copies a disk of data, which needs boot2docker's ISO: --virtualbox-boot2docker-url FILE",
        ));
    }
    if import_vm.starts_with('-') {
        return Err(usage(format!("--virtualbox-import-boot2docker-vm {import_vm:?} is no VM's name")));
    }
    let image = match place("virtualbox-image")? {
        Some(_) if !boot2docker_url.is_empty() => {
            return Err(usage("--virtualbox-image and --virtualbox-boot2docker-url exclude each other"));
        }
        Some(image) => image,
        None if boot2docker_url.is_empty() => source::debian("generic", "amd64"),
        None => String::new(),
    };
    let host_only = text("virtualbox-hostonly-cidr").parse();
    let state = Boxed {
        base: Base { ssh_user: super::USER.to_owned(), ..Base::new(context) },
        manager: serde_json::Map::new(),
        interfaces: serde_json::Map::new(),
        cpu: cpus(flags)?,
        memory: at_least("virtualbox-memory", LEAST_MEMORY, flags)?,
        disk_size: at_least("virtualbox-disk-size", LEAST_DISK, flags)?,
        nat_nic_type: one_of("virtualbox-nat-nictype", &NIC_TYPES, flags)?,
        boot2docker_url,
        import_vm,
        host_dns_resolver: flags.is_on("virtualbox-host-dns-resolver"),
        host_only: host_only.map_err(|why: String| usage(format!("--virtualbox-hostonly-cidr: {why}")))?,
        host_only_nic_type: one_of("virtualbox-hostonly-nictype", &NIC_TYPES, flags)?,
        host_only_promisc_mode: one_of("virtualbox-hostonly-nicpromisc", &PROMISCUOUS, flags)?,
        ui_type: one_of("virtualbox-ui-type", &UI_TYPES, flags)?,
        host_only_no_dhcp: flags.is_on("virtualbox-hostonly-no-dhcp"),
        no_share: flags.is_on("virtualbox-no-share"),
        dns_proxy: !flags.is_on("virtualbox-no-dns-proxy"),
        no_vtx_check: flags.is_on("virtualbox-no-vtx-check"),
        share_folder: text("virtualbox-share-folder"),
        nested_virtualization: flags.is_on("virtualbox-nested-virt"),
        image,
        sha256: source::checksum("virtualbox-image-sha256", flags.text("virtualbox-image-sha256"))?,
        cached_image: String::new(),
        host_key: String::new(),
    };
    state.share().map(|_| state)
}

/// All of this computer's by -1, as docker-machine has it, and by 0.
fn cpus(flags: &Flags) -> Result<i64> {
    match flags.int("virtualbox-cpu-count").unwrap_or(1) {
        count @ -1..=64 => Ok(count),
        other => Err(usage(format!("--virtualbox-cpu-count {other} must be 1 to 64, or -1 for all"))),
    }
}

fn at_least(flag: &str, least: u64, flags: &Flags) -> Result<u64> {
    let given = flags.int(flag).unwrap_or_default();
    match u64::try_from(given) {
        Ok(number) if number >= least => Ok(number),
        _ => Err(usage(format!("--{flag} {given} is too little: {least} is the least"))),
    }
}

fn one_of(flag: &str, known: &[&str], flags: &Flags) -> Result<String> {
    let given = flags.text(flag).unwrap_or_default();
    if known.contains(&given) {
        return Ok(given.to_owned());
    }
    Err(usage(format!("--{flag} {given:?} must be one of {}", known.join(", "))))
}

/// A wrong use.
pub(super) fn usage(message: impl Into<String>) -> DriverError {
    DriverError::Usage { message: message.into() }
}
