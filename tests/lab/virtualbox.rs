//! A machine of the virtualbox driver, every call of it checked by the real VBoxManage: Debian unstable's, in a root of its own without
//! a kernel module. What cannot be real here is a running VM: a host of the lab is put behind its forwarded port.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::{
    host,
    support::{self, Host, Kind, Run, User, lab_root},
};

/// A user for whom VirtualBox is installed, and a host that runs in the place of a VM.
struct Lab<'a> {
    user: User,
    root: Option<PathBuf>,
    namespace: Option<Child>,
    host: &'a Host,
}

impl<'a> Lab<'a> {
    /// With the real program in this root, or with what is recorded of it.
    fn new(host: &'a Host, root: Option<PathBuf>) -> Self {
        let user = User::new();
        for name in ["bin", "lab", "vbox"] {
            std::fs::create_dir(user.home().join(name)).unwrap();
        }
        // Images of its own, so that each is made here.
        std::fs::remove_file(user.store().join("cache")).unwrap();
        std::os::unix::fs::symlink(sources().join("VBoxManage"), user.home().join("bin/VBoxManage")).unwrap();
        let namespace = root.as_ref().map(|root| namespace(root, user.home()));
        let folder = user.home().join("lab");
        let config = json!({
            "pid": namespace.as_ref().map(|(_, pid)| pid),
            "root": root,
            "home": user.home().join("vbox"),
            "host": host.ip(),
            "key": host.key(),
        });
        std::fs::write(folder.join("lab.json"), config.to_string()).unwrap();
        let user = user.with("LAB_VIRTUALBOX", &folder.display().to_string());
        Self { user, root, namespace: namespace.map(|(child, _)| child), host }
    }

    /// VBoxManage, as the driver calls it.
    fn manage(&self, args: &[&str]) -> Run {
        support::run(self.user.command(self.user.home().join("bin/VBoxManage")).args(args))
    }

    /// What VirtualBox holds: VMs and disks.
    fn holds(&self) -> String {
        ["vms", "hdds", "dvds"].map(|what| self.manage(&["list", what]).ok()).concat()
    }

    /// An image as clouds have them, of 64 MiB that boot nothing.
    fn image(&self) -> String {
        let [raw, image] = ["disk.raw", "disk.qcow2"].map(|name| self.user.home().join(name));
        let mut bytes = vec![0; 64 << 20];
        bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
        bytes[(32 << 20)..].fill(7);
        std::fs::write(&raw, bytes).unwrap();
        let mut convert = Command::new("qemu-img");
        convert.args(["convert", "-c", "-O", "qcow2"]).args([&raw, &image]);
        support::run(&mut convert).ok();
        image.display().to_string()
    }

    /// All calls so far.
    fn calls(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.user.home().join("lab/calls.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Lab<'_> {
    fn drop(&mut self) {
        // What forwards ports is a process of ours; the rest ends with its namespace.
        for entry in std::fs::read_dir(self.user.home().join("lab")).into_iter().flatten().flatten() {
            let is_mark = entry.file_name().to_string_lossy().starts_with("running-");
            let pid = is_mark.then(|| std::fs::read_to_string(entry.path()).ok()).flatten();
            if let Some(pid) = pid.and_then(|pid| rustix::process::Pid::from_raw(pid.parse().ok()?)) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
        if let Some(namespace) = &mut self.namespace {
            let _ = namespace.kill();
            let _ = namespace.wait();
        }
        if let (Some(root), Ok(home)) = (&self.root, self.user.home().strip_prefix("/")) {
            // Where the home was mounted.
            let _ = std::fs::remove_dir(root.join(home));
        }
    }
}

/// The surroundings of the real program, and the process that they are entered by.
fn namespace(root: &Path, home: &Path) -> (Child, u32) {
    let mut namespace = Command::new("unshare")
        .args(["--mount", "--pid", "--net", "--fork", "--kill-child", "--propagation", "private"])
        .arg(sources().join("namespace.sh"))
        .args([root, home])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(namespace.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said.trim(), "ready", "the root's namespaces");
    let children = format!("/proc/{0}/task/{0}/children", namespace.id());
    let inside = std::fs::read_to_string(children).unwrap();
    (namespace, inside.trim().parse().unwrap())
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/virtualbox")
}

/// The root with the real program in it; made once, kept with the lab's images.
fn root() -> Result<PathBuf, String> {
    let root = lab_root().join("virtualbox/root");
    if root.join("usr/lib/virtualbox/VBoxManage").exists() {
        return Ok(root);
    }
    let mut ask = Command::new("apt-get");
    ask.args(["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]);
    let mirrors = ask.output().map_err(|error| format!("apt-get: {error}"))?.stdout;
    let mirrors = String::from_utf8_lossy(&mirrors).into_owned();
    let mirror = mirrors.lines().find(|mirror| !mirror.contains("security")).ok_or("apt has no mirror")?;
    std::fs::create_dir_all(lab_root().join("virtualbox")).map_err(|error| error.to_string())?;
    let draft = tempfile::tempdir_in(lab_root().join("virtualbox")).map_err(|error| error.to_string())?;
    let made = support::run(Command::new(sources().join("make-root.sh")).arg(draft.path()).arg(mirror));
    if made.status != 0 {
        let last = made.stderr.lines().last().unwrap_or_default().to_owned();
        return Err(format!("Debian unstable's VirtualBox cannot be had from {mirror}: {last}"));
    }
    let moved = std::fs::rename(draft.path(), &root);
    if moved.is_ok() || root.exists() { Ok(root) } else { Err(format!("{moved:?}")) }
}

#[test]
fn a_machine_of_virtualbox_is_made_of_calls_that_the_real_program_takes_and_leaves_nothing() {
    match root() {
        Ok(root) => {
            let host = host!(Kind::Debian12Engine);
            let lab = Lab::new(&host, Some(root));
            a_machine_lives_its_whole_life(&lab);
            what_cannot_be_started_leaves_nothing(&lab);
            record(&lab);
        }
        Err(why) => support::skip("a_machine_of_virtualbox with the real program", &why),
    }
}

#[test]
fn a_machine_of_virtualbox_lives_by_what_is_recorded_of_the_real_program() {
    let host = host!(Kind::Debian12Engine);
    a_machine_lives_its_whole_life(&Lab::new(&host, None));
}

fn a_machine_lives_its_whole_life(lab: &Lab<'_>) {
    let (user, image) = (&lab.user, lab.image());
    std::fs::create_dir(user.home().join("shared")).unwrap();
    let shared = format!("{}:data", user.home().join("shared").display());
    let flags =
        ["--virtualbox-image", &image, "--virtualbox-share-folder", &shared, "--virtualbox-nested-virt"];
    let create = ["create", "-d", "virtualbox", "--virtualbox-no-vtx-check"];
    let made = user.rmachine(&[&create[..], &flags, &["vm"]].concat());
    assert!(made.stderr.contains("vm: starting the machine"), "{made:?}");
    made.ok();
    assert_eq!(user.rmachine(&["ip", "vm"]).ok(), lab.host.ip(), "by the adapter's hardware address");
    assert_eq!(user.rmachine(&["url", "vm"]).ok(), format!("tcp://{}:2376", lab.host.ip()));
    assert!(!user.docker("vm", "version --format '{{.Server.Version}}'").ok().is_empty());
    assert_eq!(user.rmachine(&["ssh", "vm", "hostname; whoami"]).ok(), "vm\ndocker");

    user.rmachine(&["stop", "vm"]).ok();
    assert_eq!(user.rmachine(&["status", "vm"]).ok(), "Stopped");
    user.rmachine(&["start", "vm"]).ok();
    assert_eq!(user.rmachine(&["status", "vm"]).ok(), "Running");
    assert!(!user.docker("vm", "version --format '{{.Server.Version}}'").ok().is_empty());
    user.rmachine(&["kill", "vm"]).ok();
    // Put to sleep by the user; when it is woken another program has its port.
    let saved = user.home().join("vm.sav");
    std::fs::write(&saved, "memory").unwrap();
    lab.manage(&["adoptstate", "vm", &saved.display().to_string()]).ok();
    assert_eq!(user.rmachine(&["status", "vm"]).ok(), "Saved");
    let port = || user.rmachine(&["inspect", "-f", "{{.Driver.SSHPort}}", "vm"]).ok().parse::<u16>().unwrap();
    let taken = std::net::TcpListener::bind(("127.0.0.1", port())).unwrap();
    user.rmachine(&["start", "vm"]).ok();
    assert_ne!(port(), taken.local_addr().unwrap().port());
    assert_eq!(user.rmachine(&["ssh", "vm", "hostname"]).ok(), "vm");
    user.rmachine(&["kill", "vm"]).ok();
    assert_eq!(user.rmachine(&["status", "vm"]).ok(), "Saved");
    user.rmachine(&["rm", "-y", "vm"]).ok();
    assert_eq!(lab.holds(), "");
    assert!(!user.store().join("machines/vm").exists());
    let images = std::fs::read_dir(user.store().join("cache/virtualbox")).unwrap();
    let images = images.filter(|entry| entry.as_ref().unwrap().path().join("disk.vdi").is_file());
    assert_eq!(images.count(), 1, "the image stays for the next machine");
    // What the driver never says, or says in vain, would be seen here first.
    let refused: Vec<Value> = lab.calls().into_iter().filter(|call| call["rc"] != 0).collect();
    assert_eq!(refused, Vec::<Value>::new());
}

/// A VM that VirtualBox does not start is taken away at once: of an image, and of boot2docker's kind with the disk of an older one.
fn what_cannot_be_started_leaves_nothing(lab: &Lab<'_>) {
    let user = &lab.user;
    std::fs::write(user.home().join("lab/refuse-start"), "").unwrap();
    let path = |name: &str| user.home().join(name).display().to_string();
    let (iso, disk, key) = (path("my.iso"), path("old.vmdk"), user.home().join(".ssh/id_boot2docker"));
    std::fs::write(&iso, vec![0; 1 << 20]).unwrap();
    std::fs::create_dir(key.parent().unwrap()).unwrap();
    std::fs::write(key, "a key").unwrap();
    for call in [
        &["createvm", "--name", "old", "--basefolder", &path("vbox"), "--register"][..],
        &["modifyvm", "old", "--memory", "2048", "--cpus", "2"],
        &["createmedium", "disk", "--filename", &disk, "--size", "100", "--format", "VMDK"],
        &["storagectl", "old", "--name", "SATA", "--add", "sata"],
        &[
            "storageattach",
            "old",
            "--storagectl",
            "SATA",
            "--port",
            "1",
            "--device",
            "0",
            "--type",
            "hdd",
            "--medium",
            &disk,
        ],
    ] {
        lab.manage(call).ok();
    }
    let before = lab.holds();
    let image = path("disk.qcow2");
    for flags in [
        &["--virtualbox-image", &image][..],
        &["--virtualbox-boot2docker-url", &iso, "--virtualbox-disk-size", "3000"],
        &["--virtualbox-boot2docker-url", &iso, "--virtualbox-import-boot2docker-vm", "old"],
    ] {
        let create = ["create", "-d", "virtualbox", "--virtualbox-no-vtx-check"];
        let failed = user.rmachine(&[&create[..], flags, &["vm"]].concat());
        failed.fails(1, "has terminated unexpectedly during startup");
        assert_eq!(lab.holds(), before, "{flags:?}");
        let folder = user.store().join("machines/vm");
        let big = std::fs::read_dir(folder)
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().metadata().unwrap().len() > 100_000);
        assert_eq!(big.count(), 0, "{flags:?}");
        user.rmachine(&["rm", "-y", "vm"]).ok();
    }
    let refused: Vec<Value> = lab.calls().into_iter().filter(|call| call["rc"] != 0).collect();
    assert!(refused.iter().all(|call| call["command"].as_str().unwrap().contains("startvm")), "{refused:?}");
}

/// What the real program said, for the stand-in that knows nothing else: `RMACHINE_RECORD=FILE` writes it down anew.
fn record(lab: &Lab<'_>) {
    let Some(file) = std::env::var_os("RMACHINE_RECORD") else { return };
    let mut seen = std::collections::BTreeSet::new();
    let mut text = String::new();
    for mut call in lab.calls() {
        let command = call["command"].as_str().unwrap().to_owned();
        let words: Vec<&str> =
            command.split(' ').filter(|word| !word.contains(['/', '-']) || word.starts_with("--")).collect();
        if seen.insert(format!("{words:?} {}", call["rc"])) {
            call["name"] = json!(format!("driver-{:03}", seen.len()));
            text += &format!("{call}\n").replace(&lab.user.home().display().to_string(), "/home/me");
        }
    }
    std::fs::write(file, text).unwrap();
}
