//! A home with a store of its own, and the binary that works in it.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::{fs::symlink, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rmachine::{
    event::Events,
    machine::MachineName,
    retry::Deadline,
    store::{Record, Store, StoreError},
    tls,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary under test.
const RMACHINE: &str = env!("CARGO_BIN_EXE_rmachine");

/// A user's home.
pub struct Home {
    folder: TempDir,
    store: String,
    vars: BTreeMap<String, String>,
    program: PathBuf,
}

/// What came of a command line.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// Data.
    pub out: String,
    /// Talk.
    pub err: String,
}

impl Home {
    /// An empty one.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vars = [("PATH", "/usr/bin:/bin"), ("SHELL", "/bin/bash")];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { folder, store: "store".to_owned(), vars, program: RMACHINE.into() }
    }

    /// The same, called by docker-machine's name.
    pub fn classic() -> Self {
        let mut home = Self::new();
        home.program = home.path("docker-machine");
        symlink(RMACHINE, &home.program).unwrap();
        home
    }

    /// With a variable.
    pub fn with_var(mut self, name: &str, value: &str) -> Self {
        self.vars.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a machine that points at an engine.
    pub fn with_machine(self, name: &str, url: &str) -> Self {
        let address = url.trim_start_matches("tcp://");
        self.with_config(name, &config(name, &json!({ "IPAddress": address, "URL": url })).to_string())
    }

    /// With certificates in a machine's folder, as after provisioning.
    pub fn with_certificates(self, name: &str) -> Self {
        let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
        let authority = tls::make_authority("test", now).unwrap();
        let client = tls::make_client(&authority, "test", now).unwrap();
        let files = [
            ("ca.pem", authority.certificate.as_str()),
            ("cert.pem", &client.certificate),
            ("key.pem", client.key.expose()),
        ];
        for (file, text) in files {
            fs::write(self.machine(name).join(file), text).unwrap();
        }
        self
    }

    /// With any text as a machine's `config.json`.
    pub fn with_config(self, name: &str, text: &str) -> Self {
        let folder = self.machine(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.json"), text).unwrap();
        self
    }

    /// With a configuration file.
    pub fn with_settings(self, text: &str) -> Self {
        let folder = self.path(".config/rmachine");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("config.toml"), text).unwrap();
        self
    }

    /// The variables of its programs, but for the two that say where it is.
    pub fn vars(&self) -> &BTreeMap<String, String> {
        &self.vars
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        self.path(&self.store)
    }

    /// Moves the store to another path in it.
    pub fn move_store_to(&mut self, place: &str) {
        let old = self.store();
        self.use_store(place);
        fs::create_dir_all(self.store().parent().unwrap()).unwrap();
        fs::rename(old, self.store()).unwrap();
    }

    /// Has the program look for the store at another path in it.
    pub fn use_store(&mut self, place: &str) {
        place.clone_into(&mut self.store);
    }

    /// A machine's folder.
    pub fn machine(&self, name: &str) -> PathBuf {
        self.store().join("machines").join(name)
    }

    /// Types words, with nothing on stdin.
    pub fn run(&self, words: &[&str]) -> Ended {
        self.run_with(words, "")
    }

    /// Types words; the program kills itself at a checkpoint, as if by `kill -9`.
    pub fn run_killed_at(&self, checkpoint: &str, words: &[&str]) {
        let mut command = Command::new(&self.program);
        let command = command.args(words).env_clear().envs(&self.vars).env("RMACHINE_KILL_AT", checkpoint);
        let command = command.env("HOME", self.folder.path()).env("MACHINE_STORAGE_PATH", self.store());
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.signal(), Some(9), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Changes a machine's record and saves it, as any verb does.
    pub fn save(&self, name: &str, change: impl FnOnce(&mut Record)) -> Result<(), StoreError> {
        let (store, name): (_, MachineName) = (Store::at(self.store()), name.parse().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let lock = store.lock(&name, Deadline::after(Duration::from_secs(5)), &Events::silent()).await?;
            let mut record = store.load(&name)?;
            change(&mut record);
            store.save(&lock, &mut record)
        })
    }

    /// Types words, with a text on stdin.
    pub fn run_with(&self, words: &[&str], stdin: &str) -> Ended {
        self.ended(Command::new(&self.program).args(words), stdin)
    }

    /// The same with another program.
    pub fn run_program(&self, program: &Path, words: &[&str]) -> Ended {
        self.ended(Command::new(program).args(words), "")
    }

    /// Has a shell read a script, with the program on PATH.
    pub fn run_in_shell(&self, shell: &str, script: &str) -> Ended {
        let folder = self.program.parent().unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.display());
        self.ended(Command::new(shell).args(["-c", script]).env("PATH", path), "")
    }

    /// The same on a terminal, which shows both streams; the keys are typed when a question was asked.
    pub fn run_on_terminal(&self, script: &str, keys: &str) -> Ended {
        let path = format!("{}:/usr/bin:/bin", self.program.parent().unwrap().display());
        // script(1) is part of every Debian; its own stdin is what is typed.
        self.ended(Command::new("script").args(["-qec", script, "/dev/null"]).env("PATH", path), keys)
    }

    fn ended(&self, command: &mut Command, stdin: &str) -> Ended {
        let path =
            command.get_envs().find_map(|(name, value)| (name == "PATH").then(|| value.unwrap().to_owned()));
        let mut child = command
            .env_clear()
            .envs(&self.vars)
            .envs(path.map(|path| ("PATH", path)))
            .env("HOME", self.folder.path())
            .env("MACHINE_STORAGE_PATH", self.store())
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that reads no stdin may be gone already.
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Every file of the store with its content, to see that nothing changed.
    pub fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.store(), &mut files);
        files
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), files);
        } else {
            files.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
}

impl Ended {
    /// Fails unless it ended with this code.
    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Fails unless stderr says this.
    #[track_caller]
    pub fn saying(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is not in {self:#?}");
        self
    }

    /// Fails unless stdout is this.
    #[track_caller]
    pub fn printing(self, text: &str) -> Self {
        assert_eq!(self.out, text, "{self:#?}");
        self
    }
}

/// A `config.json` of an engine that is only pointed at.
pub fn config(name: &str, driver: &Value) -> Value {
    let mut state = json!({ "MachineName": name });
    state.as_object_mut().unwrap().extend(driver.as_object().unwrap().clone());
    json!({
        "ConfigVersion": 3,
        "Driver": state,
        "DriverName": "none",
        "HostOptions": { "EngineOptions": { "Labels": ["env=test"] }, "SwarmOptions": {}, "AuthOptions": {} },
        "Name": name,
    })
}

/// Makes a program of this text. Another process writes it: while this one has it open, a test beside us may fork, and then nobody
/// can run it ("text file busy").
pub fn put_program(path: &Path, text: &str) {
    let mut script = Command::new("sh");
    script.args(["-c", "cat >\"$1\" && chmod 755 \"$1\"", "sh"]).arg(path).stdin(Stdio::piped());
    let mut child = script.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{}", path.display());
}

/// The binary itself under another path, for the same reason by another process.
pub fn put_rmachine(path: &Path) {
    assert!(Command::new("cp").arg(RMACHINE).arg(path).status().unwrap().success(), "{}", path.display());
}
