//! Accounts for tests of login shells and sudo. They exist in files of the test's folder, which its server alone sees in the
//! place of /etc/passwd and its kin: nothing of them is left on this machine.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::servers::available;

/// The password of all of them.
pub const PASSWORD: &str = "open-barley";

/// One account.
struct Account {
    name: &'static str,
    shell: &'static str,
    /// Its lines in sudoers.
    rule: &'static str,
    /// A profile that makes noise: file and text.
    profile: Option<(&'static str, &'static str)>,
}

impl Account {
    const fn new(name: &'static str, shell: &'static str, rule: &'static str) -> Self {
        Self { name, shell, rule, profile: None }
    }

    const fn noisy(mut self, file: &'static str, text: &'static str) -> Self {
        self.profile = Some((file, text));
        self
    }
}

const BASH_NOISE: &str = "echo noise; echo noise >&2; printf 'no line end'; printf 'none here' >&2\n";

const ACCOUNTS: [Account; 9] = [
    Account::new("free", "bash", "free ALL=(ALL) NOPASSWD: ALL"),
    Account::new("noisy", "bash", "noisy ALL=(ALL) NOPASSWD: ALL").noisy(".bashrc", BASH_NOISE),
    Account::new("fishy", "fish", "fishy ALL=(ALL) NOPASSWD: ALL")
        .noisy(".config/fish/config.fish", "echo noise; echo -n tail\n"),
    Account::new("sea", "csh", "sea ALL=(ALL) ALL").noisy(".cshrc", "echo noise\n"),
    Account::new("asked", "bash", "asked ALL=(ALL) ALL"),
    Account::new("tty", "bash", "Defaults:tty requiretty\ntty ALL=(ALL) ALL"),
    Account::new("pty", "bash", "Defaults:pty requiretty,use_pty\npty ALL=(ALL) NOPASSWD: ALL"),
    Account::new("plain", "bash", ""),
    Account::new("nologin", "nologin", "nologin ALL=(ALL) NOPASSWD: ALL"),
];
/// The first of their numbers; far from those that people and services have.
const FIRST_ID: u32 = 61_100;

/// Makes the files; answers which of them stand in the place of which others.
pub fn make(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let hash = hash();
    let mut passwd = fs::read_to_string("/etc/passwd").unwrap();
    let mut shadow = fs::read_to_string("/etc/shadow").unwrap();
    let mut group = fs::read_to_string("/etc/group").unwrap();
    let mut sudoers = format!(
        "Defaults env_reset, timestampdir={folder}/ts, lecture=always, lecture_status_dir={folder}/lectured\n\
         root ALL=(ALL:ALL) ALL\n",
        folder = folder.display()
    );
    for (id, account) in (FIRST_ID..).zip(ACCOUNTS) {
        let Account { name, shell, rule, profile } = account;
        let Some(shell) = available(shell) else { continue };
        let home = folder.join(format!("home-{name}"));
        writeln!(passwd, "{name}:x:{id}:{id}::{}:{}", home.display(), shell.display()).unwrap();
        writeln!(shadow, "{name}:{hash}:19000:0:99999:7:::").unwrap();
        writeln!(group, "{name}:x:{id}:").unwrap();
        writeln!(sudoers, "{rule}").unwrap();
        fs::create_dir(&home).unwrap();
        if let Some((file, text)) = profile {
            fs::create_dir_all(home.join(file).parent().unwrap()).unwrap();
            fs::write(home.join(file), text).unwrap();
        }
        own(&home, id);
    }
    // The folder of our key is its owner's alone, and it is read as the user who logs in.
    for open in ["home", "home/.ssh"] {
        fs::set_permissions(folder.join(open), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let files = [
        ("/etc/passwd", passwd, 0o644),
        ("/etc/shadow", shadow, 0o600),
        ("/etc/group", group, 0o644),
        ("/etc/sudoers", sudoers, 0o440),
    ];
    let bind = |(place, text, mode): (&'static str, String, u32)| {
        let ours = folder.join(place.trim_start_matches("/etc/"));
        fs::write(&ours, text).unwrap();
        fs::set_permissions(&ours, fs::Permissions::from_mode(mode)).unwrap();
        (ours, place)
    };
    files.map(bind).to_vec()
}

/// The password as /etc/shadow has it. It goes by stdin, because a test looks whether it stands in any command line.
fn hash() -> String {
    let mut openssl = Command::new("openssl");
    let openssl = openssl.args(["passwd", "-6", "-stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut openssl = openssl.spawn().unwrap();
    openssl.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

fn own(path: &Path, id: u32) {
    chown(path, Some(id), Some(id)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            own(&entry.unwrap().path(), id);
        }
    }
}
