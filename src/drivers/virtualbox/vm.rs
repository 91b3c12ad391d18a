//! The VM itself: made and put together, found, and taken away.
//!
//! Its settings file lies in the machine's folder, where docker-machine had it too, and says the VM's id, by which it is called: a VM of
//! the user's that has the same name is never touched.

use std::{ffi::OsString, fs, path::PathBuf};

use super::{
    Boxed, disk,
    disk::Files,
    manage::{Call, Manage},
    network::Plug,
    parse::{self, Info},
};
use crate::{
    driver::{Context, DriverError, Result},
    machine::{MachineName, State},
};

/// The one controller of disks.
const CONTROLLER: &str = "SATA";
/// The rule by which SSH is forwarded.
pub(super) const SSH_RULE: &str = "ssh";
/// Where guests mount what is shared, for those with VirtualBox' own additions.
const SHARE_PROPERTIES: [&str; 2] =
    ["/VirtualBox/GuestAdd/SharedFolders/MountPrefix", "/VirtualBox/GuestAdd/SharedFolders/MountDir"];

/// The VM's settings file.
pub(super) fn settings(context: &Context, state: &Boxed) -> PathBuf {
    let name = name(context, state);
    context.folder.join(&name).join(format!("{name}.vbox"))
}

/// The VM's name, which is also that of a folder: nothing else than a machine's name is taken for one.
fn name(context: &Context, state: &Boxed) -> String {
    let stored = state.base.machine_name.parse::<MachineName>();
    stored.unwrap_or_else(|_| context.name.clone()).to_string()
}

/// The VM's id, where there is one.
pub(super) fn id(context: &Context, state: &Boxed) -> Result<Option<String>> {
    let path = settings(context, state);
    match fs::read_to_string(&path) {
        Ok(text) => parse::settings_id(&text).map(Some).ok_or_else(|| {
            DriverError::failed("find the VM", format!("{} does not say its id", path.display()))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DriverError::failed(format!("read {}", path.display()), error)),
    }
}

/// What VirtualBox knows of a VM by its name or id; `None` where it knows none.
pub(super) async fn look(manage: Manage<'_>, vm: &str) -> Result<Option<Info>> {
    match manage.attempt(Call::new(["showvminfo", vm, "--machinereadable"])).await? {
        Ok(stdout) => Ok(Some(Info::parse(&stdout))),
        Err(refusal) if refusal.is_absent() => Ok(None),
        Err(refusal) => Err(DriverError::failed("look at the VM", refusal)),
    }
}

/// The machine's VM, its id and what is known of it.
pub(super) async fn find(manage: Manage<'_>, state: &Boxed) -> Result<Option<(String, Info)>> {
    let Some(id) = id(manage.context, state)? else { return Ok(None) };
    Ok(look(manage, &id).await?.map(|info| (id, info)))
}

/// Makes the VM, without disks; gives its id.
pub(super) async fn make(manage: Manage<'_>, state: &Boxed) -> Result<String> {
    let doing = "make the VM";
    let context = manage.context;
    let call = Call::new(["createvm", "--basefolder"]).arg(&context.folder);
    manage.call(doing, call.args(["--name", &name(context, state), "--register"])).await?;
    let id = id(context, state)?.ok_or_else(|| {
        DriverError::failed(doing, format!("its settings are not at {}", settings(context, state).display()))
    })?;
    manage.call(doing, Call::new(["modifyvm", &id]).args(hardware(context, state))).await?;
    let nic = ["--nic1", "nat", "--nictype1", &state.nat_nic_type, "--cableconnected1", "on"];
    manage.call(doing, Call::new(["modifyvm", &id]).args(nic)).await?;
    let controller = ["--name", CONTROLLER, "--add", "sata", "--hostiocache", "on"];
    manage.call(doing, Call::new(["storagectl", &id]).args(controller)).await?;
    Ok(id)
}

/// docker-machine's settings, in names that every version takes; and a serial line that tells how a boot goes.
fn hardware(context: &Context, state: &Boxed) -> Vec<OsString> {
    let on = |is_on| if is_on { "on" } else { "off" };
    let (cpus, memory) = (state.cpus().to_string(), state.memory.to_string());
    let boot = if state.has_iso() { "dvd" } else { "disk" };
    let settings = [
        ("--firmware", "bios"),
        ("--bioslogofadein", "off"),
        ("--bioslogofadeout", "off"),
        ("--bioslogodisplaytime", "0"),
        ("--biosbootmenu", "disabled"),
        ("--ostype", "Linux26_64"),
        ("--cpus", &cpus),
        ("--memory", &memory),
        ("--acpi", "on"),
        ("--ioapic", "on"),
        ("--rtcuseutc", "on"),
        ("--natdnshostresolver1", on(state.host_dns_resolver)),
        ("--natdnsproxy1", on(state.dns_proxy)),
        ("--cpuhotplug", "off"),
        ("--pae", "on"),
        ("--hpet", "on"),
        ("--hwvirtex", "on"),
        ("--nestedpaging", "on"),
        ("--largepages", "on"),
        ("--vtxvpid", "on"),
        ("--accelerate3d", "off"),
        ("--boot1", boot),
        ("--nested-hw-virt", on(state.nested_virtualization)),
    ];
    let mut args: Vec<OsString> =
        settings.into_iter().flat_map(|(name, value)| [name.into(), value.into()]).collect();
    args.extend(["--uart1", "0x3F8", "4", "--uartmode1", "file"].map(OsString::from));
    args.push(Files::of(context).console().into());
    args
}

/// Puts a disk or an ISO (`dvddrive`) on a port.
pub(super) async fn attach(
    manage: Manage<'_>,
    id: &str,
    port: u8,
    kind: &str,
    medium: &std::path::Path,
) -> Result<()> {
    let port = port.to_string();
    let call = Call::new(["storageattach", id, "--storagectl", CONTROLLER, "--port", &port, "--device", "0"]);
    let call = call.args(["--type", kind, "--medium"]).arg(medium);
    manage.call("put the VM's disks in", call).await.map(drop)
}

/// Shares a folder of this computer.
pub(super) async fn share(manage: Manage<'_>, state: &Boxed, id: &str) -> Result<()> {
    let Some(share) = state.share()?.filter(|share| share.folder.is_dir()) else { return Ok(()) };
    let doing = "share a folder";
    for property in SHARE_PROPERTIES {
        manage.call(doing, Call::new(["guestproperty", "set", id, property, "/"])).await?;
    }
    let call = Call::new(["sharedfolder", "add", id, "--name", &share.name, "--hostpath"]);
    manage.call(doing, call.arg(&share.folder).arg("--automount")).await?;
    let links = format!("VBoxInternal2/SharedFoldersEnableSymlinksCreate/{}", share.name);
    manage.call(doing, Call::new(["setextradata", id, &links, "1"])).await.map(drop)
}

/// Plugs the VM into this computer's network.
pub(super) async fn plug(manage: Manage<'_>, state: &Boxed, id: &str, plug: &Plug) -> Result<()> {
    let doing = "connect the VM to this computer";
    let (kind, option, name) = match plug {
        Plug::Interface(name) => ("hostonly", "--hostonlyadapter2", name),
        Plug::Net(name) => ("hostonlynet", "--host-only-net2", name),
    };
    let call = Call::new(["modifyvm", id, "--nic2", kind, "--nictype2", &state.host_only_nic_type]).args([
        "--nicpromisc2",
        &state.host_only_promisc_mode,
        option,
        name,
        "--cableconnected2",
        "on",
    ]);
    manage.call(doing, call).await.map(drop)
}

/// Has SSH forwarded by a port of this computer's loopback; a saved VM takes that, too.
pub(super) async fn forward(manage: Manage<'_>, id: &str, port: u16, info: &Info) -> Result<()> {
    let doing = "forward a port to the VM";
    match info.forward(SSH_RULE) {
        Some(stands) if stands == port => return Ok(()),
        Some(_) => {
            manage.call(doing, Call::new(["modifyvm", id, "--natpf1", "delete", SSH_RULE])).await?;
        }
        None => {}
    }
    let rule = format!("{SSH_RULE},tcp,127.0.0.1,{port},,22");
    manage.call(doing, Call::new(["modifyvm", id, "--natpf1", &rule])).await.map(drop)
}

/// Takes the VM away with its disks, and nothing that others use. What is gone already is fine.
pub(super) async fn take_away(manage: Manage<'_>, state: &Boxed) -> Result<()> {
    let context = manage.context;
    let files = Files::of(context);
    let doing = "remove the VM";
    if let Some((id, info)) = find(manage, state).await? {
        if info.state() == State::Saved {
            // Nothing can be taken out of it before.
            manage.call(doing, Call::new(["discardstate", &id])).await?;
        }
        // VirtualBox would delete the image with the last disk that stands on it.
        if info.get(&format!("{CONTROLLER}-0-0")).is_some_and(|medium| medium != "none") {
            let call =
                Call::new(["storageattach", &id, "--storagectl", CONTROLLER, "--port", "0", "--device", "0"]);
            manage.call(doing, call.args(["--medium", "none"])).await?;
        }
        let call = Call::new(["unregistervm", &id, "--delete"]).work();
        match manage.attempt(call).await? {
            Err(refusal) if !refusal.is_absent() => return Err(DriverError::failed(doing, refusal)),
            Ok(_) | Err(_) => {}
        }
    }
    for disk in [files.disk(), files.seed(), files.data()] {
        disk::discard(manage, &disk).await?;
    }
    disk::forget(manage, "dvd", &files.iso()).await?;
    if !state.cached_image.is_empty() {
        disk::forget(manage, "disk", &disk::image(context, &state.cached_image)).await?;
    }
    let leftovers = [files.iso(), files.console()];
    let folder = settings(context, state).parent().map(PathBuf::from).unwrap_or_default();
    let removed = leftovers.iter().map(fs::remove_file).chain([fs::remove_dir_all(folder)]);
    for outcome in removed {
        match outcome {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(DriverError::failed(doing, error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
