//! A real host in a test: made with flags, logged into with OpenSSH, and searched for traces after its end.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use rmachine::{
    driver::{Context, Driver, FlagValue},
    drivers,
    env::Env,
    machine::State,
};
use serde_json::Value;

use crate::bench::{self, Bench};

/// Images are shared by all tests and by later runs.
pub fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("host-cache")
}

/// The driver where this machine can run it.
pub fn driver() -> Option<Box<dyn Driver>> {
    let driver = drivers::find("nspawn").unwrap();
    let env = Env::from_process();
    match driver.available(&env) {
        Ok(()) => Some(driver),
        Err(reason) if env.var("RMACHINE_REQUIRE_HOSTS") == Some("1") => {
            panic!("no real host here: {reason}")
        }
        Err(reason) => {
            skip(&env, &reason);
            None
        }
    }
}

/// Says so, and counts it where `scripts/test.sh` counts.
pub fn skip(env: &Env, reason: &str) {
    let line = format!("SKIPPED: no real host here: {reason}");
    println!("{line}");
    if let Some(path) = env.var("RMACHINE_SKIPPED_FILE") {
        let mut file = fs::File::options().append(true).create(true).open(path).unwrap();
        writeln!(file, "{line}").unwrap();
    }
}

/// One host of a test; removed even when the test fails.
pub struct Host<'a> {
    /// Its driver.
    pub driver: &'a dyn Driver,
    /// Its machine.
    pub context: Context,
    /// Its record.
    pub state: Value,
}

impl<'a> Host<'a> {
    pub fn configured(
        driver: &'a dyn Driver,
        bench: &Bench,
        name: &str,
        flags: &[(&str, FlagValue)],
    ) -> Self {
        let context = bench.context_with_cache(name, &cache());
        let mut all = bench::defaults(driver);
        all.0.extend(flags.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let state = driver.configure(&context, &all).unwrap();
        Self { driver, context, state }
    }

    pub async fn create(&mut self) {
        let started = Instant::now();
        self.driver.preflight(&self.context, &self.state).await.unwrap();
        bench::create(self.driver, &self.context, &mut self.state)
            .await
            .unwrap_or_else(|error| panic!("{}", chain(&error)));
        println!("{} took {:.2} s to sshd", self.context.name, started.elapsed().as_secs_f64());
    }

    pub async fn state(&mut self) -> State {
        self.driver.state(&self.context, &mut self.state).await.unwrap()
    }

    pub fn address(&self) -> String {
        self.driver.ip(&self.context, &self.state).unwrap().unwrap()
    }

    /// A real login with OpenSSH, which accepts the key that was made beforehand and no other.
    pub fn ssh(&self, command: &str) -> std::process::Output {
        let endpoint = self.driver.ssh(&self.context, &self.state).unwrap().unwrap();
        let known_hosts = self.context.file("known_hosts");
        fs::write(&known_hosts, format!("{} {}\n", endpoint.host, endpoint.host_keys[0])).unwrap();
        Command::new("ssh")
            .args(["-F", "none", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"])
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", known_hosts.display()))
            .arg("-i")
            .arg(endpoint.identity.unwrap())
            .arg(format!("{}@{}", endpoint.user.unwrap(), endpoint.host))
            .arg(command)
            .output()
            .unwrap()
    }

    pub fn says(&self, command: &str) -> String {
        let output = self.ssh(command);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub async fn remove(mut self) {
        self.driver.remove(&self.context, &mut self.state).await.unwrap();
        let id = self.state["Id"].as_str().unwrap();
        assert_eq!(traces(id), Vec::<String>::new());
        assert!(!self.context.file("host").exists());
        assert_eq!(self.state().await, State::NotFound);
    }
}

impl Drop for Host<'_> {
    fn drop(&mut self) {
        if !self.context.file("host").exists() {
            return;
        }
        let remove = async { self.driver.remove(&self.context, &mut self.state).await };
        let removing = || tokio::runtime::Runtime::new().unwrap().block_on(remove);
        let removed = std::thread::scope(|scope| scope.spawn(removing).join().unwrap());
        if let Err(error) = removed {
            eprintln!("left behind: {}", chain(&error));
        }
    }
}

pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.extend(["\n  ".to_owned(), cause.to_string()]);
        next = cause.source();
    }
    text
}

/// What a host with this id has outside: processes, interfaces, mounts, control groups, folders.
fn traces(id: &str) -> Vec<String> {
    let marker = format!("rm-{id}");
    let output = |program: &str, args: &[&str]| {
        String::from_utf8_lossy(&Command::new(program).args(args).output().unwrap().stdout).into_owned()
    };
    let listing = [
        output("ps", &["-eo", "args"]),
        output("ip", &["-o", "link"]),
        fs::read_to_string("/proc/mounts").unwrap(),
        output(
            "find",
            &["/sys/fs/cgroup", "/run/systemd/nspawn", "/run/rmachine", "-name", &format!("*{id}*")],
        ),
        output("grep", &["-r", "-l", id, "/var/lib/rmachine"]),
    ];
    let lines = listing.iter().flat_map(|text| text.lines()).filter(|line| !line.starts_with("find "));
    lines
        .filter(|line| {
            line.contains(&marker)
                || line.contains(&format!("/{id}"))
                || line.starts_with("/var/lib/rmachine/")
        })
        .map(str::to_owned)
        .collect()
}

/// Processes with a text among their arguments, each with its pid in front.
pub fn processes(mark: &str) -> Vec<String> {
    let listing = Command::new("ps").args(["-eo", "pid,args"]).output().unwrap().stdout;
    String::from_utf8_lossy(&listing).lines().filter(|line| line.contains(mark)).map(str::to_owned).collect()
}

/// What there is of a network outside: its bridge and its rules.
pub fn network_traces(subnet: &str) -> Vec<String> {
    let output = |program: &str, args: &[&str]| {
        String::from_utf8_lossy(&Command::new(program).args(args).output().unwrap().stdout).into_owned()
    };
    let rules = output("iptables-save", &[]);
    let routes = output("ip", &["-4", "route"]);
    let lines = rules.lines().chain(routes.lines());
    lines.filter(|line| line.contains(subnet) || line.contains(&bridge(subnet))).map(str::to_owned).collect()
}

fn bridge(subnet: &str) -> String {
    let (network, prefix) = subnet.split_once('/').unwrap();
    let number: u32 = network.parse::<std::net::Ipv4Addr>().unwrap().to_bits();
    format!("rm-{number:08x}-{prefix}")
}

pub fn on(subnet: &str) -> [(&'static str, FlagValue); 1] {
    [("nspawn-subnet", FlagValue::Text(subnet.to_owned()))]
}

pub fn banner(address: &str) -> String {
    let mut stream = TcpStream::connect((address, 22)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut bytes = [0; 8];
    stream.read_exact(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A bridge of somebody else's, gone when dropped.
pub struct Bridge(&'static str);

impl Bridge {
    pub fn with_address(name: &'static str, address: &str) -> Self {
        let bridge = Self(name);
        bridge.ip(&["link", "add", name, "type", "bridge"]);
        bridge.ip(&["address", "add", address, "dev", name]);
        bridge.ip(&["link", "set", name, "up"]);
        bridge
    }

    fn ip(&self, args: &[&str]) {
        assert!(Command::new("ip").args(args).status().unwrap().success(), "ip {args:?} for {}", self.0);
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.ip(&["link", "delete", self.0]);
    }
}

pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came that {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub async fn until_state(host: &mut Host<'_>, wanted: State) {
    let started = Instant::now();
    while host.state().await != wanted {
        assert!(started.elapsed() < Duration::from_secs(60), "the host never became {wanted:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
