//! Every kind of login that leads to root: by sudo with and without a password, through other shells than bash, on a
//! terminal where sudo wants one.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use crate::{
    host,
    support::{Host, Kind, PASSWORD, User},
};

/// The variable that holds sudo's password.
const VARIABLE: &str = "SUDO_SECRET";

/// A user whose environment holds the password, and a file of which the mode is this.
fn user_with_password(mode: u32) -> (User, String) {
    let user = User::new().with(VARIABLE, PASSWORD);
    let file = user.home().join("password");
    fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    let file = file.display().to_string();
    (user, file)
}

#[test]
fn every_login_that_leads_to_root_adopts_and_releases_a_host() {
    let host = host!(Kind::Debian12Engine);
    let (user, file) = user_with_password(0o600);
    let by_variable = ["--sudo-password-env", VARIABLE];
    let by_file = ["--sudo-password-file", file.as_str()];
    let logins: [(&str, &str, &str, &[&str]); 7] = [
        ("plain", "/bin/bash", "plain ALL=(ALL) NOPASSWD: ALL", &[]),
        ("fish", "/usr/bin/fish", "fish ALL=(ALL) NOPASSWD: ALL", &[]),
        ("csh", "/bin/csh", "csh ALL=(ALL) NOPASSWD: ALL", &[]),
        ("variable", "/bin/bash", "variable ALL=(ALL) ALL", &by_variable),
        ("file", "/usr/bin/fish", "file ALL=(ALL) ALL", &by_file),
        ("requires", "/bin/bash", "Defaults:requires requiretty\\nrequires ALL=(ALL) NOPASSWD: ALL", &[]),
        ("uses", "/bin/csh", "Defaults:uses use_pty,requiretty\\nuses ALL=(ALL) ALL", &by_variable),
    ];
    for (name, shell, sudoers, password) in logins {
        host.add_login(name, shell, sudoers);
        let before = host.hash_of_etc();
        user.adopt(&host, name, &[&["--generic-ssh-user", name], password].concat()).ok();
        let version = user.docker(name, "version --format '{{.Server.Version}}'").ok();
        assert!(!version.is_empty(), "{name}");
        user.rmachine(&[&["release", "-y", name], password].concat()).ok();
        assert_eq!(host.hash_of_etc(), before, "{name}");
    }
}

#[test]
fn the_password_is_in_no_argument_list_and_no_log() {
    let host = host!(Kind::Debian12Engine);
    // One that no other test has in an argument list while this one looks.
    let password = "seen nowhere";
    let user = User::new().with(VARIABLE, password);
    host.add_login("ann", "/bin/bash", "Defaults:ann requiretty\\nann ALL=(ALL) ALL");
    host.sh(&format!("echo 'ann:{password}' | chpasswd"));
    let ended = AtomicBool::new(false);
    let (created, seen) = std::thread::scope(|scope| {
        let seen = scope.spawn(|| argument_lists_with(password, &ended));
        let created = user.adopt(
            &host,
            "n1",
            &["--debug", "--generic-ssh-user", "ann", "--sudo-password-env", VARIABLE],
        );
        ended.store(true, Ordering::Relaxed);
        (created, seen.join().unwrap())
    });
    assert_eq!(created.status, 0, "{created:?}");
    let (looks, seen) = seen;
    assert!(looks > 20, "only {looks} looks at the process list");
    assert_eq!(seen, BTreeSet::new());
    assert!(!format!("{}{}", created.stdout, created.stderr).contains(password));
    let told = host.sh("journalctl --no-pager | grep -cF 'seen nowhere' || true");
    assert_eq!(told, "0", "the host's journal");
    let kept =
        host.sh("grep -rlF 'seen nowhere' /etc /var/lib/rmachine /var/log /tmp /run 2>/dev/null || true");
    assert_eq!(kept, "", "files of the host");
}

/// Reads the arguments of every process, the hosts' among them, again and again. Says how often, and what held the text.
fn argument_lists_with(text: &str, ended: &AtomicBool) -> (usize, BTreeSet<String>) {
    let (mut looks, mut found) = (0, BTreeSet::new());
    while !ended.load(Ordering::Relaxed) {
        looks += 1;
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
            if arguments.contains(text) {
                found.insert(arguments);
            }
        }
    }
    (looks, found)
}

#[test]
fn a_password_that_is_wrong_or_missing_is_told_at_once_and_nothing_is_left() {
    let host = host!(Kind::Debian12Engine);
    host.add_login("ann", "/bin/bash", "ann ALL=(ALL) ALL");
    let before = host.hash_of_etc();
    let (user, file) = user_with_password(0o644);
    let user = user.with("WRONG", "not it");
    let ann = |more: &[&str]| user.adopt(&host, "n1", &[&["--generic-ssh-user", "ann"], more].concat());

    let began = Instant::now();
    let wrong = ann(&["--sudo-password-env", "WRONG"]).fails(1, "as ann: sudo refused the password");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    assert!(wrong.stderr.contains("hint: give sudo's password with --sudo-password-env"), "{wrong:?}");
    ann(&[]).fails(1, "sudo wants a password, and there is no terminal to ask for it");
    ann(&["--sudo-password-file", &file]).fails(3, "others may read the password file");
    ann(&["--sudo-password-env", "ABSENT"]).fails(2, "the variable ABSENT is not set");
    assert_eq!(host.hash_of_etc(), before);
    assert!(user.rmachine(&["ls", "-q"]).ok().is_empty());

    ann(&["--sudo-password-env", VARIABLE]).ok();
}

#[test]
fn on_a_terminal_the_password_is_asked_for_once_and_not_shown() {
    let host = host!(Kind::Debian12Engine);
    host.add_login("ann", "/bin/bash", "ann ALL=(ALL) ALL");
    let user = User::new();
    let key = host.key();
    let line = format!(
        "rmachine create --driver generic --ip {} --generic-ssh-key {} --generic-ssh-user ann n1",
        host.ip(),
        key.display()
    );
    // First the host key is asked about, as OpenSSH does.
    let shown = user.at_terminal(&line, &format!("y\n{PASSWORD}\n"));
    assert_eq!(shown.status, 0, "{}", shown.stdout);
    assert!(shown.stdout.contains("SHA256:"), "{}", shown.stdout);
    assert_eq!(shown.stdout.to_lowercase().matches("password of ann").count(), 1, "{}", shown.stdout);
    assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty());
}

#[test]
fn an_engine_that_waits_behind_docker_socket_is_adopted() {
    for host in [host!(Kind::Debian12Engine), host!(Kind::Debian13Engine)] {
        waits_behind_its_socket(&host);
    }
}

fn waits_behind_its_socket(host: &Host) {
    host.sh("systemctl stop docker.service; systemctl is-active docker.socket");
    let before = host.hash_of_etc();
    let user = User::new();
    user.adopt(host, "n1", &[]).ok();
    assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty());
    user.rmachine(&["release", "-y", "n1"]).ok();
    assert_eq!(host.hash_of_etc(), before);
    assert_eq!(host.sh("systemctl is-active docker.socket docker.service || true"), "active\ninactive");
}
