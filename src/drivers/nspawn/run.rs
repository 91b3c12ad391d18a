//! A host's process: launched so that it outlives us, found again, and ended.
//!
//! Where systemd runs outside it is a transient unit, which systemd supervises and limits; where not, a detached launcher in
//! control groups of our own. Either way it is the topmost process with the machine's id among its arguments, so
//! that one whose record got lost between its start and the save is found all the same.

use std::{fs, net::Ipv4Addr, path::Path, time::Duration};

use super::{
    Limits, cgroup,
    files::Layout,
    proc::{self, Process},
};
use crate::{
    driver::{Context, DriverError, Result},
    process::Command,
    retry::{self, Backoff, Deadline, PollError, Try},
};

/// How long a host may take until sshd listens; slow disks and emulated processors are slow.
const BOOT_AT_MOST: Duration = Duration::from_secs(180);
/// How often a booting host is looked at: it may be up within half a second, and looking is cheap.
const BOOT_BACKOFF: Backoff = Backoff { first: Duration::from_millis(20), most: Duration::from_millis(150) };
/// How long a host may take to go down; containers get ten seconds each to end.
const SHUTDOWN_AT_MOST: Duration = Duration::from_secs(90);
/// How long a killed host may take to be gone.
const KILL_AT_MOST: Duration = Duration::from_secs(10);
/// How long systemd may take to start a unit.
const UNIT_AT_MOST: Duration = Duration::from_secs(30);
/// Lines of the console that an error shows.
const CONSOLE_LINES: usize = 12;
/// Programs that a host consists of, from the launcher on, before its own init.
const PROGRAMS: [&str; 4] = ["setsid", "unshare", "sh", "systemd-nspawn"];

/// What a host is launched with.
#[derive(Debug)]
pub(super) struct Host<'a> {
    /// The machine's id.
    pub(super) id: &'a str,
    /// The image's root.
    pub(super) image: &'a Path,
    /// The bridge it is on.
    pub(super) bridge: &'a str,
    /// What it may use.
    pub(super) limits: Limits,
}

/// The name that systemd-nspawn knows a host by; its interface outside is named after it, and has 15 characters at most.
pub(super) fn machine_name(id: &str) -> String {
    format!("rm-{id}")
}

/// The outside end of a host's network cable.
pub(super) fn interface(id: &str) -> String {
    format!("vb-{}", machine_name(id))
}

/// The host's topmost process: the recorded one if it still runs, else one that carries the id.
pub(super) fn find(id: &str, recorded: Option<Process>) -> Option<Process> {
    let marker = format!("--machine={}", machine_name(id));
    let is_host = |process: &Process| {
        let args = process.args();
        args.contains(&marker) && PROGRAMS.contains(&proc::program(&args))
    };
    // One that becomes another program just now has no arguments for a moment.
    let is_still_host =
        |process: &Process| process.is_alive() && (is_host(process) || process.args().is_empty());
    if let Some(process) = recorded.filter(is_still_host) {
        return Some(process);
    }
    // systemd-nspawn's helpers are its children and, until they become the host's init, look like it.
    let candidates: Vec<Process> = proc::all().into_iter().filter(is_host).collect();
    let children: Vec<Process> = candidates.iter().flat_map(|process| process.children()).collect();
    candidates.into_iter().find(|process| !children.contains(process))
}

/// Launches a host and gives its topmost process.
pub(super) async fn launch(context: &Context, host: &Host<'_>) -> Result<Process> {
    let layout = Layout::of(context);
    let doing = || format!("launch {}", context.name);
    let script = include_str!("../../../templates/nspawn/launch.sh");
    fs::write(layout.launcher(), script).map_err(|error| DriverError::failed(doing(), error))?;
    if is_systemd_outside() {
        launch_unit(context, host, &layout).await?;
    } else {
        launch_detached(context, host, &layout).await?;
    }
    let appeared = retry::poll(
        "the host's process",
        Deadline::after(UNIT_AT_MOST),
        BOOT_BACKOFF,
        &context.events,
        || async {
            find(host.id, None).map_or(Try::Again("it is not there yet".to_owned()), Try::<_, ()>::Done)
        },
    )
    .await;
    match appeared {
        Ok(process) => Ok(process),
        Err(PollError::TimedOut(_) | PollError::Failed(())) => Err(died(context)),
    }
}

/// Waits until the host has its address and sshd listens. Both are looked for in the kernel's tables, never by connecting.
pub(super) async fn wait_until_up(
    context: &Context,
    id: &str,
    top: Process,
    address: Ipv4Addr,
) -> Result<Process> {
    let attempt = || async {
        let Some(top) = find(id, Some(top)) else { return Try::Fail(()) };
        match leader(top) {
            Some(leader) if !leader.has_address(address) => Try::Again("it has no address yet".to_owned()),
            Some(leader) if !leader.sees_listener(22) => Try::Again("sshd does not listen yet".to_owned()),
            Some(_) => Try::Done(top),
            None => Try::Again("its init has not begun".to_owned()),
        }
    };
    let deadline = Deadline::after(BOOT_AT_MOST);
    match retry::poll("the host to boot", deadline, BOOT_BACKOFF, &context.events, attempt).await {
        Ok(top) => Ok(top),
        Err(PollError::Failed(())) => Err(died(context)),
        Err(PollError::TimedOut(late)) => {
            Err(DriverError::failed(format!("boot {}: {late}", context.name), console(context)))
        }
    }
}

/// Whether the host's own init has begun.
pub(super) fn has_init(top: Process) -> bool {
    leader(top).is_some()
}

/// Asks the host to go down; takes the power away when it does not.
pub(super) async fn power_off(context: &Context, id: &str, top: Process) -> Result<()> {
    // The launcher and systemd-nspawn both turn it into an orderly shutdown.
    top.signal(rustix::process::Signal::TERM);
    if wait_until_gone(context, id, SHUTDOWN_AT_MOST).await.is_ok() {
        return Ok(());
    }
    context.events.note(format!("{} did not go down in time and is killed", context.name));
    pull_plug(context, id, top).await
}

/// Takes the power away. The host's init goes first, so that systemd-nspawn can still clean up after it.
pub(super) async fn pull_plug(context: &Context, id: &str, top: Process) -> Result<()> {
    let kill = |process: Process| process.signal(rustix::process::Signal::KILL);
    if let Some(leader) = leader(top) {
        kill(leader);
        if wait_until_gone(context, id, KILL_AT_MOST).await.is_ok() {
            return Ok(());
        }
    }
    while let Some(top) = find(id, None) {
        let below = descendants(top);
        kill(top);
        below.into_iter().for_each(kill);
        wait_until_gone(context, id, KILL_AT_MOST).await?;
    }
    Ok(())
}

/// Removes what a dead host leaves behind in the kernel and under /run.
pub(super) async fn sweep(context: &Context, id: &str) -> Result<()> {
    let cable = interface(id);
    let attempt = || async {
        cgroup::kill(id);
        cgroup::remove(id);
        let has_cable = Path::new("/sys/class/net").join(&cable).exists();
        match (has_cable, cgroup::exist(id)) {
            (false, false) => Try::Done(()),
            (true, _) => Try::Again(format!("{cable} is still there")),
            (false, true) => Try::Again::<_, ()>("a control group is still there".to_owned()),
        }
    };
    let deadline = Deadline::after(KILL_AT_MOST);
    match retry::poll("the host's remains to go", deadline, Backoff::NEAR, &context.events, attempt).await {
        Ok(()) | Err(PollError::Failed(())) => {}
        Err(PollError::TimedOut(late)) => return Err(late.into()),
    }
    // systemd-nspawn makes these, and leaves them when it is killed.
    for folder in ["propagate", "unix-export"] {
        let _ = fs::remove_dir(Path::new("/run/systemd/nspawn").join(folder).join(machine_name(id)));
    }
    Ok(())
}

/// sd_booted(3).
fn is_systemd_outside() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

async fn launch_unit(context: &Context, host: &Host<'_>, layout: &Layout) -> Result<()> {
    let console = layout.console();
    let mut properties = vec![
        format!("Description=rmachine host {}", context.name),
        format!("StandardOutput=truncate:{}", console.display()),
        "StandardError=inherit".to_owned(),
        "Delegate=yes".to_owned(),
        "KillMode=mixed".to_owned(),
        "TasksMax=infinity".to_owned(),
        // A reboot from inside ends systemd-nspawn with this status, and means that it wants to be run again.
        "RestartForceExitStatus=133".to_owned(),
        "SuccessExitStatus=133".to_owned(),
        format!("TimeoutStopSec={}", SHUTDOWN_AT_MOST.as_secs()),
    ];
    if host.limits.memory_mib != 0 {
        properties.push(format!("MemoryMax={}M", host.limits.memory_mib));
    }
    if host.limits.cpus != 0 {
        properties.push(format!("CPUQuota={}%", host.limits.cpus * 100));
    }
    let unit = format!("--unit=rmachine-{}-{}", context.name, host.id);
    let command = Command::new(&context.env, "systemd-run")
        .args(["--quiet", "--collect", &unit])
        .args(properties.iter().map(|property| format!("--property={property}")))
        .args(["--", "unshare"])
        .args(launcher_args("once", host, layout, &[], context));
    let started = command.run(Deadline::after(UNIT_AT_MOST)).await;
    started.map(drop).map_err(|error| DriverError::failed(format!("launch {}", context.name), error))
}

async fn launch_detached(context: &Context, host: &Host<'_>, layout: &Layout) -> Result<()> {
    let doing = || format!("launch {}", context.name);
    let groups = cgroup::create(host.id, host.limits).map_err(|error| DriverError::failed(doing(), error))?;
    let groups: Vec<String> = groups.iter().map(|group| group.to_string_lossy().into_owned()).collect();
    let command =
        Command::new(&context.env, "unshare").args(launcher_args("again", host, layout, &groups, context));
    let started = command.detach(&layout.console()).await;
    started.map(drop).map_err(|error| DriverError::failed(doing(), error))
}

/// Arguments of `unshare`: it becomes the launcher, which becomes (or runs) systemd-nspawn.
fn launcher_args(
    mode: &str,
    host: &Host<'_>,
    layout: &Layout,
    groups: &[String],
    context: &Context,
) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut args = vec!["--mount".to_owned(), "--propagation=slave".to_owned(), "sh".to_owned()];
    args.push(text(&layout.launcher()));
    args.push(mode.to_owned());
    args.extend([host.image, &layout.upper(), &layout.work(), &layout.root()].map(text));
    args.extend_from_slice(groups);
    args.push("--".to_owned());
    args.extend(nspawn_args(host, layout, context));
    args
}

fn nspawn_args(host: &Host<'_>, layout: &Layout, context: &Context) -> Vec<String> {
    let bound = layout.bound().map(|(outside, inside)| format!("--bind={}:{inside}", outside.display()));
    let mut args = vec![
        "systemd-nspawn".to_owned(),
        format!("--machine={}", machine_name(host.id)),
        format!("--hostname={}", context.name),
        format!("--directory={}", layout.root().display()),
        format!("--network-bridge={}", host.bridge),
    ];
    args.extend(bound);
    // Engines need every capability, and the kernel's keys and bpf, which systemd-nspawn refuses by default.
    let fixed = [
        "--quiet",
        "--boot",
        "--register=no",
        "--keep-unit",
        "--capability=all",
        "--system-call-filter=add_key keyctl bpf",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
    ];
    args.extend(fixed.map(str::to_owned));
    args
}

/// The host's init.
fn leader(top: Process) -> Option<Process> {
    descendants(top).into_iter().find(|process| process.leads_namespace())
}

/// The processes between the launcher and the host's init, and the init itself.
fn descendants(top: Process) -> Vec<Process> {
    let mut found = Vec::new();
    let mut next = vec![top];
    while let Some(process) = next.pop() {
        if process == top || !process.leads_namespace() {
            let children = process.children();
            next.extend(&children);
            found.extend(children);
        }
    }
    found
}

async fn wait_until_gone(context: &Context, id: &str, at_most: Duration) -> Result<()> {
    let attempt = || async {
        match find(id, None) {
            None => Try::Done(()),
            Some(top) => Try::Again::<_, ()>(format!("process {} still runs", top.pid)),
        }
    };
    match retry::poll(
        "the host to go down",
        Deadline::after(at_most),
        Backoff::NEAR,
        &context.events,
        attempt,
    )
    .await
    {
        Ok(()) | Err(PollError::Failed(())) => Ok(()),
        Err(PollError::TimedOut(late)) => Err(late.into()),
    }
}

fn died(context: &Context) -> DriverError {
    DriverError::failed(format!("boot {}: it ended while it started", context.name), console(context))
}

/// The end of what the console said, as the cause of an error.
fn console(context: &Context) -> String {
    let bytes = fs::read(Layout::of(context).console()).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let tail = &lines[lines.len().saturating_sub(CONSOLE_LINES)..];
    if tail.is_empty() { "its console says nothing".to_owned() } else { tail.join("\n") }
}
