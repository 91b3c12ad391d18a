//! Addresses where no SSH server answers, and keys that open nothing.

use std::{
    io::Write,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
};

use super::{refused, works};
use crate::{
    host,
    support::{Kind, Run, User},
};

/// Ends the waiting for a host that may be coming up.
const BRIEFLY: [&str; 2] = ["--timeout", "3"];

#[test]
fn an_address_where_no_ssh_server_answers_is_told_by_how_it_does_not() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let on_port =
        |port: &str| user.adopt(&host, "n1", &[&["--generic-ssh-port", port][..], &BRIEFLY].concat());
    let cause = "port 1 refused the connection";
    refused(&user, on_port("1"), 1, cause, "does SSH listen there, on this port? ssh -v -p 1 ");

    host.sh("iptables -I INPUT -p tcp --dport 2 -j DROP");
    refused(
        &user,
        on_port("2"),
        1,
        "port 2 does not answer",
        "is the host up, and does no firewall drop port 2?",
    );

    let [a, b, c, _] = host.ip().parse::<Ipv4Addr>().unwrap().octets();
    let nobody = format!("{a}.{b}.{c}.253");
    let far = user.rmachine(&["create", "--driver", "generic", "--ip", &nobody, "--timeout", "5", "n1"]);
    refused(
        &user,
        far,
        1,
        &format!("there is no route to {nobody}"),
        "is the address right, and is the host up?",
    );

    works(&user, &host, &[]);
}

#[test]
fn what_is_no_ssh_server_is_told_with_what_it_said() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let local = ["create", "--driver", "generic", "--ip", "127.0.0.1", "--generic-ssh-port", &port, "n1"];
    let cause = "is not an SSH server: it said \"HTTP/1.1 400 Bad Request";
    refused(&user, user.rmachine(&local), 1, cause, "is that the port of SSH?");
    works(&user, &host, &[]);
}

#[test]
fn a_key_that_opens_nothing_is_told_by_why() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let with_key = |key: &str| -> Run {
        user.rmachine(&["create", "--driver", "generic", "--ip", host.ip(), "--generic-ssh-key", key, "n1"])
    };
    let stranger = user.new_key("stranger", "");
    let cause = "refused the login of root: tried ";
    let run = refused(&user, with_key(&stranger), 1, cause, "is root the right login (--generic-ssh-user)");
    assert!(run.stderr.contains("stranger (ssh-ed25519)"), "the key is named: {}", run.stderr);

    let absent = format!("the SSH key {}/absent does not exist", user.home().display());
    with_key("absent").fails(3, &absent);

    std::fs::set_permissions(&stranger, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused(&user, with_key(&stranger), 3, "can be read by others (its mode is 0644)", "chmod 600 ");
    refused(&user, with_key(&format!("{stranger}.pub")), 3, "is a public key", "--generic-ssh-key ");
    works(&user, &host, &[]);
}

#[test]
fn an_encrypted_key_needs_its_passphrase() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let key = user.new_key("locked", "open sesame");
    let public = std::fs::read_to_string(format!("{key}.pub")).unwrap();
    host.sh(&format!("echo '{}' >> /root/.ssh/authorized_keys", public.trim()));
    let words = ["create", "--driver", "generic", "--ip", host.ip(), "--generic-ssh-key", &key, "n1"];

    let cause = "is encrypted, and there is no terminal to ask for its passphrase";
    refused(&user, user.rmachine(&words), 1, cause, "let the agent hold it: ssh-add ");

    let line = format!("rmachine {}", words.join(" "));
    let wrong = user.at_terminal(&line, "open nothing\n");
    assert_eq!(wrong.status, 1, "{wrong:?}");
    assert!(wrong.stdout.contains("locked is wrong"), "{}", wrong.stdout);
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "");

    let right = user.at_terminal(&line, "open sesame\ny\n");
    assert_eq!(right.status, 0, "{}", right.stdout);
    assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty());
}
