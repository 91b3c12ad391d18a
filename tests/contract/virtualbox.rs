//! What the virtualbox driver asks of VBoxManage, against a stand-in that knows what is recorded of the real one and refuses all else.
//! A VM that runs, and the real program, are in tests/lab.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use futures_util::StreamExt;
use rmachine::{
    driver::{Context, Driver, DriverError, FlagValue, Flags},
    drivers,
    machine::State,
};
use serde_json::{Value, json};

use crate::{bench, bench::Bench, host::chain};

/// A machine of the driver's, and the stand-in that it calls.
struct Machine {
    driver: Box<dyn Driver>,
    context: Context,
    state: Value,
    _bench: Bench,
}

impl Machine {
    fn new(flags: &[(&str, FlagValue)]) -> Self {
        let bench = Bench::new();
        let driver = drivers::find("virtualbox").unwrap();
        let mut context = bench.machine("vm");
        let home = context.store.with_file_name("box");
        let bin = context.store.with_file_name("bin");
        for folder in [&home, &bin] {
            fs::create_dir_all(folder).unwrap();
        }
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/virtualbox/recorded");
        symlink(recorded, bin.join("VBoxManage")).unwrap();
        let vars = &mut context.env.vars;
        vars.insert("PATH".to_owned(), format!("{}:/usr/bin:/bin", bin.display()));
        vars.insert("VBOX_USER_HOME".to_owned(), home.display().to_string());
        context.env.cache_dir = Some(home);
        // The head of a disk of QEMU's kind.
        let image = context.store.with_file_name("disk.qcow2");
        fs::write(&image, [b"QFI\xfb".as_slice(), &[0; 1020]].concat()).unwrap();
        let mut all: Flags = bench::defaults(driver.as_ref());
        all.0.insert("virtualbox-image".to_owned(), text(&image.to_string_lossy()));
        all.0.extend(flags.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let state = driver.configure(&context, &all).unwrap();
        Self { driver, context, state, _bench: bench }
    }

    /// Creates; the stand-in runs nothing, so that the VM is found to have ended, at the latest.
    async fn create(&mut self) -> String {
        chain(&bench::create(self.driver.as_ref(), &self.context, &mut self.state).await.unwrap_err())
    }

    async fn remove(&mut self) -> Result<(), DriverError> {
        self.driver.remove(&self.context, &mut self.state).await
    }

    async fn status(&mut self) -> State {
        self.driver.state(&self.context, &mut self.state).await.unwrap()
    }

    fn home(&self) -> PathBuf {
        self.context.store.with_file_name("box")
    }

    fn fail_at(&self, calls: &str) {
        fs::write(self.home().join("fail-at"), calls).unwrap();
    }

    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.home().join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// What the stand-in knows of VMs and disks, and what lies of them in the machine's folder.
    fn leftovers(&self) -> Vec<String> {
        let text = fs::read_to_string(self.home().join("recorded.json")).unwrap();
        let known: Value = serde_json::from_str(&text).unwrap();
        let of = |what: &str| known[what].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert!(of("interfaces").len() < 2, "each attempt makes one more");
        let files = fs::read_dir(&self.context.folder).unwrap();
        let files = files.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let big = files.filter(|name| ["vm", "disk.vdi", "seed.vdi", "console.log"].contains(&name.as_str()));
        [of("vms"), of("media"), big.collect()].concat()
    }
}

fn text(text: &str) -> FlagValue {
    FlagValue::Text(text.to_owned())
}

#[tokio::test]
async fn whichever_call_fails_create_takes_back_what_it_made() {
    let mut whole = Machine::new(&[]);
    let error = whole.create().await;
    assert!(error.contains("the VM ended: it is Stopped"), "{error}");
    assert_eq!(whole.leftovers(), Vec::<String>::new());
    let calls = whole.calls();
    let start = calls.iter().position(|call| call.starts_with("startvm")).unwrap() + 1;
    let attempts = (1..=start).map(|failing| fails_at(failing, &calls[failing - 1]));
    futures_util::stream::iter(attempts).buffer_unordered(4).collect::<()>().await;
}

async fn fails_at(failing: usize, call: &str) {
    let mut vm = Machine::new(&[]);
    vm.fail_at(&failing.to_string());
    let error = vm.create().await;
    let what = format!("{failing} {call}: {error}");
    // Disks that VirtualBox is to forget are forgotten at the second try, and the VM is found to have ended.
    let is_borne = call.starts_with("closemedium") && error.contains("the VM ended");
    assert!(is_borne || error.contains("no luck today"), "{what}");
    assert_eq!(vm.leftovers(), Vec::<String>::new(), "{what}");
    vm.remove().await.unwrap();
    assert_eq!(vm.status().await, State::NotFound, "{what}");
}

#[tokio::test]
async fn what_create_could_not_take_back_rm_does() {
    for failing in (5..36).step_by(3) {
        let mut vm = Machine::new(&[]);
        vm.fail_at(&format!("{failing}+"));
        let error = vm.create().await;
        let made = vm.leftovers();
        assert_eq!(
            vm.remove().await.is_err(),
            !made.is_empty() && made.contains(&"vm".to_owned()),
            "{failing}: {made:?}"
        );
        fs::remove_file(vm.home().join("fail-at")).unwrap();
        vm.remove().await.unwrap();
        let images = |name: &String| name.contains("/cache/virtualbox/");
        let left: Vec<String> = vm.leftovers().into_iter().filter(|name| !images(name)).collect();
        assert_eq!(left, Vec::<String>::new(), "{failing}: {error}");
        assert_eq!(vm.status().await, State::NotFound);
    }
}

#[tokio::test]
async fn every_flag_reaches_the_call_it_is_for_and_no_key_is_in_one() {
    let on = FlagValue::Bool(true);
    let mut vm = Machine::new(&[
        ("virtualbox-cpu-count", FlagValue::Int(3)),
        ("virtualbox-memory", FlagValue::Int(2048)),
        ("virtualbox-disk-size", FlagValue::Int(30000)),
        ("virtualbox-host-dns-resolver", on.clone()),
        ("virtualbox-no-dns-proxy", on.clone()),
        ("virtualbox-nested-virt", on.clone()),
        ("virtualbox-nat-nictype", text("virtio")),
        ("virtualbox-hostonly-nictype", text("Am79C973")),
        ("virtualbox-hostonly-nicpromisc", text("allow-vms")),
        ("virtualbox-hostonly-cidr", text("192.168.60.1/24")),
        ("virtualbox-hostonly-no-dhcp", on.clone()),
        ("virtualbox-share-folder", text("/usr:tools")),
    ]);
    let error = vm.create().await;
    assert!(error.contains("the VM ended"), "{error}");
    let calls = vm.calls().join("\n");
    for part in [
        " --cpus 3 --memory 2048 ",
        " --natdnshostresolver1 on --natdnsproxy1 off ",
        " --nested-hw-virt on ",
        " --nic1 nat --nictype1 virtio ",
        " --nic2 hostonly --nictype2 Am79C973 --nicpromisc2 allow-vms --hostonlyadapter2 vboxnet0 ",
        "hostonlyif ipconfig vboxnet0 --ip 192.168.60.1 --netmask 255.255.255.0",
        " --resize 30000",
        " --name tools --hostpath /usr --automount",
        " VBoxInternal2/SharedFoldersEnableSymlinksCreate/tools 1",
    ] {
        assert!(calls.contains(part), "{part} is not in\n{calls}");
    }
    assert!(!calls.contains("dhcpserver add"), "no addresses were to be given out\n{calls}");
    let key = fs::read_to_string(vm.context.file("host_key")).unwrap();
    assert!(!calls.contains("PRIVATE KEY") && !calls.contains(key.lines().nth(1).unwrap()));

    let mut vm = Machine::new(&[("virtualbox-no-share", on)]);
    vm.create().await;
    assert!(!vm.calls().join("\n").contains("sharedfolder"));
}

#[tokio::test]
async fn a_machine_of_docker_machines_is_known_by_its_settings_file_and_no_other_vm_is_touched() {
    let mut vm = Machine::new(&[]);
    let stored = include_str!("../fixtures/store/drivers/virtualbox.json");
    let stored: Value = serde_json::from_str(stored).unwrap();
    vm.state = stored["Driver"].clone();
    vm.state["MachineName"] = json!("vm");
    vm.state["SSHKeyPath"] = json!("");
    let createvm = |vm: &Machine, folder: &Path| {
        let mut call = std::process::Command::new(vm.home().with_file_name("bin").join("VBoxManage"));
        call.env("VBOX_USER_HOME", vm.home()).args(["createvm", "--basefolder"]).arg(folder);
        assert!(call.args(["--name", "vm", "--register"]).output().unwrap().status.success());
    };
    let elsewhere = vm.home().join("VMs");
    createvm(&vm, &elsewhere);
    assert_eq!(vm.status().await, State::NotFound, "a VM of the user's has this name");
    vm.remove().await.unwrap();
    createvm(&vm, &vm.context.folder);
    assert_eq!(vm.status().await, State::Stopped);
    let endpoint = vm.driver.ssh(&vm.context, &vm.state).unwrap().unwrap();
    assert_eq!((endpoint.host.as_str(), endpoint.user.as_deref()), ("127.0.0.1", Some("docker")));
    assert_eq!(endpoint.identity, Some(vm.context.file("id_rsa")));
    vm.remove().await.unwrap();
    assert_eq!(vm.status().await, State::NotFound);
    assert!(elsewhere.join("vm/vm.vbox").exists());
}

/// A VBoxManage of a few lines of shell.
fn says(vm: &Machine, script: &str) {
    let program = vm.home().with_file_name("bin").join("VBoxManage");
    fs::remove_file(&program).unwrap();
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn what_is_missing_is_told_before_anything_is_made() {
    for (script, message) in [
        ("echo 5.2.44r139111", "VirtualBox 5.2.44 is too old"),
        (
            "echo 'WARNING: The vboxdrv kernel module is not loaded.'; echo 7.2.22r1",
            "lacks its kernel module",
        ),
        (
            "case $1 in --version) echo 7.2.22r1 ;; *) echo 'Processor supports HW virtualization: no' ;; esac",
            "VT-x or AMD-V is missing",
        ),
    ] {
        let vm = Machine::new(&[]);
        says(&vm, script);
        let error = vm.driver.preflight(&vm.context, &vm.state).await.unwrap_err();
        assert!(matches!(&error, DriverError::Preflight { hint: Some(_), .. }), "{error:?}");
        assert!(error.to_string().contains(message), "{error}");
    }
    let mut vm = Machine::new(&[]);
    vm.context.env.vars.insert("PATH".to_owned(), "/nonexistent".to_owned());
    let error = vm.driver.preflight(&vm.context, &vm.state).await.unwrap_err();
    assert!(error.to_string().contains("VBoxManage is not installed"), "{error}");

    let vm = Machine::new(&[("virtualbox-share-folder", text("/nonexistent:x"))]);
    let error = vm.driver.preflight(&vm.context, &vm.state).await.unwrap_err();
    assert!(error.to_string().contains("the folder /nonexistent to be shared is not there"), "{error}");
}

#[tokio::test]
async fn a_vm_is_imported_from_only_when_it_is_there_and_shut_down() {
    let flags = [
        ("virtualbox-image", text("")),
        ("virtualbox-boot2docker-url", text("/etc/hostname")),
        ("virtualbox-import-boot2docker-vm", text("old")),
    ];
    let vm = Machine::new(&flags);
    let error = vm.driver.preflight(&vm.context, &vm.state).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no VM \"old\" to import from");
    says(
        &vm,
        "case $1 in --version) echo 7.2.22r1 ;; list) echo 'Processor supports HW virtualization: yes' ;;\n\
         *) echo 'VMState=\"running\"' ;; esac",
    );
    let error = vm.driver.preflight(&vm.context, &vm.state).await.unwrap_err();
    assert_eq!(error.to_string(), "the VM \"old\" to import from is not shut down: it is Running");
}

#[tokio::test]
async fn errors_that_pass_are_borne_and_an_error_is_one_whatever_the_status() {
    let mut vm = Machine::new(&[]);
    fs::create_dir(vm.context.folder.join("vm")).unwrap();
    fs::write(vm.context.folder.join("vm/vm.vbox"), "<Machine uuid=\"{1}\" name=\"vm\">").unwrap();
    says(
        &vm,
        "echo x >>$VBOX_USER_HOME/n; [ $(wc -l <$VBOX_USER_HOME/n) -gt 2 ] && exec echo 'VMState=\"paused\"'\n\
         echo 'VBoxManage: error: The object is not ready' >&2; exit 1",
    );
    assert_eq!(vm.status().await, State::Paused);
    says(&vm, "echo 'VMState=\"running\"'; echo 'VBoxManage: error: The world is full' >&2");
    let error = vm.driver.state(&vm.context, &mut vm.state).await.unwrap_err();
    assert!(chain(&error).contains("VBoxManage showvminfo: The world is full"), "{}", chain(&error));
}
