//! The process of a plugin: started under a guard that ends it with us, whatever ends us.

use std::{
    fs::File,
    io::Read,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use rustix::fs::{FileType, Mode};

use super::{error::PluginError, find::Program};
use crate::env::{Env, is_executable};

/// Ends the plugin when its stdin closes.
const GUARD: &str = include_str!("../../../templates/plugin/guard.sh");
/// What docker-machine says to its plugins so that they know that they are one.
const TOKEN: (&str, &str) = ("MACHINE_PLUGIN_TOKEN", "42");
/// Which driver a program with several of them is to be.
const DRIVER_NAME: &str = "MACHINE_PLUGIN_DRIVER_NAME";

/// A running plugin. Dropped, it is killed.
pub struct Process(Mutex<State>);

enum State {
    Running(Child, ChildStdin),
    Ended(Option<ExitStatus>),
}

impl Process {
    /// Starts a plugin that reads this, or nothing; gives its stdout and its stderr, too.
    pub fn start(
        program: &Program,
        env: &Env,
        stdin: Option<&Path>,
    ) -> Result<(Self, impl Read + use<>, impl Read + use<>), PluginError> {
        let failed = |source| PluginError::Start { program: program.file_name(), source: Arc::new(source) };
        if let Some(reason) = lack(&program.path) {
            return Err(PluginError::NoProgram { program: program.file_name(), reason });
        }
        let shell = env.find_program("sh").unwrap_or_else(|| "/bin/sh".into());
        let mut child = Command::new(shell)
            .args(["-c", GUARD, "rmachine-guard"])
            .arg(stdin.unwrap_or(Path::new("/dev/null")))
            .arg(&program.path)
            .env_clear()
            .envs(&env.vars)
            .env(TOKEN.0, TOKEN.1)
            .env(DRIVER_NAME, &program.driver)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // An interrupt at the terminal is ours: a plugin in the middle of its work must not die of it.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let missing = || failed(std::io::ErrorKind::BrokenPipe.into());
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        Ok((Self(Mutex::new(State::Running(child, stdin))), stdout, stderr))
    }

    /// Ends it, if it has not ended, and says how.
    pub fn end(&self) -> String {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Running(..) = *state
            && let State::Running(mut child, stdin) = std::mem::replace(&mut *state, State::Ended(None))
        {
            // The guard sees the end of its stdin, and does the rest at once.
            drop(stdin);
            *state = State::Ended(child.wait().ok());
        }
        match *state {
            State::Ended(Some(status)) => told(status),
            _ => "ended".to_owned(),
        }
    }
}

/// A pipe with a name, through which a plugin reads: its own stdin is the guard's.
pub struct Pipe {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Pipe {
    /// Makes one, and opens the end that is written to. The name is needed until the plugin has opened its end.
    pub fn make() -> std::io::Result<(Self, File)> {
        let folder = tempfile::tempdir()?;
        let pipe = Self { path: folder.path().join("stdin"), _folder: folder };
        rustix::fs::mknodat(rustix::fs::CWD, pipe.path(), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        // Open for both, nobody waits for the other to come; the plugin reads the end when this is closed.
        let end = File::options().read(true).write(true).open(pipe.path())?;
        Ok((pipe, end))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a file lacks to be a program that can be started, if anything: the guard's shell would say it in words of its own.
fn lack(path: &Path) -> Option<String> {
    if !is_executable(path) {
        return Some(format!("its file may not be executed: chmod +x {}", path.display()));
    }
    let mut head = Vec::new();
    // One that cannot be read may still be run.
    File::open(path).ok()?.take(256).read_to_end(&mut head).ok()?;
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let interpreter = line.split_whitespace().next()?;
    (!Path::new(interpreter).exists())
        .then(|| format!("its first line asks for {interpreter}, which is not here"))
}

/// The guard hands on a status as shells do: signals above 128.
fn told(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        // That was us: it had hung up and was still there.
        (Some(137), _) => "hung up".to_owned(),
        (Some(code), _) if code > 128 => format!("was ended by signal {}", code - 128),
        (Some(code), _) => format!("ended with exit status {code}"),
        (None, _) => "ended".to_owned(),
    }
}
