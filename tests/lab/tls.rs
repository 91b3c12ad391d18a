//! The engine's port from outside, by openssl: only our client certificate is let in, by TLS 1.2 or later.

use std::{io::Write, process::Stdio};

use crate::{
    host,
    support::{Host, Kind, Run, User},
};

/// One HTTP request through `openssl s_client` with these further arguments.
fn probe(user: &User, host: &Host, arguments: &[&str]) -> Run {
    let at = format!("{}:2376", host.ip());
    let mut openssl = user.command("openssl");
    openssl.args(["s_client", "-quiet", "-verify_return_error", "-connect", &at]).args(arguments);
    let mut child = openssl
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl runs");
    let mut stdin = child.stdin.take().expect("stdin");
    // A refused client may find the pipe closed; that is an answer too.
    let _ = stdin.write_all(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n");
    let output = child.wait_with_output().expect("openssl ends");
    drop(stdin);
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn only_our_client_certificate_is_let_in() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let file = |name: &str| user.machine_file("n1", name).display().to_string();
    let (ca, cert, key) = (file("ca.pem"), file("cert.pem"), file("key.pem"));
    let ours = ["-CAfile", &ca, "-cert", &cert, "-key", &key];

    let let_in = probe(&user, &host, &ours);
    assert!(let_in.stdout.contains("200 OK"), "{let_in:?}");

    let nobody = probe(&user, &host, &["-CAfile", &ca]);
    assert!(!nobody.stdout.contains("200 OK"), "{nobody:?}");

    let stranger = User::new();
    stranger.rmachine(&["create", "--driver", "none", "--url", "tcp://127.0.0.1:1", "other"]).ok();
    let (other_cert, other_key) =
        (stranger.store().join("certs/cert.pem"), stranger.store().join("certs/key.pem"));
    let (other_cert, other_key) = (other_cert.display().to_string(), other_key.display().to_string());
    let foreign = probe(&user, &host, &["-CAfile", &ca, "-cert", &other_cert, "-key", &other_key]);
    assert!(!foreign.stdout.contains("200 OK"), "{foreign:?}");

    // Security level 0 lets this openssl offer TLS 1.1 at all: the refusal must be the engine's.
    let old = probe(&user, &host, &[&ours[..], &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]].concat());
    assert!(!old.stdout.contains("200 OK"), "{old:?}");
    assert!(old.stderr.contains("alert protocol version") || old.stderr.contains("tlsv1 alert"), "{old:?}");
    let current = probe(&user, &host, &[&ours[..], &["-tls1_2"]].concat());
    assert!(current.stdout.contains("200 OK"), "{current:?}");
}

#[test]
fn the_engine_listens_on_the_address_that_ssh_used_and_no_other() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let listening = host.sh("ss -tlnH | awk '{print $4}' | grep 2376");
    assert_eq!(listening, format!("{}:2376", host.ip()));
}

#[test]
fn keys_are_seen_by_root_alone_on_both_sides() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let wide = host.sh("grep -rl 'PRIVATE KEY' /etc/docker /var/lib/rmachine 2>/dev/null | xargs stat -c '%a %U %n' | grep -v '^600 root' || true");
    assert_eq!(wide, "", "keys on the host wider than 0600");
    let here = user
        .command("sh")
        // What docker itself keeps of a context beside its certificates is for everybody to read, and holds no secret.
        .args([
            "-c",
            "find .docker/machine .docker/contexts/tls \\( -type f ! -perm 600 -o -type d ! -perm 700 \\)",
        ])
        .output();
    let here = String::from_utf8(here.expect("find runs").stdout).expect("text");
    assert_eq!(here, "", "files of the store wider than 0600");
}

#[test]
fn over_ssh_no_port_is_opened_and_the_client_still_works() {
    is_reached_over_ssh(&host!(Kind::Debian12Engine), &[], "root");
    let host = host!(Kind::Debian13Engine);
    // The client is a package of its own there, and what the docker client here talks to on the host.
    host.sh("dpkg --purge docker-cli 2>/dev/null; ! command -v docker");
    is_reached_over_ssh(&host, &[], "root");
    host.sh("command -v docker");
}

#[test]
fn over_ssh_a_login_must_be_let_in_by_the_engine() {
    let host = host!(Kind::Debian12Engine);
    host.add_login("ann", "/bin/bash", "ann ALL=(ALL) NOPASSWD: ALL");
    let before = host.hash_of_etc();
    let as_ann = ["--generic-ssh-user", "ann"];
    let user = User::new();
    let run = user.adopt(&host, "n1", &[&as_ann[..], &["--engine-access", "ssh"]].concat());
    let run = run.fails(3, "ann is not in the group docker");
    assert!(run.stderr.contains("hint: log in as root, or let that login in"), "{run:?}");
    assert_eq!(host.hash_of_etc(), before);
    host.sh("usermod -aG docker ann");
    is_reached_over_ssh(&host, &as_ann, "ann");
}

fn is_reached_over_ssh(host: &Host, more: &[&str], login: &str) {
    let user = User::new();
    let created = user.adopt(host, "n1", &[more, &["--engine-access", "ssh"]].concat());
    assert!(created.stderr.contains("line at the top of ~/.ssh/config: Include "), "{}", created.stderr);
    created.ok();
    assert!(!host.sh("ss -tlnH").contains(":2376"));
    let env = user.rmachine(&["env", "n1"]).ok();
    assert!(env.contains(&format!("DOCKER_HOST=\"ssh://{login}@{}\"", host.ip())), "{env}");
    user.docker("n1", "version").fails(1, "");

    let line = env.lines().find_map(|line| line.strip_prefix("# Include ")).expect("a line for ssh_config");
    user.write_ssh_config(&format!("Include {line}\n"));
    assert!(!user.rmachine(&["env", "n1"]).ok().contains("Include"), "it is there by now");
    assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty());
    user.rmachine(&["env", "--check", "n1"]).ok();
    let url = format!("ssh://{login}@{}", host.ip());
    assert_eq!(user.rmachine(&["config", "n1"]).ok(), format!("-H={url}"));
    let json = format!("{{\"name\":\"n1\",\"url\":\"{url}\",\"tlsverify\":false}}");
    assert_eq!(user.rmachine(&["config", "--json", "n1"]).ok(), json);
}
