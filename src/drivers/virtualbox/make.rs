//! A machine from nothing to an engine's address: the VM is made anew, filled with disks, connected and started.

use super::{
    Boxed, Save, VirtualBox, check,
    disk::{self, Files},
    endpoint, import_key,
    manage::Manage,
    network, run,
    seed::{self, Adapters},
    vm,
};
use crate::{
    checkpoint::Checkpoint,
    driver::{BuiltIn, Context, DriverError, Result},
    drivers::local::{keys, ports, source::Source},
};

/// Makes the VM anew, whatever an earlier attempt left, and starts it.
pub(super) async fn host(manage: Manage<'_>, state: &mut Boxed, save: Save<'_>) -> Result<()> {
    let context = manage.context;
    let version = check::version(manage).await?;
    state.host_only = network::settle(state.host_only, version)?;
    if !state.has_iso() {
        state.cached_image = disk::ensure_image(manage, state).await?;
    }
    let (key, login_key) = keys::login_key(context)?;
    state.base.ssh_key_path = key.to_string_lossy().into_owned();
    if !state.has_iso() {
        state.host_key = seed::host_key(context)?;
    }
    save(state)?;
    context.checkpoints.reach(Checkpoint::HostBegun);
    VirtualBox.remove(context, state).await?;
    context.events.step("making the VM");
    if !state.import_vm.is_empty() {
        import(manage, state).await?;
    }
    let id = vm::make(manage, state).await?;
    connect(manage, state, &id).await?;
    save(state)?;
    if state.has_iso() {
        fill_as_boot2docker(manage, state, &id, &login_key).await?;
    } else {
        fill(manage, state, &id, &login_key).await?;
    }
    vm::share(manage, state, &id).await?;
    context.checkpoints.reach(Checkpoint::HostHalfMade);
    context.events.step("starting the machine");
    wake(manage, state, &id).await?;
    save(state)
}

/// The disk over the image, and the seed.
async fn fill(manage: Manage<'_>, state: &Boxed, id: &str, login_key: &str) -> Result<()> {
    let context = manage.context;
    let files = Files::of(context);
    let base = disk::image(context, &state.cached_image);
    disk::lay_over(manage, &base, &files.disk(), state.disk_size).await?;
    vm::attach(manage, id, 0, "hdd", &files.disk()).await?;
    let info = vm::look(manage, id).await?.ok_or(DriverError::Gone)?;
    let address = |adapter| {
        info.hardware_address(adapter).ok_or_else(|| {
            DriverError::failed("make the VM", format!("its adapter {adapter} has no address"))
        })
    };
    let adapters = Adapters { nat: address(1)?, host_only: address(run::HOST_ONLY_ADAPTER)? };
    let bytes = seed::disk(context, state, id, login_key, &adapters)?;
    let size = bytes.len() as u64;
    disk::make(manage, &files.seed(), bytes, size).await?;
    vm::attach(manage, id, 1, "hdd", &files.seed()).await
}

/// The ISO, and a disk that its system formats, or the imported one.
async fn fill_as_boot2docker(manage: Manage<'_>, state: &Boxed, id: &str, login_key: &str) -> Result<()> {
    let context = manage.context;
    let files = Files::of(context);
    Source::of(&state.boot2docker_url, "").bring(context, &files.iso()).await?;
    if state.import_vm.is_empty() {
        let bytes = seed::format_me(login_key)?;
        disk::make(manage, &files.data(), bytes, state.disk_size << 20).await?;
    }
    vm::attach(manage, id, 0, "dvddrive", &files.iso()).await?;
    vm::attach(manage, id, 1, "hdd", &files.data()).await
}

/// Takes over disk, size and key of a VM of boot2docker's.
async fn import(manage: Manage<'_>, state: &mut Boxed) -> Result<()> {
    let context = manage.context;
    let doing = "import the VM";
    let info = vm::look(manage, &state.import_vm)
        .await?
        .ok_or_else(|| DriverError::failed(doing, format!("there is no VM {:?}", state.import_vm)))?;
    let disk = info.get("SATA-1-0").filter(|path| *path != "none");
    let disk =
        disk.ok_or_else(|| DriverError::failed(doing, "it has no disk where boot2docker's have theirs"))?;
    disk::import(manage, disk, &Files::of(context).data()).await?;
    let number = |key: &str| info.get(key).and_then(|value| value.parse::<u32>().ok());
    state.cpu = number("cpus").map_or(state.cpu, i64::from);
    state.memory = number("memory").map_or(state.memory, u64::from);
    let copy = context.file("id_boot2docker");
    let key = std::fs::read(import_key(context)?).map_err(|error| DriverError::failed(doing, error))?;
    keys::replace(&copy, &key, 0o600).map_err(|error| DriverError::failed(doing, error))?;
    state.base.ssh_key_path = copy.to_string_lossy().into_owned();
    Ok(())
}

/// The host-only network, and the way for SSH.
pub(super) async fn connect(manage: Manage<'_>, state: &mut Boxed, id: &str) -> Result<()> {
    let version = check::version(manage).await?;
    state.host_only = network::settle(state.host_only, version)?;
    let plug = network::ensure(manage, version, state.host_only, !state.host_only_no_dhcp).await?;
    vm::plug(manage, state, id, &plug).await?;
    forward(manage, state, id).await
}

/// The port for SSH, another one where it was taken meanwhile.
pub(super) async fn forward(manage: Manage<'_>, state: &mut Boxed, id: &str) -> Result<()> {
    if state.base.ssh_port == 0 || !ports::is_free(state.base.ssh_port) {
        [state.base.ssh_port] =
            ports::free(&[]).map_err(|error| DriverError::failed("find a free port", error))?;
    }
    let info = vm::look(manage, id).await?.ok_or(DriverError::Gone)?;
    vm::forward(manage, id, state.base.ssh_port, &info).await
}

/// Starts the VM, and learns where its engine will be.
pub(super) async fn wake(manage: Manage<'_>, state: &mut Boxed, id: &str) -> Result<()> {
    run::power_on(manage, state, id).await?;
    learn_address(manage, state, id).await
}

/// Logs in and asks.
pub(super) async fn learn_address(manage: Manage<'_>, state: &mut Boxed, id: &str) -> Result<()> {
    let endpoint = endpoint(manage.context, state).ok_or(DriverError::Gone)?;
    let (address, host_key) = run::address(manage, id, &endpoint).await?;
    state.base.ip_address = address;
    if state.host_key.is_empty() {
        state.host_key = host_key;
    }
    Ok(())
}

/// Without its image a disk is worth nothing, so a lost one is said plainly.
pub(super) fn image_is_there(context: &Context, state: &Boxed) -> Result<()> {
    let image = disk::image(context, &state.cached_image);
    if state.cached_image.is_empty() || image.is_file() {
        return Ok(());
    }
    let reason = format!("{} is gone, and the machine's disk is only what differs from it", image.display());
    Err(DriverError::failed("find the machine's image", reason))
}
