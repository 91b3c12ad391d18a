//! VBoxManage's door: the one place that calls it.
//!
//! Calls are one at a time for each user, because the server behind it, which it starts and which ends by itself, does not like crowds; long
//! work alone goes beside. Some errors pass within seconds and are borne. It may exit with 0 and an error on stderr, and with 0
//! and progress on stderr, so both are read.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    time::Duration,
};

use super::parse;
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::lock::Lock,
    process::{Command, ProcessError},
    retry::{self, Backoff, Deadline, PollError, Try},
};

/// The program.
pub(super) const PROGRAM: &str = "VBoxManage";
/// How long a call may take.
const CALL_AT_MOST: Duration = Duration::from_secs(60);
/// How long work on disks and the start of a VM may take.
const WORK_AT_MOST: Duration = Duration::from_secs(30 * 60);
/// How long other calls of this user may keep one waiting.
const TURN_AT_MOST: Duration = Duration::from_secs(2 * 60);
/// How long an error that passes is borne.
const BORNE_AT_MOST: Duration = Duration::from_secs(10);
/// Errors that pass: of a VM that is just being closed, and of a server that is just starting or ending.
const PASSING: [&str; 5] = [
    "The object is not ready",
    "is already locked for a session (or being unlocked)",
    "is already locked by a session (or being locked or unlocked)",
    "while it is locked",
    "Failed to create the VirtualBox object",
];

/// What VBoxManage said against a call.
#[derive(Debug, thiserror::Error)]
#[error("VBoxManage {call}: {reason}")]
pub(super) struct Refusal {
    /// What was called, such as `modifyvm`.
    call: String,
    /// What it said.
    reason: String,
    /// All of it, by which errors are told apart.
    stderr: String,
}

impl Refusal {
    /// There is no such VM.
    pub(super) fn is_absent(&self) -> bool {
        self.stderr.contains("VBOX_E_OBJECT_NOT_FOUND")
    }

    /// The VM is down already.
    pub(super) fn is_down(&self) -> bool {
        self.stderr.contains("is not currently running")
    }

    /// Disks stand on this one.
    pub(super) fn is_in_use(&self) -> bool {
        self.stderr.contains("VBOX_E_OBJECT_IN_USE")
    }

    /// An address that the computer's owner does not allow.
    pub(super) fn is_denied(&self) -> bool {
        self.stderr.contains("E_ACCESSDENIED")
    }

    /// What it said.
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    fn is_passing(&self) -> bool {
        PASSING.iter().any(|text| self.stderr.contains(text))
    }
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    args: Vec<OsString>,
    input: Option<Vec<u8>>,
    is_work: bool,
}

impl Call {
    /// With these arguments.
    pub(super) fn new<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Self {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        Self { args, input: None, is_work: false }
    }

    /// With one more.
    pub(super) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// With more.
    pub(super) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// With these bytes on stdin.
    pub(super) fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    /// That takes its time, and for which others need not wait.
    pub(super) fn work(mut self) -> Self {
        self.is_work = true;
        self
    }

    fn name(&self) -> String {
        self.args.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// VBoxManage, for one machine.
#[derive(Clone, Copy)]
pub(super) struct Manage<'a> {
    /// The machine.
    pub(super) context: &'a Context,
}

impl<'a> Manage<'a> {
    /// For this machine.
    pub(super) fn of(context: &'a Context) -> Self {
        Self { context }
    }

    /// Calls; gives what it printed, or what it said against it.
    pub(super) async fn attempt(&self, call: Call) -> Result<std::result::Result<String, Refusal>> {
        let deadline = Deadline::after(if call.is_work { WORK_AT_MOST } else { CALL_AT_MOST });
        let borne = deadline.at_most(BORNE_AT_MOST);
        let attempt = || async {
            let said = match self.once(&call, deadline).await {
                Ok(said) => said,
                Err(error) => return Try::Fail(error),
            };
            match said {
                Err(refusal) if refusal.is_passing() && !borne.is_over() => Try::Again(refusal.reason),
                said => Try::Done(said),
            }
        };
        let what = format!("VBoxManage {}", call.name());
        let polled = retry::poll(&what, deadline, Backoff::NEAR, &self.context.events, attempt).await;
        polled.map_err(PollError::into_error)
    }

    /// Calls; what it says against it is an error of what is being done.
    pub(super) async fn call(&self, doing: &str, call: Call) -> Result<String> {
        self.attempt(call).await?.map_err(|refusal| DriverError::failed(doing, refusal))
    }

    async fn once(&self, call: &Call, deadline: Deadline) -> Result<std::result::Result<String, Refusal>> {
        let _turn = if call.is_work { None } else { Some(self.turn().await?) };
        // Its messages are translated; its paths are not ASCII alone.
        let mut command = Command::new(&self.context.env, PROGRAM)
            .args(&call.args)
            .var("LC_ALL", "C.UTF-8")
            .var("LANGUAGE", "");
        if let Some(bytes) = &call.input {
            command = command.input(bytes.clone());
        }
        let output = command.output(deadline).await.map_err(cannot_call)?;
        let reason = parse::reason(&output.stderr);
        if output.status.success() && reason.is_none() {
            return Ok(Ok(output.stdout));
        }
        let reason = reason.unwrap_or_else(|| match output.stderr.trim().lines().last() {
            Some(last) => format!("{last} ({})", output.status),
            None => format!("it failed ({}) and said nothing", output.status),
        });
        Ok(Err(Refusal { call: call.name(), reason, stderr: output.stderr }))
    }

    async fn turn(&self) -> Result<Lock> {
        let what = "another call of VBoxManage";
        Lock::alone(&self.lock("call"), what, TURN_AT_MOST, &self.context.events).await
    }

    /// Held by who changes what machines share; it is this user's in all stores.
    pub(super) async fn alone(&self) -> Result<Lock> {
        let what = "another rmachine that looks after host-only networks";
        Lock::alone(&self.lock("network"), what, TURN_AT_MOST, &self.context.events).await
    }

    fn lock(self, name: &str) -> PathBuf {
        let folder = self.context.env.cache_dir.as_ref().unwrap_or(&self.context.cache);
        folder.join("rmachine").join(format!("virtualbox-{name}.lock"))
    }
}

fn cannot_call(error: ProcessError) -> DriverError {
    match error {
        ProcessError::Missing { .. } => super::check::missing(),
        other => DriverError::failed("call VBoxManage", other),
    }
}
