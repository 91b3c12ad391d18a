//! What a virtual machine's driver does around its guest: with the real qemu, and disks on which no system is, so that nothing boots.
//! A guest that boots is in tests/lab.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use rmachine::{
    driver::{Context, Driver, DriverError, FlagValue, Flags},
    drivers,
    machine::State,
};
use serde_json::Value;

use crate::{bench, bench::Bench, host::chain};

/// A machine of the driver's on an empty disk, removed even when its test fails.
struct Machine<'a> {
    driver: Box<dyn Driver>,
    context: Context,
    state: Value,
    _bench: &'a Bench,
}

impl<'a> Machine<'a> {
    /// `None` where there is no qemu.
    fn new(bench: &'a Bench, image: &Path) -> Option<Self> {
        let driver = drivers::find("qemu").unwrap();
        let context = bench.machine("vm");
        if let Err(reason) = driver.available(&context.env) {
            crate::host::skip(&context.env, &reason);
            return None;
        }
        let text = |text: &str| FlagValue::Text(text.to_owned());
        let mut flags: Flags = bench::defaults(driver.as_ref());
        flags.0.insert("qemu-image".to_owned(), text(&image.to_string_lossy()));
        flags.0.insert("qemu-accel".to_owned(), text("tcg"));
        flags.0.insert("qemu-memory".to_owned(), FlagValue::Int(256));
        let state = driver.configure(&context, &flags).unwrap();
        Some(Self { driver, context, state, _bench: bench })
    }

    async fn create(&mut self) -> Result<Vec<Value>, DriverError> {
        bench::create(self.driver.as_ref(), &self.context, &mut self.state).await
    }

    async fn status(&mut self) -> State {
        self.driver.state(&self.context, &mut self.state).await.unwrap()
    }

    /// Starts it and goes away while it boots, as a killed rmachine does.
    async fn begin(&mut self) {
        let saved = Mutex::new(self.state.clone());
        let save = |state: &Value| {
            *saved.lock().unwrap() = state.clone();
            Ok(())
        };
        let create = self.driver.create(&self.context, &mut self.state, &save);
        let cut = tokio::time::timeout(Duration::from_secs(6), create).await;
        assert!(cut.is_err(), "an empty disk boots nothing: {cut:?}");
        self.state = saved.into_inner().unwrap();
    }

    fn folder(&self) -> PathBuf {
        self.context.file("vm")
    }
}

impl Drop for Machine<'_> {
    fn drop(&mut self) {
        let pid = fs::read_to_string(self.folder().join("qemu.pid")).unwrap_or_default();
        if !pid.is_empty() {
            let _ = std::process::Command::new("kill").args(["-KILL", pid.trim()]).status();
        }
    }
}

/// An image of a disk with nothing on it.
fn empty_image(bench: &Bench) -> PathBuf {
    let path = bench.context("image").store.with_file_name("empty.raw");
    fs::File::create(&path).unwrap().set_len(128 << 20).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_outlives_who_started_it_and_is_found_killed_and_removed() {
    let bench = Bench::new();
    let Some(mut vm) = Machine::new(&bench, &empty_image(&bench)) else { return };
    assert_eq!(vm.status().await, State::NotFound);
    vm.begin().await;
    assert_eq!(vm.status().await, State::Running);
    let pid = fs::read_to_string(vm.folder().join("qemu.pid")).unwrap();
    vm.begin().await;
    assert_eq!(fs::read_to_string(vm.folder().join("qemu.pid")).unwrap(), pid, "the same create takes it up");

    vm.driver.kill(&vm.context, &mut vm.state).await.unwrap();
    assert_eq!(vm.status().await, State::Stopped);
    vm.begin().await;
    // Without a word to it: what is left is a socket that nobody serves, and an id.
    let pid = fs::read_to_string(vm.folder().join("qemu.pid")).unwrap();
    assert!(std::process::Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());
    until_stopped(&mut vm).await;

    vm.begin().await;
    vm.driver.remove(&vm.context, &mut vm.state).await.unwrap();
    assert_eq!(vm.status().await, State::NotFound);
    assert!(!vm.folder().exists());
}

/// The kernel closes a killed program's files in its own time.
async fn until_stopped(vm: &mut Machine<'_>) {
    for _ in 0..50 {
        if vm.status().await == State::Stopped {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it is {:?}", vm.status().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_private_is_private_and_nothing_of_it_is_an_argument() {
    let bench = Bench::new();
    let Some(mut vm) = Machine::new(&bench, &empty_image(&bench)) else { return };
    vm.begin().await;
    let seed = vm.folder().join("seed");
    let key = fs::read_to_string(seed.join("host_key")).unwrap();
    assert!(key.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
    for file in ["host_key", "user-data"] {
        assert_eq!(fs::metadata(seed.join(file)).unwrap().permissions().mode() & 0o077, 0, "{file}");
    }
    let pid = fs::read_to_string(vm.folder().join("qemu.pid")).unwrap();
    let arguments = fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap();
    let body = key.lines().nth(1).unwrap();
    assert!(!String::from_utf8_lossy(&arguments).contains(body));
    let endpoint = vm.driver.ssh(&vm.context, &vm.state).unwrap().unwrap();
    assert_eq!(endpoint.host_keys, [fs::read_to_string(seed.join("host_key.pub")).unwrap().trim()]);
    vm.driver.remove(&vm.context, &mut vm.state).await.unwrap();
}

/// A program that does as the real one, until it is called for the Nth time.
fn fails_at(bench: &Bench, context: &mut Context, program: &str, call: usize) {
    let folder = bench.context("bin").store.with_file_name(format!("bin-{program}-{call}"));
    fs::create_dir_all(&folder).unwrap();
    let real = context.env.find_program(program).unwrap();
    let script = format!(
        "#!/bin/sh\necho call >>\"$0.calls\"\nif [ \"$(wc -l <\"$0.calls\")\" = {call} ]; then echo 'no luck today' >&2; exit 1; fi\n\
         exec {} \"$@\"\n",
        real.display()
    );
    fs::write(folder.join(program), script).unwrap();
    fs::set_permissions(folder.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    let path = context.env.var("PATH").unwrap_or_default().to_owned();
    context.env.vars.insert("PATH".to_owned(), format!("{}:{path}", folder.display()));
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_program_fails_at_whichever_call_removing_leaves_nothing() {
    for (program, call) in [("qemu-img", 1), ("qemu-img", 2), ("qemu-system-x86_64", 1)] {
        let bench = Bench::new();
        let Some(mut vm) = Machine::new(&bench, &empty_image(&bench)) else { return };
        fails_at(&bench, &mut vm.context, program, call);
        let error = vm.create().await.unwrap_err();
        assert!(chain(&error).contains("no luck today"), "{program} {call}: {}", chain(&error));
        vm.driver.remove(&vm.context, &mut vm.state).await.unwrap();
        assert_eq!(vm.status().await, State::NotFound, "{program} {call}");
        let drafts = fs::read_dir(vm.context.cache.join("qemu")).unwrap();
        let drafts: Vec<_> = drafts.map(|entry| entry.unwrap().file_name()).collect();
        assert!(drafts.iter().all(|name| !name.to_string_lossy().ends_with(".draft")), "{drafts:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_none_or_not_the_right_one_is_refused_by_name() {
    let bench = Bench::new();
    let page = bench.context("image").store.with_file_name("page.html");
    fs::write(&page, "<html>not found</html>").unwrap();
    let Some(mut vm) = Machine::new(&bench, &page) else { return };
    let error = vm.create().await.unwrap_err();
    assert!(chain(&error).contains("no image of a disk"), "{}", chain(&error));

    let mut vm = Machine::new(&bench, &empty_image(&bench)).unwrap();
    vm.state["ImageSHA256"] = "ab".repeat(32).into();
    let error = vm.create().await.unwrap_err();
    assert!(chain(&error).contains(&format!("it should be {}", "ab".repeat(32))), "{}", chain(&error));

    let vm = Machine::new(&bench, Path::new("/nonexistent/disk.qcow2")).unwrap();
    let error = vm.driver.preflight(&vm.context, &vm.state).await.unwrap_err();
    assert!(error.to_string().contains("/nonexistent/disk.qcow2 cannot be read"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_whose_image_is_gone_says_which() {
    let bench = Bench::new();
    let Some(mut vm) = Machine::new(&bench, &empty_image(&bench)) else { return };
    vm.begin().await;
    vm.driver.kill(&vm.context, &mut vm.state).await.unwrap();
    fs::remove_dir_all(vm.context.cache.join("qemu")).unwrap();
    let error = vm.driver.start(&vm.context, &mut vm.state).await.unwrap_err();
    assert!(
        chain(&error).contains("is gone, and the machine's disk is only what differs from it"),
        "{}",
        chain(&error)
    );
}
