//! `scp` and `mount` with the system's scp, rsync and sshfs: every form, with names that need care, and only hosts whose key is pinned.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Instant,
};

use crate::{
    host,
    support::{Host, Kind, User, run},
};

/// A name that every shell on the way would take apart.
const NAME: &str = "a 'b\" $c `d` ü";
/// The size of the big file, in MiB.
const BIG: usize = 100;

/// A file of the user's with this content and mode; its path.
fn put(user: &User, name: &str, content: &[u8], mode: u32) -> PathBuf {
    let path = user.home().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Makes the host listen for ssh on another port; there its only host key is a new one.
fn move_to_port_2222(host: &Host) {
    host.sh("ssh-keygen -q -t ed25519 -N '' -f /root/other && mkdir -p /run/sshd && \
         systemd-run -q --unit other-sshd /usr/sbin/sshd -D -p 2222 -h /root/other && \
         until bash -c '</dev/tcp/127.0.0.1/2222' 2>/dev/null; do sleep 0.1; done");
}

#[test]
fn scp_copies_both_ways_with_names_folders_and_modes() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    host.sh("rm -f /root/.bashrc; useradd -m ann && cp -r /root/.ssh /home/ann/ && chown -R ann /home/ann");
    for how in [&["scp", "-q"][..], &["scp", "-q", "--delta"]] {
        let scp = |places: &[&str]| user.rmachine(&[how, places].concat());
        put(&user, NAME, b"one\n", 0o640);
        put(&user, "tree/in/run.sh", b"#!/bin/sh\n", 0o755);
        scp(&[NAME, &format!("n1:/tmp/{NAME}")]).ok();
        assert_eq!(host.sh("cd /tmp && stat -c '%a' *ü && cat *ü"), "640\none", "{how:?}");
        scp(&[&format!("n1:/tmp/{NAME}"), "back"]).ok();
        assert_eq!(fs::read(user.home().join("back")).unwrap(), b"one\n");
        assert_eq!(mode(&user.home().join("back")), 0o640);

        scp(&["-r", "tree", "n1:/srv/"]).ok();
        assert_eq!(host.sh("stat -c '%a %n' /srv/tree/in/run.sh"), "755 /srv/tree/in/run.sh", "{how:?}");
        fs::create_dir(user.home().join("copied")).unwrap();
        scp(&["--recursive", "n1:/srv/tree", "localhost:copied"]).ok();
        assert_eq!(mode(&user.home().join("copied/tree/in/run.sh")), 0o755, "{how:?}");
        // Without a path it is the login's home, with a login that login's.
        scp(&["back", "ann@n1:"]).ok();
        assert_eq!(host.sh("stat -c %U /home/ann/back"), "ann");
        let missing = scp(&["n1:/nonexistent", "x"]);
        assert_eq!(missing.status, 1, "{missing:?}");
        assert!(missing.stderr.contains("No such file"), "{missing:?}");
        host.sh("rm -rf /tmp/*ü /srv/tree /home/ann/back");
        for left in ["copied", "back"] {
            let left = user.home().join(left);
            let _ = fs::remove_file(&left).or_else(|_| fs::remove_dir_all(&left));
        }
    }
    let left: Vec<_> =
        fs::read_dir(user.temporary()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "each copy takes its configuration with it: {left:?}");
}

#[test]
fn two_machines_keep_their_own_port_login_key_and_host_key() {
    let (one, two) = (host!(Kind::Debian12Engine), host!(Kind::Debian12Engine));
    move_to_port_2222(&one);
    two.add_login("ann", "/bin/bash", "ann ALL=(ALL) NOPASSWD: ALL");
    assert_ne!(fs::read(one.key()).unwrap(), fs::read(two.key()).unwrap());
    let user = User::new();
    user.adopt(&one, "one", &["--generic-ssh-port", "2222"]).ok();
    user.adopt(&two, "two", &["--generic-ssh-user", "ann"]).ok();
    one.put("/root/from", b"from one\n");
    user.rmachine(&["scp", "one:from", &format!("two:{NAME}")]).ok();
    assert_eq!(two.sh("cd /home/ann && stat -c %U *ü && cat *ü"), "ann\nfrom one");
    user.rmachine(&["scp", "-q", &format!("two:{NAME}"), "one:/srv/back"]).ok();
    assert_eq!(one.sh("cat /srv/back"), "from one");
    user.rmachine(&["scp", "one:from", "one:again"]).ok();
    assert_eq!(one.sh("cat /root/again"), "from one");
    user.rmachine(&["scp", "-d", "one:from", "two:x"])
        .fails(2, "rsync cannot copy from one machine to another");

    // Another key than the pinned one: nothing is sent.
    two.sh("rm /etc/ssh/ssh_host_*; ssh-keygen -A >/dev/null && systemctl restart ssh");
    for delta in [&[][..], &["-d"]] {
        let secret = put(&user, "secret", b"secret\n", 0o600).display().to_string();
        let refused = user.rmachine(&[&["scp"], delta, &[secret.as_str(), "two:/tmp/secret"]].concat());
        assert_eq!(refused.status, 1, "{refused:?}");
        assert!(refused.stderr.contains("Host key verification failed"), "{refused:?}");
    }
    assert!(!two.run("test -e /tmp/secret").status.success());
}

#[test]
fn a_big_file_goes_both_ways_whole() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let big = user.home().join("big");
    run(user.command("dd").args(["if=/dev/urandom", "of=big", "bs=1M", &format!("count={BIG}")])).ok();
    let sum = run(user.command("sha256sum").arg("big")).ok();
    for (what, arguments, is_there) in [
        ("scp to a machine", &["scp", "-q", "big", "n1:/root/big"][..], true),
        ("scp from a machine", &["scp", "-q", "n1:/root/big", "big"], false),
        ("scp --delta of what is there", &["scp", "-q", "-d", "big", "n1:/root/big"], true),
    ] {
        if !is_there {
            fs::remove_file(&big).unwrap();
        }
        let began = Instant::now();
        user.rmachine(arguments).ok();
        let took = began.elapsed().as_secs_f32();
        #[allow(clippy::cast_precision_loss, reason = "a hundred")]
        let rate = BIG as f32 / took;
        println!("{what}: {BIG} MiB in {took:.1} s, {rate:.0} MiB/s");
        assert_eq!(host.sh("cd /root && sha256sum big"), sum, "{what}");
        assert_eq!(run(user.command("sha256sum").arg("big")).ok(), sum, "{what}");
    }
}

#[test]
fn a_folder_is_mounted_and_unmounted() {
    if !Path::new("/dev/fuse").exists() {
        return crate::support::skip("a_folder_is_mounted_and_unmounted", "there is no /dev/fuse");
    }
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "default", &[]).ok();
    host.sh("mkdir -p '/srv/a b' && echo there > '/srv/a b/file'");
    let here = user.home().join("a mount");
    fs::create_dir(&here).unwrap();
    let _unmounted = Unmounted(here.clone());
    let there = here.display().to_string();
    user.rmachine(&["mount", "default:/srv/a b", &there]).ok();
    assert_eq!(fs::read_to_string(here.join("file")).unwrap(), "there\n");
    fs::write(here.join("new"), "here\n").unwrap();
    assert_eq!(host.sh("cat '/srv/a b/new'"), "here");
    assert_eq!(mode(&user.machine_file("default", "sshfs_config")), 0o600);

    // A connection that broke is made again, with the same key.
    host.sh("systemd-run -q --on-active=0.2 pkill -f sftp-server");
    std::thread::sleep(std::time::Duration::from_secs(1));
    let began = Instant::now();
    while fs::read_to_string(here.join("file")).is_err() {
        assert!(began.elapsed().as_secs() < 20, "the mount did not come back");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    user.rmachine(&["mount", "-u", "default:/srv/a b", &there]).ok();
    assert!(!here.join("file").exists());

    // Without a colon it is the machine `default`; and where the machine is gone, its mount can be unmounted.
    user.rmachine(&["mount", "/srv/a b", "a mount"]).ok();
    user.rmachine(&["rm", "-f", "default"]).ok();
    user.rmachine(&["mount", "--unmount", "default:/srv/a b", "a mount"]).ok();
    assert!(!here.join("file").exists());
    user.rmachine(&["mount", "default:/", &there]).fails(1, "machine \"default\" does not exist");
}

/// Unmounts a folder when a test ends, however.
struct Unmounted(PathBuf);

impl Drop for Unmounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("fusermount3").args(["-qzu"]).arg(&self.0).status();
    }
}

#[test]
fn docker_machines_voice_copies_too() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let classic = user.home().join("docker-machine");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rmachine"), &classic).unwrap();
    put(&user, "file", b"x\n", 0o644);
    let copied = run(user.command(&classic).args(["scp", "file", "n1:/tmp/file"]));
    assert_eq!((copied.status, copied.stdout.as_str(), copied.stderr.as_str()), (0, "", ""));
    let copied = run(user.command(&classic).args(["scp", "-r", "-d", "n1:/tmp/file", "other"]));
    assert_eq!((copied.status, copied.stderr.as_str()), (0, ""));
    assert!(copied.stdout.contains("100%"), "rsync shows its progress: {copied:?}");
    let missing = run(user.command(&classic).args(["scp", "file", "n2:/tmp/file"]));
    assert_eq!(missing.status, 1);
    // docker-machine's own sentence, doubled as it was.
    let sentence = "Error loading host: Error loading host: Docker machine \"n2\" does not exist.";
    assert!(missing.stderr.starts_with(sentence), "{missing:?}");
}

#[test]
fn copies_go_the_way_of_the_users_ssh_config() {
    let (gate, host) = (host!(Kind::Debian12Engine), host!(Kind::Debian12Engine));
    let user = User::new();
    // Known only to the user's configuration, and behind a jump host with a login and key of its own.
    gate.add_login("ann", "/bin/bash", "");
    let (gate_key, key) = (gate.key().display().to_string(), host.key().display().to_string());
    let known_hosts = user.home().join(".ssh/known_hosts").display().to_string();
    user.write_ssh_config(&format!(
        "Host web\n  HostName {}\n  ProxyJump ann@gate\n  IdentityFile {key}\nHost gate\n  HostName {}\n  \
         IdentityFile {gate_key}\n  StrictHostKeyChecking accept-new\n  UserKnownHostsFile {known_hosts}\n",
        host.ip(),
        gate.ip()
    ));
    user.rmachine(&["create", "-d", "generic", "--ip", "web", "--engine-access", "ssh", "n1"]).ok();
    put(&user, "file", b"through\n", 0o644);
    user.rmachine(&["scp", "file", "n1:/root/by-scp"]).ok();
    user.rmachine(&["scp", "-q", "-d", "file", "n1:~/by-rsync"]).ok();
    assert_eq!(host.sh("cat /root/by-scp /root/by-rsync"), "through\nthrough");
    let gone_through = gate.sh("journalctl -u ssh --no-pager | grep -c 'Accepted publickey for ann'");
    assert!(gone_through.parse::<u32>().unwrap() >= 3, "the jump host saw {gone_through} logins");
}
