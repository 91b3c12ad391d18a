//! Hosts whose SSH server lets a connection have one session at a time, or forwards nothing.

use crate::{
    host,
    support::{Host, Kind, PASSWORD, User},
};

/// The variable that holds sudo's password.
const VARIABLE: &str = "SUDO_SECRET";

fn configure_sshd(host: &Host, lines: &str) {
    host.sh(&format!("printf '{lines}' >/etc/ssh/sshd_config.d/test.conf; systemctl reload ssh"));
    host.wait_for_ssh();
}

/// Has a tinyssh of this computer's listen there too. It knows nothing but Ed25519, one session per connection and no forwarding.
fn add_tinyssh(host: &Host, port: u16) {
    for program in ["tinysshd", "tinysshd-makekey"] {
        host.put(
            &format!("/usr/local/sbin/{program}"),
            &std::fs::read(format!("/usr/sbin/{program}")).expect("tinysshd is installed"),
        );
    }
    host.sh(&format!(
        "chmod 755 /usr/local/sbin/tinysshd*; tinysshd-makekey /var/lib/tinyssh && \
         systemd-run -q --unit tinyssh systemd-socket-activate --accept --inetd -l {port} \
         /usr/local/sbin/tinysshd /var/lib/tinyssh && \
         until ss -Hltn | grep -q ':{port} '; do sleep 0.05; done"
    ));
}

#[test]
fn a_host_that_allows_one_session_is_adopted_provisioned_and_released() {
    let host = host!(Kind::Debian12Engine);
    configure_sshd(&host, "MaxSessions 1\\n");
    add_tinyssh(&host, 2200);
    host.add_login("ann", "/usr/bin/fish", "Defaults:ann requiretty\\nann ALL=(ALL) ALL");
    let container = host.keep_running();
    let before = host.hash_of_etc();
    let ann: &[&str] = &["--generic-ssh-user", "ann", "--sudo-password-env", VARIABLE];
    let tiny: &[&str] = &["--generic-ssh-port", "2200"];
    let user = User::new().with(VARIABLE, PASSWORD);
    for (login, password) in [(&[][..], &[][..]), (ann, &ann[2..]), (tiny, &[])] {
        user.adopt(&host, "n1", login).ok();
        assert_eq!(user.rmachine(&["ssh", "n1", "--", "hostname"]).ok(), host.sh("hostname"));
        assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
        let again = user.rmachine(&[&["provision", "n1"], password].concat());
        assert!(again.stderr.contains("already as it should be"), "{login:?} {again:?}");
        user.rmachine(&[&["release", "n1", "-y"], password].concat()).ok();
        assert_eq!((host.hash_of_etc(), host.container()), (before.clone(), container.clone()));
    }
}

#[test]
fn an_engine_without_a_port_is_reached_though_ssh_forwards_nothing() {
    let host = host!(Kind::Debian12Engine);
    configure_sshd(&host, "MaxSessions 1\\nDisableForwarding yes\\n");
    let user = User::new();
    user.adopt(&host, "n1", &["--engine-access", "ssh"]).ok();
    assert!(!host.sh("ss -tlnH").contains(":2376"));
    assert_eq!(user.rmachine(&["status", "n1"]).ok(), "Running");
    user.rmachine(&["env", "--check", "n1"]).ok();
    user.rmachine(&["release", "n1", "-y"]).ok();
}
