//! A host of the lab: made by the nspawn driver, spoken to by the system's ssh, gone when it is dropped.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use rmachine::{
    checkpoint::Checkpoints,
    driver::{Context, Driver, Flags},
    drivers,
    env::Env,
    event::Events,
    machine::{MachineName, SshEndpoint},
    store::{EngineOptions, FreshConfig, Record, Side, Stage, Store, SwarmOptions},
};
use serde_json::{Value, json};

use super::lab_root;

/// The password of logins that have one.
pub const PASSWORD: &str = "hunter2 $x";

/// A root file system of busybox alone, as a tar.
pub const BUSYBOX: &str = "folder=$(mktemp -d) && trap 'rm -rf \"$folder\"' EXIT && cd \"$folder\" && \
                           mkdir bin && cp \"$(command -v busybox)\" bin/ && ln -s busybox bin/sh && tar c bin";

/// What a host is like when it boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Debian 12 without an engine.
    Debian12,
    /// Debian 12 with its docker.io (20.10), started by docker.socket as the package leaves it.
    Debian12Engine,
    /// Debian 13 without an engine.
    Debian13,
    /// Debian 13 with its docker.io (26.1).
    Debian13Engine,
    /// Debian 13 without an engine, with the package tools of other systems.
    Debian13OtherTools,
}

impl Kind {
    fn flags(self) -> Value {
        match self {
            Self::Debian12 => json!({"nspawn-suite": "bookworm", "nspawn-bare-image": true}),
            // fish and csh are there for logins whose shell they are, rsync for copies.
            Self::Debian12Engine => {
                json!({"nspawn-suite": "bookworm", "nspawn-packages": ["fish", "csh", "rsync"]})
            }
            Self::Debian13 => json!({"nspawn-suite": "trixie", "nspawn-bare-image": true}),
            Self::Debian13Engine => json!({"nspawn-suite": "trixie"}),
            Self::Debian13OtherTools => json!({
                "nspawn-suite": "trixie",
                "nspawn-bare-image": true,
                "nspawn-packages": ["dnf", "zypper", "pacman-package-manager", "createrepo-c", "rpm"],
            }),
        }
    }
}

/// Whether hosts can be made here; `Err` says why not.
#[allow(dead_code, reason = "the bench does not ask")]
pub fn can_make_hosts() -> Result<(), String> {
    driver().available(&Env::from_process())
}

/// A running host.
pub struct Host {
    store: Store,
    context: Context,
    record: Record,
    endpoint: SshEndpoint,
}

impl Host {
    /// Makes and boots a host; `Err` says why this machine cannot.
    pub fn boot(kind: Kind) -> Result<Self, String> {
        Self::boot_in(kind, &lab_root())
    }

    /// The same, with its files in a store of its own.
    pub fn boot_in(kind: Kind, store: &Path) -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let env = Env::from_process();
        let driver = driver();
        driver.available(&env)?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name: MachineName = format!("t{}-{number}", std::process::id()).parse().expect("a name");
        let store = Store::at(store.to_owned());
        let context = Context {
            name: name.clone(),
            store: store.root().to_owned(),
            folder: store.machine_dir(&name),
            cache: store.cache_dir(),
            env: env.clone(),
            events: Events::silent(),
            checkpoints: Checkpoints::default(),
        };
        let flags: Flags = serde_json::from_value(kind.flags()).expect("flags");
        let mut state =
            driver.configure(&context, &with_defaults(driver.as_ref(), flags)).expect("configured");
        block_on(driver.preflight(&context, &state)).map_err(|error| error.to_string())?;
        let (store, record) = Self::record(store, &context, driver.as_ref(), &state);
        let mut host = Self { store, context, record, endpoint: blank() };
        let save = |_: &Value| Ok(());
        let made = block_on(driver.create(&host.context, &mut state, &save));
        host.record.config.driver = state;
        made.unwrap_or_else(|error| panic!("the lab's host cannot be made: {}", chain(&error)));
        host.save();
        host.endpoint =
            driver.ssh(&host.context, &host.record.config.driver).expect("state").expect("a login");
        host.wait_for_ssh();
        Ok(host)
    }

    fn record(store: Store, context: &Context, driver: &dyn Driver, state: &Value) -> (Store, Record) {
        let config = store.fresh_config(FreshConfig {
            name: &context.name,
            driver_name: driver.name(),
            driver: state.clone(),
            engine: EngineOptions::default(),
            swarm: SwarmOptions::default(),
            tls_sans: Vec::new(),
            authority: &store.authority_files(),
        });
        let side = Side { stage: Stage::Recorded, ..Side::default() };
        let record = Record::new(context.name.clone(), config, side);
        let lock = block_on(store.reserve(&context.name, minute(), &Events::silent())).expect("a free name");
        store.create(&lock, &record, &[]).expect("the lab's store");
        (store, record)
    }

    fn save(&mut self) {
        let lock =
            block_on(self.store.lock(&self.context.name, minute(), &Events::silent())).expect("its lock");
        self.store.save(&lock, &mut self.record).expect("the lab's store");
    }

    /// Its machine's name in the lab's store.
    pub fn name(&self) -> &str {
        self.context.name.as_str()
    }

    /// Its address.
    pub fn ip(&self) -> &str {
        &self.endpoint.host
    }

    /// The link to it on this computer.
    pub fn link(&self) -> String {
        let id = self.record.config.driver["Id"].as_str().expect("an id");
        format!("vb-rm-{id}")
    }

    /// The bridge that link is on.
    pub fn bridge(&self) -> String {
        let master = format!("/sys/class/net/{}/master", self.link());
        let bridge = std::fs::read_link(master).expect("a bridge");
        bridge.file_name().expect("its name").to_string_lossy().into_owned()
    }

    /// The private key of its root.
    pub fn key(&self) -> PathBuf {
        self.endpoint.identity.clone().expect("a key")
    }

    /// Runs a shell script on the host, as root, by the system's ssh.
    pub fn run(&self, script: &str) -> Output {
        self.ssh().arg(script).stdin(Stdio::null()).output().expect("ssh runs")
    }

    /// Runs a script that must succeed; its stdout, trimmed.
    pub fn sh(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(
            output.status.success(),
            "on the host: {script}\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn ssh(&self) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.args([
            "-F",
            "/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "ConnectTimeout=5",
        ]);
        ssh.args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-i"]);
        ssh.arg(self.key()).arg(format!("root@{}", self.ip()));
        ssh
    }

    /// Waits until its sshd answers, which it does not for a moment after a reload.
    pub fn wait_for_ssh(&self) {
        self.wait_until("systemctl is-system-running --wait >/dev/null; true");
    }

    /// Waits until its sshd answers and a script succeeds there.
    pub fn wait_until(&self, script: &str) {
        let began = std::time::Instant::now();
        loop {
            let tried = self.run(script);
            if tried.status.success() {
                return;
            }
            let said = String::from_utf8_lossy(&tried.stderr);
            assert!(began.elapsed().as_secs() < 60, "ssh of the lab's host does not answer: {said}");
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
    }

    /// Adds a login that takes root's key, with the password `hunter2 $x`, and these lines in sudoers.
    pub fn add_login(&self, name: &str, shell: &str, sudoers: &str) {
        self.sh(&format!(
            "useradd -m -s {shell} {name} && echo '{name}:{PASSWORD}' | chpasswd && \
             install -d -o {name} -m 700 /home/{name}/.ssh && \
             install -o {name} -m 600 /root/.ssh/authorized_keys /home/{name}/.ssh/ && \
             printf '{sudoers}\n' > /etc/sudoers.d/{name}"
        ));
    }

    /// Runs a container named `keep` that does nothing for a long time; its process.
    pub fn keep_running(&self) -> String {
        self.import_busybox();
        self.sh("docker run -d --name keep busybox sh -c 'while :; do busybox sleep 1; done'");
        self.container()
    }

    /// The process of the container `keep`; another one means that it was stopped.
    pub fn container(&self) -> String {
        self.sh("docker inspect -f '{{.State.Pid}} {{.State.StartedAt}}' keep")
    }

    /// Imports a busybox as an image named `busybox`, since no image can be pulled.
    pub fn import_busybox(&self) {
        let tar = Command::new("sh").args(["-c", BUSYBOX]).output().expect("tar runs");
        assert!(tar.status.success(), "busybox-static is installed");
        let mut import = self
            .ssh()
            .arg("docker import -c 'ENV PATH=/bin' - busybox")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("ssh runs");
        std::io::Write::write_all(&mut import.stdin.take().expect("stdin"), &tar.stdout).expect("sent");
        assert!(import.wait().expect("ssh ends").success(), "docker import");
    }

    /// Unpacks the tar that a script on the host prints into a folder here.
    pub fn fetch(&self, script: &str, into: &Path) {
        let tar = self.ssh().arg(script).stdin(Stdio::null()).output().expect("ssh runs");
        assert!(tar.status.success(), "on the host: {script}");
        let mut unpack =
            Command::new("tar").arg("x").arg("-C").arg(into).stdin(Stdio::piped()).spawn().expect("tar");
        std::io::Write::write_all(&mut unpack.stdin.take().expect("stdin"), &tar.stdout).expect("unpacked");
        assert!(unpack.wait().expect("tar ends").success(), "unpacked");
    }

    /// Writes a file on the host.
    pub fn put(&self, path: &str, content: &[u8]) {
        let mut cat = self.ssh().arg(format!("cat >{path}")).stdin(Stdio::piped()).spawn().expect("ssh runs");
        std::io::Write::write_all(&mut cat.stdin.take().expect("stdin"), content).expect("sent");
        assert!(cat.wait().expect("ssh ends").success(), "{path}");
    }

    /// When the engine's process started, in clock ticks since boot: the same number means that it was not restarted.
    pub fn engine_start(&self) -> String {
        self.sh("cut -d' ' -f22 /proc/$(systemctl show -p MainPID --value docker)/stat")
    }

    /// The same without the copies that tools for groups leave behind.
    pub fn hash_of_etc_but_for_backups(&self) -> String {
        self.sh("rm -f /etc/group- /etc/gshadow- /etc/passwd- /etc/shadow-");
        self.hash_of_etc()
    }

    /// One hash over names, modes, owners and contents of everything below /etc.
    pub fn hash_of_etc(&self) -> String {
        self.sh(
            "cd /etc && find . -printf '%p %m %U %G %l\\n' | sort > /tmp/names && \
             find . -type f -print0 | sort -z | xargs -0 sha256sum | cat /tmp/names - | sha256sum; rm /tmp/names",
        )
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let mut state = self.record.config.driver.clone();
        if let Err(error) = block_on(driver().remove(&self.context, &mut state)) {
            eprintln!("the lab's host {} stays behind: {}", self.context.name, chain(&error));
            return;
        }
        let lock = block_on(self.store.lock(&self.context.name, minute(), &Events::silent()));
        let _ = lock.map(|lock| self.store.remove(&lock));
    }
}

fn driver() -> Box<dyn Driver> {
    drivers::find("nspawn").expect("the nspawn driver")
}

fn with_defaults(driver: &dyn Driver, mut flags: Flags) -> Flags {
    for spec in driver.flags() {
        if let Some(default) = spec.default {
            flags.0.entry(spec.name).or_insert(default);
        }
    }
    flags
}

fn blank() -> SshEndpoint {
    SshEndpoint {
        host: String::new(),
        port: None,
        user: None,
        identity: None,
        host_keys: Vec::new(),
        fingerprint: None,
        use_ssh_config: false,
    }
}

fn minute() -> rmachine::retry::Deadline {
    rmachine::retry::Deadline::after(std::time::Duration::from_secs(60))
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn block_on<F: Future>(work: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work)
}
