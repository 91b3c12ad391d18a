//! A user: a home, a store, and the programs on PATH.

use std::{
    io::{Read, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use super::{Host, lab_root};

/// Somebody with an empty home.
pub struct User {
    home: tempfile::TempDir,
    vars: Vec<(String, String)>,
}

/// What a program did.
#[derive(Debug)]
pub struct Run {
    /// Exit status; -1 for a signal.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// It must have succeeded; its stdout, trimmed.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.status, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self.stdout.trim().to_owned()
    }

    /// It must have failed with this status, saying this on stderr.
    #[track_caller]
    pub fn fails(self, status: i32, words: &str) -> Self {
        assert_eq!(self.status, status, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        assert!(self.stderr.contains(words), "{words:?} is not in: {}", self.stderr);
        self
    }
}

impl User {
    /// A new user.
    pub fn new() -> Self {
        // Not /tmp: machines of the nspawn driver live in the store, which must be on a real disk.
        let home = tempfile::Builder::new().prefix("rmachine-user").tempdir_in("/var/tmp").expect("a home");
        let user = Self { home, vars: Vec::new() };
        std::fs::create_dir(user.temporary()).expect("a folder for temporary files");
        user.share_images();
        user
    }

    /// All users of the lab share one cache of images, so that each is made once.
    fn share_images(&self) {
        let cache = lab_root().join("cache");
        std::fs::create_dir_all(&cache).expect("the lab's cache");
        let mut folders = std::fs::DirBuilder::new();
        folders.recursive(true).mode(0o700).create(self.store()).expect("a store");
        std::os::unix::fs::symlink(cache, self.store().join("cache")).expect("a link");
    }

    /// With a variable set for every program.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without it again.
    pub fn without(mut self, name: &str) -> Self {
        self.vars.retain(|(known, _)| known != name);
        self
    }

    /// The home.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The folder for temporary files of this user's programs, so that what they leave is theirs alone.
    pub fn temporary(&self) -> PathBuf {
        self.home().join(".tmp")
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        self.home().join(".docker/machine")
    }

    /// A file of a machine's folder.
    pub fn machine_file(&self, machine: &str, file: &str) -> PathBuf {
        self.store().join("machines").join(machine).join(file)
    }

    /// A program of this user's.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = Path::new(env!("CARGO_BIN_EXE_rmachine")).parent().expect("a folder").display().to_string();
        command
            .env_clear()
            .env("HOME", self.home())
            .env("TMPDIR", self.temporary())
            .env("PATH", format!("{}/bin:{bin}:{path}", self.home().display()))
            .env("SHELL", "/bin/bash");
        command.envs(self.vars.iter().cloned()).current_dir(self.home()).stdin(Stdio::null());
        command
    }

    /// rmachine with these arguments.
    pub fn rmachine(&self, args: &[&str]) -> Run {
        run(self.command(env!("CARGO_BIN_EXE_rmachine")).args(args))
    }

    /// `create --driver generic` of a host of the lab, with its key and further arguments.
    pub fn adopt(&self, host: &Host, name: &str, more: &[&str]) -> Run {
        let key = host.key().display().to_string();
        let mut args = vec!["create", "--driver", "generic", "--ip", host.ip(), "--generic-ssh-key", &key];
        args.extend_from_slice(more);
        args.push(name);
        self.rmachine(&args)
    }

    /// A command line at a terminal, where these keys are typed. What the terminal shows is the stdout.
    pub fn at_terminal(&self, line: &str, keys: &str) -> Run {
        self.at_terminal_slowly(line, Duration::ZERO, &[keys])
    }

    /// The same, where each of these is typed that much later than what is before it.
    pub fn at_terminal_slowly(&self, line: &str, later: Duration, keys: &[&str]) -> Run {
        let mut script = self.command("timeout");
        script.args(["60", "script", "-qec", line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = script.spawn().expect("script runs");
        // Open until the end: the end of stdin would be typed as Ctrl-D.
        let mut stdin = child.stdin.take().expect("stdin");
        for keys in keys {
            std::thread::sleep(later);
            stdin.write_all(keys.as_bytes()).expect("typed");
        }
        let mut shown = Vec::new();
        child.stdout.take().expect("stdout").read_to_end(&mut shown).expect("shown");
        let status = child.wait().expect("script ends").code().unwrap_or(-1);
        drop(stdin);
        Run { status, stdout: String::from_utf8_lossy(&shown).into_owned(), stderr: String::new() }
    }

    /// Writes `~/.ssh/config`. OpenSSH looks for it in the account's home, so a wrapper on PATH tells it about this one.
    pub fn write_ssh_config(&self, text: &str) {
        let put = |path: PathBuf, mode: u32, text: &str| {
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
        };
        put(self.home().join(".ssh/config"), 0o600, text);
        let wrapper = "#!/bin/sh\nexec /usr/bin/ssh -F \"$HOME/.ssh/config\" \"$@\"\n";
        put(self.home().join("bin/ssh"), 0o700, wrapper);
    }

    /// Makes a key pair in the home; the path of its private half.
    pub fn new_key(&self, name: &str, passphrase: &str) -> String {
        let path = self.home().join(name).display().to_string();
        run(self.command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", passphrase, "-f", &path])).ok();
        path
    }

    /// A script for bash in which `eval $(rmachine env NAME)` has been done.
    pub fn in_env(&self, machine: &str, script: &str) -> Run {
        let script = format!("set -e; vars=$(rmachine env {machine}); eval \"$vars\"; {script}");
        run(self.command("bash").args(["-c", &script]))
    }

    /// Holds the files that docker's context of a machine points at against the machine's own, and has docker use them.
    #[track_caller]
    #[allow(dead_code, reason = "the bench makes no contexts")]
    pub fn uses_context_of(&self, machine: &str) {
        let docker = |words: &[&str]| run(self.command("docker").args(words)).ok();
        let folder = docker(&["context", "inspect", machine, "-f", "{{.Storage.TLSPath}}"]);
        for file in ["ca.pem", "cert.pem", "key.pem"] {
            let read = |path: &Path| std::fs::read_to_string(path).expect(file);
            let context = read(&Path::new(&folder).join("docker").join(file));
            assert_eq!(context, read(&self.machine_file(machine, file)), "{file} of {machine}'s context");
        }
        docker(&["--context", machine, "version"]);
    }

    /// docker with these words, against a machine.
    pub fn docker(&self, machine: &str, words: &str) -> Run {
        self.in_env(machine, &format!("docker {words}"))
    }
}

impl Drop for User {
    /// Whatever a failed test made goes with its user.
    fn drop(&mut self) {
        if let Ok(machines) = self.store().join("machines").read_dir() {
            for machine in machines.flatten() {
                let name = machine.file_name().to_string_lossy().into_owned();
                let _ = run(self.command(env!("CARGO_BIN_EXE_rmachine")).args(["rm", "-f", &name]));
            }
        }
    }
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Run {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
