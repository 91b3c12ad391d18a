//! A machine's process: started so that it outlives us, asked what it does, ended.
//!
//! QEMU puts itself into the background once it has opened everything, so what it complains about comes to us. Whether an accelerator works
//! is not believed but seen: a guest that makes no progress under it is started again without it.

use std::{
    fs,
    io::Read,
    path::Path,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};

use super::{
    Virtual,
    arch::{Accel, Arch, Wish},
    args::{self, Files},
    image::Base,
    proof,
    qmp::{Qmp, QmpError, is_end},
};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::ports::says_ssh,
    machine::State,
    process::Command,
    retry::{self, Backoff, Deadline, PollError, Try},
};

/// How long QEMU may take until it has opened everything.
const LAUNCH_AT_MOST: Duration = Duration::from_secs(60);
/// How long a guest may take until sshd answers; one without an accelerator on a busy computer takes minutes.
const BOOT_AT_MOST: Duration = Duration::from_secs(8 * 60);
/// How often a booting guest is looked at.
const BOOT_BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), most: Duration::from_secs(1) };
/// How long a guest may take to go down; containers get ten seconds each to end.
const SHUTDOWN_AT_MOST: Duration = Duration::from_secs(120);
/// How long QEMU may take to end when it is told to.
const QUIT_AT_MOST: Duration = Duration::from_secs(20);
/// How long an accelerated guest may take to show that it gets anywhere.
const PROOF_AT_MOST: Duration = Duration::from_secs(20);
/// Bytes of a disk after whose reading a guest is known to run: more than a boot loader reads for a kernel.
const READ_IS_PROGRESS: u64 = 160 << 20;
/// Lines of the console that an error shows.
const CONSOLE_LINES: usize = 15;

/// What the guest is doing, by QEMU itself.
pub(super) async fn state(files: &Files) -> Result<State> {
    let answer = async {
        match Qmp::connect(&files.socket()).await? {
            None => Ok(None),
            Some(mut qmp) => qmp.execute("query-status", json!({})).await.map(Some),
        }
    };
    match answer.await {
        Ok(Some(status)) => Ok(in_our_words(status["status"].as_str().unwrap_or_default())),
        Ok(None) if files.disk().is_file() => Ok(State::Stopped),
        Ok(None) => Ok(State::NotFound),
        Err(QmpError::Io(error)) if is_end(&error) => Ok(State::Stopping),
        Err(QmpError::TimedOut(_)) => Ok(State::Timeout),
        Err(error) => Err(DriverError::failed("ask qemu what the machine does", error)),
    }
}

/// The states of QMP's `RunState`.
fn in_our_words(status: &str) -> State {
    match status {
        "running" => State::Running,
        "paused" | "suspended" | "debug" => State::Paused,
        "prelaunch" | "inmigrate" | "restore-vm" | "finish-migrate" | "save-vm" | "colo" => State::Starting,
        "shutdown" | "postmigrate" => State::Stopping,
        _ => State::Error,
    }
}

/// Starts the guest and waits until sshd answers; gives the accelerator that works.
pub(super) async fn power_on(context: &Context, state: &Virtual, base: &Base, arch: Arch) -> Result<Accel> {
    let files = Files::of(&context.folder);
    let first = first_choice(context, state);
    let needs_proof = state.accel == Wish::Auto && first != Accel::Tcg && state.proven != Some(first);
    match boot(context, state, base, arch, first, needs_proof).await {
        Err(Boot::NoProgress(reason)) => {
            context
                .events
                .note(format!("{first} does not run guests here ({reason}): using tcg, which is slower"));
            proof::keep(context, first, &reason);
            pull_plug(context, &files).await?;
            boot(context, state, base, arch, Accel::Tcg, false).await.map_err(Boot::into_error)?;
            Ok(Accel::Tcg)
        }
        Err(Boot::Failed(error)) => Err(error),
        Ok(()) => Ok(first),
    }
}

/// The wanted accelerator, or the first that is not known to fail.
fn first_choice(context: &Context, state: &Virtual) -> Accel {
    match (state.accel, Accel::candidate()) {
        (Wish::Kvm, _) => Accel::Kvm,
        (Wish::Hvf, _) => Accel::Hvf,
        (Wish::Tcg, _) | (Wish::Auto, None) => Accel::Tcg,
        (Wish::Auto, Some(accel)) => match proof::against(context, accel) {
            None => accel,
            Some(_) if state.proven == Some(Accel::Tcg) => Accel::Tcg,
            Some(reason) => {
                context.events.note(format!("{accel} does not run guests here ({reason}): using tcg"));
                Accel::Tcg
            }
        },
    }
}

/// How a start ended that did not end well.
enum Boot {
    /// The guest does not get anywhere with this accelerator.
    NoProgress(String),
    /// It will not get better with another one.
    Failed(DriverError),
}

impl Boot {
    fn into_error(self) -> DriverError {
        match self {
            Self::NoProgress(reason) => DriverError::failed("boot the machine", reason),
            Self::Failed(error) => error,
        }
    }
}

async fn boot(
    context: &Context,
    state: &Virtual,
    base: &Base,
    arch: Arch,
    accel: Accel,
    needs_proof: bool,
) -> std::result::Result<(), Boot> {
    let files = Files::of(&context.folder);
    if self::state(&files).await.map_err(Boot::Failed)? != State::Running {
        let args = args::qemu(&context.name, state, &files, base, accel, arch);
        // The console of the last start is no longer of interest, and must not pass for this one's.
        let _ = fs::remove_file(files.console());
        let launched =
            Command::new(&context.env, arch.program()).args(args).run(Deadline::after(LAUNCH_AT_MOST)).await;
        match launched {
            Err(error) if needs_proof => return Err(Boot::NoProgress(first_words(&error.to_string()))),
            Err(error) => return Err(Boot::Failed(DriverError::failed("start qemu", error))),
            Ok(_) => {}
        }
    }
    wait_until_up(context, state.base.ssh_port, &files, needs_proof).await
}

/// A program that aborts says much; what it says first is what it is about.
fn first_words(error: &str) -> String {
    error.split("; ").next().unwrap_or(error).to_owned()
}

async fn wait_until_up(
    context: &Context,
    port: u16,
    files: &Files,
    needs_proof: bool,
) -> std::result::Result<(), Boot> {
    let began = Instant::now();
    let mut is_proven = !needs_proof;
    let deadline = Deadline::after(BOOT_AT_MOST);
    let died = |what: &str| {
        Boot::Failed(DriverError::failed(format!("boot {}: {what}", context.name), console(files)))
    };
    let mut rest = BOOT_BACKOFF;
    loop {
        // Short looks between which progress is judged; each says what it waits for.
        let look = deadline.at_most(Duration::from_secs(5));
        let attempt = || async {
            if says_ssh(port).await {
                return Try::Done(());
            }
            match state(files).await {
                Ok(State::Stopped | State::NotFound) => Try::Fail("qemu ended".to_owned()),
                Ok(State::Error) => Try::Fail("the guest has failed".to_owned()),
                Ok(_) => Try::Again("sshd does not answer yet".to_owned()),
                Err(error) => Try::Again(error.to_string()),
            }
        };
        match retry::poll("the machine to boot", look, rest, &context.events, attempt).await {
            Ok(()) => return Ok(()),
            Err(PollError::Failed(what)) => return Err(died(&what)),
            Err(PollError::TimedOut(_)) if deadline.is_over() => {
                return Err(died(&format!("no answer by SSH within {}", retry::seconds(BOOT_AT_MOST))));
            }
            Err(PollError::TimedOut(_)) => {}
        }
        rest = Backoff { first: rest.most, most: rest.most };
        is_proven = is_proven || makes_progress(files).await;
        if !is_proven && began.elapsed() >= PROOF_AT_MOST {
            let reason = format!("the guest got nowhere within {}", retry::seconds(PROOF_AT_MOST));
            return Err(Boot::NoProgress(reason));
        }
    }
}

/// Whether a guest's kernel has said something, or has read so much of its disk that it must run.
async fn makes_progress(files: &Files) -> bool {
    if kernel_spoke(&fs::read(files.console()).unwrap_or_default()) {
        return true;
    }
    let Ok(Some(mut qmp)) = Qmp::connect(&files.socket()).await else { return false };
    let devices = qmp.execute("query-blockstats", json!({})).await.unwrap_or_default();
    let read =
        devices.as_array().into_iter().flatten().filter_map(|device| device["stats"]["rd_bytes"].as_u64());
    read.sum::<u64>() > READ_IS_PROGRESS
}

/// The kernel puts the time since its start before each line.
fn kernel_spoke(console: &[u8]) -> bool {
    let text = String::from_utf8_lossy(console);
    text.lines().any(|line| {
        let stamp = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once(']'));
        stamp.is_some_and(|(time, _)| time.trim().parse::<f64>().is_ok_and(|seconds| seconds > 0.0))
    })
}

/// Presses the power button; takes the power away when the guest does not go down.
pub(super) async fn power_off(context: &Context, files: &Files) -> Result<()> {
    match say(files, "system_powerdown").await {
        Ok(false) => return Ok(()),
        Ok(true) if wait_until_gone(context, files, SHUTDOWN_AT_MOST).await.is_ok() => return Ok(()),
        Ok(true) => context.events.note(format!("{} did not go down in time and is killed", context.name)),
        Err(error) => context
            .events
            .note(format!("{} cannot be asked to go down ({error}) and is killed", context.name)),
    }
    pull_plug(context, files).await
}

/// Takes the power away.
pub(super) async fn pull_plug(context: &Context, files: &Files) -> Result<()> {
    let asked = say(files, "quit").await;
    if asked.is_ok() && wait_until_gone(context, files, QUIT_AT_MOST).await.is_ok() {
        return Ok(());
    }
    if let Some(pid) = process(files) {
        // It may have ended since; then there is nothing to kill, which is what was wanted.
        let _ = kill_process(pid, Signal::KILL);
    }
    wait_until_gone(context, files, QUIT_AT_MOST).await
}

/// Gives one command to QEMU; `false` when none runs.
async fn say(files: &Files, command: &str) -> std::result::Result<bool, QmpError> {
    let Some(mut qmp) = Qmp::connect(&files.socket()).await? else { return Ok(process(files).is_some()) };
    match qmp.execute(command, json!({})).await {
        Err(QmpError::Io(error)) if is_end(&error) => Ok(true),
        other => other.map(|_: Value| true),
    }
}

/// QEMU holds its disk until its process is gone.
async fn wait_until_gone(context: &Context, files: &Files, at_most: Duration) -> Result<()> {
    let attempt = || async {
        match process(files) {
            None => Try::Done(()),
            Some(pid) => Try::Again::<_, ()>(format!("process {} still runs", pid.as_raw_nonzero())),
        }
    };
    let deadline = Deadline::after(at_most);
    match retry::poll("the machine to go down", deadline, Backoff::NEAR, &context.events, attempt).await {
        Ok(()) | Err(PollError::Failed(())) => Ok(()),
        Err(PollError::TimedOut(late)) => Err(late.into()),
    }
}

/// QEMU's process. It removes the file when it ends; after a crash or a reboot the id may be another program's, which does not
/// have our file open.
fn process(files: &Files) -> Option<Pid> {
    let text = fs::read_to_string(files.pid()).ok()?;
    let pid = Pid::from_raw(text.trim().parse().ok()?)?;
    test_kill_process(pid).ok()?;
    is_locked(&files.pid()).then_some(pid)
}

/// QEMU keeps a lock on its pid file as long as it lives.
fn is_locked(path: &Path) -> bool {
    let Ok(file) = fs::OpenOptions::new().read(true).write(true).open(path) else { return false };
    match rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            let _ = rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::Unlock);
            false
        }
        Err(_) => true,
    }
}

/// The end of what the console said, as the cause of an error.
fn console(files: &Files) -> String {
    let mut bytes = Vec::new();
    let read = fs::File::open(files.console()).and_then(|file| file.take(16 << 20).read_to_end(&mut bytes));
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let tail = &lines[lines.len().saturating_sub(CONSOLE_LINES)..];
    match (read, tail) {
        (Err(_), _) | (_, []) => "its console says nothing".to_owned(),
        (Ok(_), tail) => format!("{}\n(all of it: {})", tail.join("\n"), files.console().display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_told_from_firmware_and_boot_loader() {
        assert!(kernel_spoke(b"\r\n[    0.524112] Freeing SMP alternatives memory: 36K\r\n"));
        assert!(!kernel_spoke(b"SeaBIOS (version 1.16.2)\r\nBooting from ROM...\r\n"));
        assert!(
            !kernel_spoke(b"[    0.000000] Linux version 6.1\r\n"),
            "its first lines come before it does anything"
        );
        assert!(!kernel_spoke(b"GNU GRUB  version 2.06\n[ Minimal BASH-like line editing ]\n"));
    }

    #[test]
    fn every_state_of_qemu_has_a_word_of_ours() {
        assert_eq!(in_our_words("running"), State::Running);
        assert_eq!(in_our_words("paused"), State::Paused);
        assert_eq!(in_our_words("guest-panicked"), State::Error);
        assert_eq!(in_our_words("shutdown"), State::Stopping);
    }

    #[tokio::test]
    async fn a_machine_whose_computer_was_started_anew_is_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::of(folder.path());
        assert_eq!(state(&files).await.unwrap(), State::NotFound);
        fs::create_dir(files.folder()).unwrap();
        fs::write(files.disk(), "").unwrap();
        drop(std::os::unix::net::UnixListener::bind(files.socket()).unwrap());
        fs::write(files.pid(), format!("{}\n", std::process::id())).unwrap();
        assert_eq!(state(&files).await.unwrap(), State::Stopped);
        assert!(process(&files).is_none(), "an id that another program has by now is nobody's");
    }
}
