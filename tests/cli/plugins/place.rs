//! A home with the plugin on its PATH, and a file in which the plugin writes what it was asked.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    home::{Ended, Home, config},
    plugin,
};

/// A home with the plugin.
pub struct Place {
    pub home: Home,
    log: PathBuf,
}

impl Place {
    /// An empty one; `None` where no plugin can be built.
    pub fn new() -> Option<Self> {
        Self::of(Home::new())
    }

    /// The same, called by docker-machine's name.
    pub fn classic() -> Option<Self> {
        Self::of(Home::classic())
    }

    fn of(home: Home) -> Option<Self> {
        let folder = plugin::folder()?;
        let log = home.path("lab.log");
        let home = home.with_var("LAB_LOG", &log.to_string_lossy());
        Some(Self { home: home.with_var("PATH", &format!("{}:/usr/bin:/bin", folder.display())), log })
    }

    pub fn with_var(self, name: &str, value: &str) -> Self {
        Self { home: self.home.with_var(name, value), ..self }
    }

    pub fn with_settings(self, text: &str) -> Self {
        Self { home: self.home.with_settings(text), ..self }
    }

    /// With a machine whose host runs, as the plugin stores one.
    pub fn with_machine(self, name: &str, more: &Value) -> Self {
        let mut state = json!({
            "IPAddress": "127.0.0.1", "SSHUser": "root", "SSHPort": 1, "SSHKeyPath": "", "StorePath": self.home.store(),
            "SwarmMaster": false, "SwarmHost": "", "SwarmDiscovery": "", "HostID": format!("host-{name}"), "Size": 4,
            "Token": "t", "Tags": ["lab"], "Fancy": false, "EnginePort": 2376
        });
        state.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut config = config(name, &state);
        config["DriverName"] = json!(plugin::NAME);
        let home = self.home.with_config(name, &config.to_string());
        fs::write(home.machine(name).join("lab-host"), "up").unwrap();
        // docker-machine has these, too: who made the machine matters to nobody.
        fs::set_permissions(home.machine(name), fs::Permissions::from_mode(0o700)).unwrap();
        Self { home, ..self }
    }

    pub fn run(&self, words: &[&str]) -> Ended {
        self.home.run(words)
    }

    /// Creates a machine; its host has no login, so this never ends well.
    pub fn create(&self, name: &str) -> Ended {
        self.create_as(name, &[])
    }

    /// The same, with flags.
    pub fn create_as(&self, name: &str, words: &[&str]) -> Ended {
        let line = ["create", "-d", plugin::NAME, "--lab-ssh-port", "1", "--timeout", "2", name];
        self.run(&[&line, words].concat())
    }

    /// Starts a line and goes on.
    pub fn begin(&self, words: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rmachine"));
        command.args(words).env_clear().envs(self.home.vars()).env("HOME", self.home.path(""));
        command.env("MACHINE_STORAGE_PATH", self.home.store());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// A machine's record as it stands on the disk.
    pub fn record(&self, name: &str) -> String {
        fs::read_to_string(self.home.machine(name).join("config.json")).unwrap()
    }

    /// The driver's part of it.
    pub fn state(&self, name: &str) -> Value {
        serde_json::from_str::<Value>(&self.record(name)).unwrap()["Driver"].clone()
    }

    /// What the plugin was asked.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn forget_log(&self) {
        let _ = fs::remove_file(&self.log);
    }

    /// How often the plugin was started.
    pub fn starts(&self) -> usize {
        self.log().lines().filter(|line| line.contains(" start ")).count()
    }

    /// Waits until the plugin was asked something.
    pub fn await_log(&self, what: &str) {
        within(Duration::from_secs(20), || self.log().contains(what), || format!("{what} in {}", self.log()));
    }

    /// Fails when a plugin of this place still runs.
    pub fn has_no_process_left(&self) {
        let log = self.log();
        let all = log.lines().filter_map(|line| line.split(' ').next());
        let is_there = |id: &&str| {
            Path::new("/proc")
                .join(id)
                .join("exe")
                .read_link()
                .is_ok_and(|exe| exe.ends_with("docker-machine-driver-lab"))
        };
        let left = || all.clone().filter(is_there).collect::<Vec<_>>();
        within(Duration::from_secs(3), || left().is_empty(), || format!("{:?} still run", left()));
    }
}

#[track_caller]
fn within(time: Duration, is_so: impl Fn() -> bool, what: impl Fn() -> String) {
    let end = Instant::now() + time;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain: {}", what());
        std::thread::sleep(Duration::from_millis(20));
    }
}
