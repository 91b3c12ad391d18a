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
fn a_changed_host_key_stops_every_verb_that_connects_until_it_is_trusted() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let adopted = user.adopt(&host, "n1", &[]);
    assert!(adopted.stderr.contains(&fingerprint(&host)), "the first key is told: {}", adopted.stderr);
    adopted.ok();
    new_host_key(&host);
    let seen = fingerprint(&host);
    let hint = format!("trust its new key: rmachine trust n1 --host-key {seen}");
    let verbs =
        [(1, &["provision", "n1"][..]), (255, &["ssh", "n1", "--", "true"]), (1, &["release", "-y", "n1"])];
    for (code, verb) in verbs {
        let run = user.rmachine(verb).fails(code, "not the one that is pinned for this machine");
        assert!(run.stderr.contains(&seen), "{verb:?}: {}", run.stderr);
        assert!(run.stderr.contains(&hint), "{verb:?}: {}", run.stderr);
    }

    let unasked = user.rmachine(&["trust", "n1"]).fails(3, "there is no terminal to ask for consent");
    assert!(unasked.stderr.contains(&format!("n1: {} shows ssh-ed25519 {seen}", host.ip())), "{unasked:?}");
    assert!(unasked.stderr.contains("n1: pinned is ssh-ed25519 SHA256:"), "{unasked:?}");
    let other = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    user.rmachine(&["trust", "n1", "--host-key", other])
        .fails(1, &format!("not the one that is demanded ({other})"));
    user.rmachine(&["trust", "n1", "--host-key", "SHA256:short"]).fails(2, "is not a fingerprint");
    assert_eq!(user.at_terminal("rmachine trust n1", "n\n").status, 0);
    user.rmachine(&["provision", "n1"]).fails(1, "not the one that is pinned");

    user.rmachine(&["trust", "n1", "--host-key", &seen]).ok();
    user.rmachine(&["ssh", "n1", "--", "true"]).ok();
    user.rmachine(&["ssh", "n1", "-T", "true"]).ok();
    let known = user.rmachine(&["trust", "n1"]);
    assert!(known.stderr.contains("shows the key that is pinned"), "{known:?}");
    new_host_key(&host);
    assert_eq!(user.at_terminal("rmachine trust n1", "y\n").status, 0);
    user.rmachine(&["release", "-y", "n1"]).ok();
    works(&user, &host, &[]);
}

#[test]
fn a_key_that_was_demanded_at_create_gives_way_to_one_that_is_trusted() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &["--generic-ssh-host-key", &fingerprint(&host)]).ok();
    new_host_key(&host);
    user.rmachine(&["trust", "-y", "n1"]).ok();
    user.rmachine(&["provision", "n1"]).ok();
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
