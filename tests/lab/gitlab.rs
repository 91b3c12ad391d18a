//! GitLab Runner's docker+machine executor against real machines: it makes several at once, asks what it asks, uses their engines by
//! the certificates it finds, and removes them.

use std::{
    fs,
    path::PathBuf,
    sync::{Condvar, Mutex},
    thread,
    time::Instant,
};

use serde_json::Value;

use crate::support::{Run, User, run, skip};

/// How many machines are made and removed at once; each of them is a real host in its turn.
const MACHINES: usize = 20;
/// How many real hosts there are at the same moment: each holds eight inotify instances, of which a computer's root has 128 for
/// all tests together.
const HOSTS: usize = 4;

/// Room for so many hosts.
struct Room {
    free: Mutex<usize>,
    came: Condvar,
}

impl Room {
    /// Does this once there is room for it.
    fn with<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut free = self.came.wait_while(self.free.lock().unwrap(), |free| *free == 0).unwrap();
        *free -= 1;
        drop(free);
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        *self.free.lock().unwrap() += 1;
        self.came.notify_one();
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// The runner: docker-machine's name, and its option before each verb.
struct Runner {
    user: User,
    program: PathBuf,
}

impl Runner {
    fn new() -> Self {
        let user = User::new();
        let program = user.home().join("docker-machine");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rmachine"), &program).unwrap();
        Self { user, program }
    }

    fn call(&self, words: &[&str]) -> Run {
        run(self.user.command(&self.program).arg("--bugsnag-api-token=no-report").args(words))
    }

    fn can_connect(&self, name: &str) -> bool {
        self.call(&["config", name]).status == 0
    }

    /// The docker client with the credentials that the runner finds.
    fn docker(&self, name: &str, words: &[&str]) -> Run {
        let url = self.call(&["url", name]).ok();
        let place = self.call(&["inspect", name, "-f", "{{.HostOptions.AuthOptions.StorePath}}"]).ok();
        let mut docker = self.user.command("docker");
        docker.env("DOCKER_HOST", url).env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", place);
        run(docker.args(words))
    }
}

#[test]
fn the_runners_machines_are_made_used_stopped_and_removed_at_once() {
    if let Err(why) = crate::support::can_make_hosts() {
        return skip("the_runners_machines_are_made_used_stopped_and_removed_at_once", &why);
    }
    let runner = Runner::new();
    let room = Room { free: Mutex::new(HOSTS), came: Condvar::new() };
    let began = Instant::now();
    thread::scope(|scope| {
        for number in 0..MACHINES {
            let (runner, room) = (&runner, &room);
            scope.spawn(move || {
                let name = format!("runner-3xk2-auto-{number}");
                if number >= HOSTS {
                    // Who has to wait for room lives a first life meanwhile, in the same store.
                    live_elsewhere(runner, &name, number);
                }
                room.with(|| live(runner, &name, number));
            });
        }
    });
    println!(
        "{MACHINES} machines, {HOSTS} real hosts at a time, lived in {:.1} s",
        began.elapsed().as_secs_f32()
    );
    let left = fs::read_dir(runner.user.store().join("machines")).unwrap().count();
    assert_eq!(left, 0);
    // Nothing of docker's own is touched under this name.
    assert!(!runner.user.home().join(".docker/contexts").exists());
}

fn live(runner: &Runner, name: &str, number: usize) {
    let driver = [
        "create",
        "--driver",
        "nspawn",
        "--nspawn-suite=bookworm",
        "--engine-registry-mirror=http://192.0.2.1:5000",
        name,
    ];
    runner.call(&driver).ok();
    let config = fs::read(runner.user.machine_file(name, "config.json")).unwrap();
    let config: Value = serde_json::from_slice(&config).unwrap();
    assert_eq!((&config["DriverName"], &config["Driver"]["MachineName"]), (&"nspawn".into(), &name.into()));
    assert!(runner.can_connect(name));
    assert_eq!(runner.call(&["status", name]).ok(), "Running");
    let ip = runner.call(&["ip", name]).ok();
    assert_eq!(runner.call(&["url", name]).ok(), format!("tcp://{ip}:2376"));
    let inspected: Value = serde_json::from_str(&runner.call(&["inspect", name]).ok()).unwrap();
    assert_eq!((&inspected["Name"], &inspected["Driver"]["IPAddress"]), (&name.into(), &ip.into()));
    let mirrors = runner.docker(name, &["info", "--format", "{{.RegistryConfig.Mirrors}}"]).ok();
    assert_eq!(mirrors, "[http://192.0.2.1:5000/]");
    // What it does when a create failed half-way; here nothing is amiss.
    runner.call(&["provision", name]).ok();
    assert!(runner.can_connect(name));
    runner.call(&["stop", name]).ok();
    assert!(!runner.can_connect(name));
    assert_eq!(runner.call(&["status", name]).ok(), "Stopped");
    runner.call(&["rm", if number == 0 { "-f" } else { "-y" }, name]).ok();
    assert!(!runner.user.machine_file(name, "").exists());
    assert_ne!(runner.call(&["status", name]).status, 0);
}

/// A machine that only points at an engine, made and removed meanwhile in the same store.
fn live_elsewhere(runner: &Runner, name: &str, number: usize) {
    let url = format!("tcp://192.0.2.{number}:2376");
    runner.call(&["create", "--driver", "none", &format!("--url={url}"), name]).ok();
    assert_eq!(runner.call(&["url", name]).ok(), url);
    assert!(!runner.can_connect(name));
    runner.call(&["rm", "-y", name]).ok();
    assert!(!runner.user.machine_file(name, "").exists());
}
