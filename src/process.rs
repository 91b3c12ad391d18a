//! Local programs as values: an argument vector (never a shell string), a deadline, captured output.
//!
//! A program gets exactly the variables of the [`Env`] it is made with. Its argument vector is logged unless the command is
//! marked secret; what it is fed is never logged. Programs that outlive us are started with [`Command::detach`].

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::Child,
};

use crate::{
    env::Env,
    retry::{Deadline, TimedOut},
};

/// How many of the last lines of stderr an error shows.
const LINES_SHOWN: usize = 5;

/// A program with its arguments and what it reads.
#[derive(Debug)]
pub struct Command {
    program: PathBuf,
    args: Vec<OsString>,
    vars: Vec<(OsString, OsString)>,
    input: Input,
    is_secret: bool,
}

/// What a program reads.
#[derive(Debug)]
enum Input {
    Nothing,
    Bytes(Vec<u8>),
    File(File),
}

/// What a program wrote, and how it ended.
#[derive(Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output; bytes that are no UTF-8 are replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is no such program.
    #[error("{program} is not installed")]
    Missing {
        /// Its name.
        program: String,
    },
    /// It could not be started, or not be talked to.
    #[error("cannot run {program}")]
    Io {
        /// Its name.
        program: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It ended with something else than 0.
    #[error("{program} failed ({status}){}{stderr}", if stderr.is_empty() { "" } else { ": " })]
    Failed {
        /// Its name.
        program: String,
        /// How it ended, such as `exit status: 1`.
        status: ExitStatus,
        /// The last lines it wrote to stderr.
        stderr: String,
    },
    /// The deadline passed; the program was killed.
    #[error("{program} took too long")]
    TimedOut {
        /// Its name.
        program: String,
        /// How long it had.
        #[source]
        source: TimedOut,
    },
}

impl Command {
    /// A program of PATH (the sbin folders included), with the surroundings' variables.
    pub fn new(env: &Env, program: &str) -> Self {
        Self {
            program: env.find_program(program).unwrap_or_else(|| program.into()),
            args: Vec::new(),
            vars: env.vars.iter().map(|(key, value)| (key.into(), value.into())).collect(),
            input: Input::Nothing,
            is_secret: false,
        }
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// With a variable.
    #[must_use]
    pub fn var(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.into(), value.into()));
        self
    }

    /// With these bytes on stdin.
    #[must_use]
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Input::Bytes(bytes.into());
        self
    }

    /// With an open file as stdin. A lock on it then lives as long as the program and its children, even when we die before.
    #[must_use]
    pub fn input_file(mut self, file: File) -> Self {
        self.input = Input::File(file);
        self
    }

    /// Whose arguments and output must not be logged.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Its name, for messages.
    pub fn name(&self) -> String {
        self.program.file_name().unwrap_or(self.program.as_os_str()).to_string_lossy().into_owned()
    }

    /// Runs it to its end; anything but status 0 is an error.
    pub async fn run(self, deadline: Deadline) -> Result<Output, ProcessError> {
        self.run_telling(deadline, |_| {}).await
    }

    /// As [`Command::run`], handing on each line of stderr as it comes.
    pub async fn run_telling(
        self,
        deadline: Deadline,
        on_line: impl FnMut(&str) + Send,
    ) -> Result<Output, ProcessError> {
        let program = self.name();
        let output = self.output_telling(deadline, on_line).await?;
        if output.status.success() {
            return Ok(output);
        }
        Err(ProcessError::Failed { program, status: output.status, stderr: last_lines(&output.stderr) })
    }

    /// Runs it to its end, however it ends.
    pub async fn output(self, deadline: Deadline) -> Result<Output, ProcessError> {
        self.output_telling(deadline, |_| {}).await
    }

    async fn output_telling(
        mut self,
        deadline: Deadline,
        on_line: impl FnMut(&str) + Send,
    ) -> Result<Output, ProcessError> {
        let program = self.name();
        let is_secret = self.is_secret;
        self.log();
        let (stdin, bytes) = match std::mem::replace(&mut self.input, Input::Nothing) {
            Input::Nothing => (Stdio::null(), None),
            Input::Bytes(bytes) => (Stdio::piped(), Some(bytes)),
            Input::File(file) => (file.into(), None),
        };
        let mut command = self.prepared();
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let child = command.spawn().map_err(|source| cannot_start(&program, source))?;
        let output = deadline
            .bound(&program, communicate(child, bytes, on_line))
            .await
            .map_err(|source| ProcessError::TimedOut { program: program.clone(), source })?
            .map_err(|source| ProcessError::Io { program: program.clone(), source })?;
        let shown = if is_secret { "***" } else { output.stderr.trim_end() };
        tracing::debug!(program, status = %output.status, stderr = shown, "ended");
        Ok(output)
    }

    /// Runs it on our own stdin, stdout and stderr, for as long as it takes: whoever watches it ends it.
    pub async fn attached(self) -> Result<ExitStatus, ProcessError> {
        let program = self.name();
        self.log();
        let mut child =
            self.prepared().kill_on_drop(true).spawn().map_err(|source| cannot_start(&program, source))?;
        child.wait().await.map_err(|source| ProcessError::Io { program, source })
    }

    /// Starts it in a session of its own, so that it survives us, with its output in `log` (made anew). Gives its process id.
    ///
    /// `setsid` does what would need unsafe code here. Our children are never group leaders, so it does not fork, and the process id
    /// stays the same through it.
    pub async fn detach(self, log: &Path) -> Result<u32, ProcessError> {
        self.log();
        let program = self.name();
        let failed = |source| ProcessError::Io { program: program.clone(), source };
        let out = File::create(log).map_err(failed)?;
        let err = out.try_clone().map_err(failed)?;
        let mut command = tokio::process::Command::new("setsid");
        command.arg(&self.program).args(&self.args).env_clear().envs(self.vars);
        command.stdin(Stdio::null()).stdout(out).stderr(err).kill_on_drop(false);
        let child = command.spawn().map_err(|source| cannot_start("setsid", source))?;
        // Yields once, so that the runtime's reaper takes the child over when it is dropped here.
        tokio::task::yield_now().await;
        child.id().ok_or_else(|| failed(io::ErrorKind::NotFound.into()))
    }

    fn prepared(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.args).env_clear().envs(self.vars.iter().map(|(key, value)| (key, value)));
        command
    }

    fn log(&self) {
        if self.is_secret {
            tracing::debug!(program = ?self.program, "running (arguments are not shown)");
        } else {
            tracing::debug!(program = ?self.program, args = ?self.args, "running");
        }
    }
}

/// Feeds and drains a program at the same time, so that neither side can block the other.
async fn communicate(
    mut child: Child,
    input: Option<Vec<u8>>,
    mut on_line: impl FnMut(&str) + Send,
) -> io::Result<Output> {
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let feed = async {
        if let (Some(mut stdin), Some(bytes)) = (stdin, input) {
            // A program that ends without reading everything is judged by its status, not by our broken pipe.
            let _ = stdin.write_all(&bytes).await;
        }
    };
    let read_out = async {
        let mut bytes = Vec::new();
        if let Some(mut stdout) = stdout {
            stdout.read_to_end(&mut bytes).await?;
        }
        io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let read_err = async {
        let mut text = String::new();
        if let Some(stderr) = stderr {
            let mut reader = BufReader::new(stderr);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).await? > 0 {
                let shown = String::from_utf8_lossy(&line);
                on_line(shown.trim_end());
                text.push_str(&shown);
                line.clear();
            }
        }
        io::Result::Ok(text)
    };
    let ((), stdout, stderr, status) = tokio::join!(feed, read_out, read_err, child.wait());
    Ok(Output { status: status?, stdout: stdout?, stderr: stderr? })
}

fn cannot_start(program: &str, source: io::Error) -> ProcessError {
    let program = program.to_owned();
    match source.kind() {
        io::ErrorKind::NotFound => ProcessError::Missing { program },
        _ => ProcessError::Io { program, source },
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES_SHOWN)..].join("; ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn env() -> Env {
        Env::for_tests(Path::new("/nonexistent"))
    }

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(10))
    }

    #[tokio::test]
    async fn arguments_reach_the_program_as_they_are() {
        let output =
            Command::new(&env(), "printf").args(["%s|", "a b", "$HOME", "'"]).run(soon()).await.unwrap();
        assert_eq!(output.stdout, "a b|$HOME|'|");
    }

    #[tokio::test]
    async fn more_input_and_output_than_a_pipe_holds_goes_through() {
        let bytes = vec![b'x'; 1 << 20];
        let output = Command::new(&env(), "cat").input(bytes.clone()).run(soon()).await.unwrap();
        assert_eq!(output.stdout.len(), bytes.len());
    }

    #[tokio::test]
    async fn a_failure_names_program_status_and_the_last_lines_of_stderr() {
        let error = Command::new(&env(), "ls").arg("/nonexistent/file").run(soon()).await.unwrap_err();
        let shown = error.to_string();
        assert!(shown.starts_with("ls failed (exit status: 2): "), "{shown}");
        assert!(shown.contains("/nonexistent/file"), "{shown}");
    }

    #[tokio::test]
    async fn a_missing_program_is_told_by_name() {
        let error = Command::new(&env(), "no-such-program").run(soon()).await.unwrap_err();
        assert_eq!(error.to_string(), "no-such-program is not installed");
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_killed_at_the_deadline() {
        let error = Command::new(&env(), "sleep")
            .arg("600")
            .run(Deadline::after(Duration::from_millis(50)))
            .await
            .unwrap_err();
        assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
    }

    #[tokio::test]
    async fn lines_of_stderr_are_handed_on() {
        let mut seen = Vec::new();
        let command = Command::new(&env(), "ls").args(["/nonexistent/1", "/nonexistent/2"]);
        command.run_telling(soon(), |line| seen.push(line.to_owned())).await.unwrap_err();
        assert_eq!(seen.len(), 2, "{seen:?}");
    }

    #[tokio::test]
    async fn a_detached_program_leads_its_own_session_under_the_given_id() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let pid =
            Command::new(&env(), "sh").args(["-c", "echo $$; ps -o sid= -p $$"]).detach(&log).await.unwrap();
        let written = crate::retry::poll(
            "the program's output",
            soon(),
            crate::retry::Backoff::NEAR,
            &crate::event::Events::silent(),
            || async {
                let text = std::fs::read_to_string(&log).unwrap_or_default();
                if text.lines().count() == 2 {
                    crate::retry::Try::<String, ()>::Done(text)
                } else {
                    crate::retry::Try::Again(text)
                }
            },
        )
        .await
        .unwrap();
        let numbers: Vec<u32> = written.lines().map(|line| line.trim().parse().unwrap()).collect();
        assert_eq!(numbers, [pid, pid]);
    }
}
