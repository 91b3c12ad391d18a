//! GitLab Runner's docker+machine executor, played: every call it makes, under the name docker-machine, with its option before each verb,
//! for twenty machines at once, and everything it reads back from stdout, exit status and the store.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use serde_json::Value;

use crate::home::{Ended, Home};

/// The option that the runner puts before each verb.
const NO_REPORT: &str = "--bugsnag-api-token=no-report";
/// How many machines a runner has that is busy.
const MACHINES: usize = 20;

/// The runner's side of it.
struct Runner(Home);

impl Runner {
    fn call(&self, words: &[&str]) -> Ended {
        self.0.run(&[&[NO_REPORT], words].concat())
    }

    /// What a call prints, as the runner takes it.
    fn output(&self, words: &[&str]) -> String {
        self.call(words).with_code(0).out.trim().to_owned()
    }

    /// The machines as the runner lists them: the folders that are not hidden, with a `config.json`.
    fn machines(&self) -> BTreeSet<String> {
        listed(&self.0.store())
    }

    fn create(&self, name: &str, address: &str) -> Ended {
        // The order and the forms of the runner: options as `--key=value`, the name last.
        self.call(&["create", "--driver", "none", &format!("--url=tcp://{address}:2376"), name])
    }
}

fn listed(store: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(store.join("machines")).into_iter().flatten().flatten();
    let names = entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| {
            !name.starts_with('.') && store.join("machines").join(name).join("config.json").is_file()
        })
        .collect()
}

/// Reads every machine that can be seen, again and again, as the runner does when it starts. Says how many it read.
fn watch(store: &Path, is_over: &AtomicBool) -> usize {
    let mut read = 0;
    while !is_over.load(Ordering::Relaxed) {
        for name in listed(store) {
            // One that was removed meanwhile is gone as a whole.
            let Ok(text) = fs::read(store.join("machines").join(&name).join("config.json")) else { continue };
            let config: Value =
                serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(config["DriverName"], "none", "{name}");
            assert_eq!(config["Driver"]["MachineName"], *name);
            read += 1;
        }
    }
    read
}

#[test]
fn twenty_machines_are_made_read_and_removed_at_once() {
    let runner = &Runner(Home::classic());
    let is_over = AtomicBool::new(false);
    let names: Vec<String> = (0..MACHINES).map(|number| format!("runner-3xk2-auto-{number:02}")).collect();
    thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&runner.0.store(), &is_over));
        let lives: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(number, name)| scope.spawn(move || live(runner, name, number)))
            .collect();
        let ended: Vec<_> = lives.into_iter().map(thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::Relaxed);
        let read = watcher.join().unwrap();
        assert!(read > MACHINES, "only {read} looks at the store");
        for life in ended {
            life.unwrap();
        }
    });
    assert_eq!(runner.machines(), BTreeSet::new());
}

fn live(runner: &Runner, name: &str, number: usize) {
    let address = format!("192.0.2.{}", number + 1);
    runner.create(name, &address).with_code(0);
    assert!(runner.machines().contains(name));
    assert_eq!(runner.output(&["url", name]), format!("tcp://{address}:2376"));
    let place = runner.output(&["inspect", name, "-f", "{{.HostOptions.AuthOptions.StorePath}}"]);
    assert_eq!(Path::new(&place), runner.0.machine(name));
    let inspected: Value = serde_json::from_str(&runner.output(&["inspect", name])).unwrap();
    assert_eq!(inspected["Name"], name);
    assert_eq!(inspected["DriverName"], "none");
    // Nobody answers there: not alive, which the runner learns from the exit status alone.
    assert_ne!(runner.call(&["config", name]).code, 0);
    // A name that is taken is no success, and harms nothing.
    assert_eq!(runner.create(name, "192.0.2.99").code, 1);
    assert_eq!(runner.output(&["url", name]), format!("tcp://{address}:2376"));
    let how = if number.is_multiple_of(2) { "-y" } else { "-f" };
    runner.call(&["rm", how, name]).with_code(0);
    assert!(!runner.machines().contains(name));
    assert_ne!(runner.call(&["status", name]).code, 0);
    // It removes once more what it thinks is there.
    let again = runner.call(&["rm", "-f", name]);
    assert!(again.code == 0 || again.err.contains("does not exist"), "{again:?}");
}

#[test]
fn a_create_that_fails_is_a_failure_and_leaves_what_rm_can_remove() {
    let runner = Runner(Home::classic());
    for words in [
        &["create", "--driver", "nosuch", "m1"][..],
        &["create", "--driver", "none", "m1"],
        &["create", "--driver", "generic", "--generic-ip-address=", "m1"],
    ] {
        assert_ne!(runner.call(words).code, 0, "{words:?}");
        assert!(!runner.machines().contains("m1"), "{words:?}");
    }
    for words in [
        &["provision", "m1"][..],
        &["stop", "m1"],
        &["ip", "m1"],
        &["url", "m1"],
        &["config", "m1"],
        &["rm", "-y", "m1"],
    ] {
        assert_eq!(runner.call(words).code, 1, "{words:?}");
    }
}
