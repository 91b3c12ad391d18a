//! A VM's life: started, waited for, asked for its address, sent to sleep, its power taken away.

use std::{fs, path::PathBuf, sync::Arc, time::Duration};

use super::{
    Boxed, check,
    disk::Files,
    manage::{Call, Manage},
    parse, vm,
};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::ports,
    machine::{SshEndpoint, State},
    prompt::Nobody,
    retry::{self, Backoff, Deadline, PollError, Try},
    ssh::{Connect, Session},
};

/// How long a guest may take until sshd answers.
const BOOT_AT_MOST: Duration = Duration::from_secs(8 * 60);
/// How long it may then take until its login works and its second adapter has an address.
const ADDRESS_AT_MOST: Duration = Duration::from_secs(180);
/// How long a guest may take to go down; containers get ten seconds each to end.
const SHUTDOWN_AT_MOST: Duration = Duration::from_secs(120);
/// How long VirtualBox may take to end a VM.
const POWER_OFF_AT_MOST: Duration = Duration::from_secs(30);
/// How often a guest that boots or goes down is looked at.
const LOOKS: Backoff = Backoff { first: Duration::from_millis(300), most: Duration::from_secs(2) };
/// Lines of the console that an error shows.
const CONSOLE_LINES: usize = 15;
/// What VirtualBox says where the processor does not run guests, or the firmware does not let it.
const NO_VIRTUALIZATION: [&str; 6] = [
    "VERR_VMX_NO_VMX",
    "VERR_VMX_MSR_VMX_DISABLED",
    "VERR_VMX_MSR_ALL_VMX_DISABLED",
    "VERR_SVM_NO_SVM",
    "VERR_SVM_DISABLED",
    "VERR_SVM_IN_USE",
];
/// The adapter that leads to this computer.
pub(super) const HOST_ONLY_ADAPTER: u8 = 2;
/// Tells a guest's addresses; every guest has it.
const ADDRESSES: &str = "ip addr show";

/// Starts the VM and waits until sshd answers.
pub(super) async fn power_on(manage: Manage<'_>, state: &Boxed, id: &str) -> Result<()> {
    let doing = "start the VM";
    // Its console of the last start must not pass for this one's.
    let _ = fs::remove_file(Files::of(manage.context).console());
    let call = Call::new(["startvm", id, "--type", &state.ui_type]).work();
    if let Err(refusal) = manage.attempt(call).await? {
        let log = log(manage.context, state);
        if is_without_virtualization(&format!("{}\n{log}", refusal.reason())) {
            return Err(check::without_virtualization());
        }
        let last =
            log.lines().last().map(|line| format!("; the last of its log: {line}")).unwrap_or_default();
        return Err(DriverError::failed(doing, format!("{}{last}", refusal.reason())));
    }
    wait_until_up(manage, state, id).await
}

/// Waits until sshd answers, or the VM ends.
pub(super) async fn wait_until_up(manage: Manage<'_>, state: &Boxed, id: &str) -> Result<()> {
    let context = manage.context;
    let attempt = || async {
        if ports::says_ssh(state.base.ssh_port).await {
            return Try::Done(());
        }
        match vm::look(manage, id).await {
            Ok(None) => Try::Fail("the VM is gone".to_owned()),
            Ok(Some(info)) => match info.state() {
                ended @ (State::Stopped | State::Saved | State::Error) => {
                    Try::Fail(format!("the VM ended: it is {ended}"))
                }
                _ => Try::Again("sshd does not answer yet".to_owned()),
            },
            Err(error) => Try::Again(error.to_string()),
        }
    };
    let deadline = Deadline::after(BOOT_AT_MOST);
    match retry::poll("the machine to boot", deadline, LOOKS, &context.events, attempt).await {
        Ok(()) => Ok(()),
        Err(PollError::Failed(what)) if is_without_virtualization(&log(context, state)) => {
            context.events.note(what);
            Err(check::without_virtualization())
        }
        Err(PollError::Failed(what)) => Err(died(context, &what)),
        Err(PollError::TimedOut(late)) => Err(died(context, &late.to_string())),
    }
}

fn died(context: &Context, what: &str) -> DriverError {
    let console = Files::of(context).console();
    let text =
        fs::read(&console).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(CONSOLE_LINES)..].join("\n");
    let said = if tail.is_empty() { "its console says nothing".to_owned() } else { tail };
    DriverError::failed(format!("boot {}: {what}", context.name), said)
}

/// What VirtualBox wrote of the last start.
fn log(context: &Context, state: &Boxed) -> String {
    let path: PathBuf = vm::settings(context, state).with_file_name("Logs").join("VBox.log");
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

fn is_without_virtualization(text: &str) -> bool {
    NO_VIRTUALIZATION.iter().any(|mark| text.contains(mark))
}

/// Logs in and asks for the address on the host-only network. Gives also the host key that was shown.
pub(super) async fn address(
    manage: Manage<'_>,
    id: &str,
    endpoint: &SshEndpoint,
) -> Result<(String, String)> {
    let doing = "learn the machine's address";
    let context = manage.context;
    let info = vm::look(manage, id).await?.ok_or(DriverError::Gone)?;
    let hardware = info
        .hardware_address(HOST_ONLY_ADAPTER)
        .ok_or_else(|| DriverError::failed(doing, "the VM has no second adapter"))?;
    let deadline = Deadline::after(ADDRESS_AT_MOST);
    let connect = Connect {
        env: &context.env,
        prompt: Arc::new(Nobody),
        events: &context.events,
        pinned: &[],
        sudo_password: None,
        deadline,
    };
    let session =
        Session::wait(endpoint, &connect).await.map_err(|error| DriverError::failed(doing, error))?;
    let attempt = || async {
        let mut said = Vec::new();
        match session.command(Some(ADDRESSES), tokio::io::empty(), &mut said, tokio::io::sink()).await {
            Err(error) => Try::Fail(DriverError::failed(doing, error)),
            Ok(_) => match parse::address_of(&String::from_utf8_lossy(&said), &hardware) {
                Some(address) => Try::Done(address.to_string()),
                None => Try::Again(format!("its adapter {hardware} has no IPv4 address yet")),
            },
        }
    };
    let polled =
        retry::poll("an address on the host-only network", deadline, LOOKS, &context.events, attempt).await;
    let key = session.host_key();
    session.close().await;
    Ok((polled.map_err(PollError::into_error)?, key))
}

/// Presses the power button; takes the power away when the guest does not go down.
pub(super) async fn power_off(manage: Manage<'_>, id: &str, now: State) -> Result<()> {
    let context = manage.context;
    match now {
        State::Stopped | State::Saved | State::NotFound => return Ok(()),
        State::Paused => {
            manage.call("wake the VM", Call::new(["controlvm", id, "resume"])).await?;
        }
        _ => {}
    }
    match manage.attempt(Call::new(["controlvm", id, "acpipowerbutton"])).await? {
        Err(refusal) if refusal.is_down() => return Ok(()),
        Err(refusal) => context.events.note(format!(
            "{} cannot be asked to go down ({}) and is killed",
            context.name,
            refusal.reason()
        )),
        Ok(_) if wait_until_down(manage, id, SHUTDOWN_AT_MOST).await.is_ok() => return Ok(()),
        Ok(_) => context.events.note(format!("{} did not go down in time and is killed", context.name)),
    }
    pull_plug(manage, id).await
}

/// Takes the power away.
pub(super) async fn pull_plug(manage: Manage<'_>, id: &str) -> Result<()> {
    match manage.attempt(Call::new(["controlvm", id, "poweroff"])).await? {
        Err(refusal) if refusal.is_down() || refusal.is_absent() => Ok(()),
        Err(refusal) => Err(DriverError::failed("take the VM's power away", refusal)),
        Ok(_) => wait_until_down(manage, id, POWER_OFF_AT_MOST).await,
    }
}

async fn wait_until_down(manage: Manage<'_>, id: &str, at_most: Duration) -> Result<()> {
    let attempt = || async {
        match vm::look(manage, id).await {
            Err(error) => Try::Fail(error),
            Ok(info) => match info.map_or(State::NotFound, |info| info.state()) {
                State::Stopped | State::Saved | State::NotFound => Try::Done(()),
                other => Try::Again(format!("it is {other}")),
            },
        }
    };
    let deadline = Deadline::after(at_most);
    let polled =
        retry::poll("the machine to go down", deadline, LOOKS, &manage.context.events, attempt).await;
    polled.map_err(PollError::into_error)
}
