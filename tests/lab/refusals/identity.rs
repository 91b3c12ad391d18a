//! Hosts that are not the ones they should be, and logins that do not lead to root.

use super::{refused, works};
use crate::{
    host,
    support::{Host, Kind, User},
};

fn new_host_key(host: &Host) {
    host.sh("rm /etc/ssh/ssh_host_ed25519_key*; \
         ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; systemctl restart ssh");
}

fn fingerprint(host: &Host) -> String {
    host.sh("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2")
}

#[test]
fn a_changed_host_key_stops_every_verb_that_connects_until_the_machine_is_forgotten() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let adopted = user.adopt(&host, "n1", &[]);
    assert!(adopted.stderr.contains(&fingerprint(&host)), "the first key is told: {}", adopted.stderr);
    adopted.ok();
    new_host_key(&host);
    let seen = fingerprint(&host);
    for verb in [&["provision", "n1"][..], &["ssh", "n1", "--", "true"], &["release", "-y", "n1"]] {
        let run = user.rmachine(verb).fails(1, "not the one that is pinned for this machine");
        assert!(run.stderr.contains(&seen), "{verb:?}: {}", run.stderr);
        assert!(
            run.stderr.contains("hint: if the host was made anew, so must the machine be: rmachine rm -f n1"),
            "{}",
            run.stderr
        );
    }
    user.rmachine(&["rm", "-y", "n1"]).ok();
    works(&user, &host, &[]);
}

#[test]
fn a_demanded_host_key_is_the_only_one_that_will_do() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let other = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let demanding = |key: &str| user.adopt(&host, "n1", &["--generic-ssh-host-key", key]);
    let cause = format!("not the one that is demanded ({other})");
    refused(&user, demanding(other), 1, &cause, "somebody may be in between: compare");
    works(&user, &host, &["--generic-ssh-host-key", &fingerprint(&host)]);
}

#[test]
fn strict_host_key_checking_refuses_a_host_that_nobody_knows() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.write_ssh_config("Host *\n  StrictHostKeyChecking yes\n");
    let hint = format!("if that is the same, demand it: --generic-ssh-host-key {}", fingerprint(&host));
    refused(&user, user.adopt(&host, "n1", &[]), 1, "is not known and was not accepted", &hint);
    let key = host.sh("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub");
    std::fs::write(user.home().join(".ssh/known_hosts"), format!("{} {key}\n", host.ip())).unwrap();
    works(&user, &host, &[]);
}

#[test]
fn a_login_that_does_not_lead_to_root_is_told_by_why() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new().with("SECRET", crate::support::PASSWORD);
    host.add_login("ann", "/bin/bash", "# nothing for ann");
    let ann = ["--generic-ssh-user", "ann", "--sudo-password-env", "SECRET"];
    let before = host.hash_of_etc();
    let root = "log in as root, or as a user who may run sudo";
    refused(&user, user.adopt(&host, "n1", &ann), 1, "cannot become root on", root);
    assert_eq!(host.hash_of_etc(), before);
    host.sh("chmod -x /usr/bin/sudo");
    refused(&user, user.adopt(&host, "n1", &ann), 1, "sudo is not installed there", root);
    host.sh("chmod 4755 /usr/bin/sudo; usermod -s /usr/sbin/nologin ann");
    refused(
        &user,
        user.adopt(&host, "n1", &ann),
        1,
        "gives no shell that runs /bin/sh",
        "give that login a shell",
    );
    works(&user, &host, &[]);
}
