//! New certificates for machines that are at work: containers go on, copies follow, and what fails is put back.

use crate::{
    host,
    support::{Host, Kind, User},
};

/// The serial number of the certificate that the engine shows.
pub fn served(host: &Host) -> String {
    let show = format!(
        "openssl s_client -connect {}:2376 </dev/null 2>/dev/null | openssl x509 -noout -serial",
        host.ip()
    );
    let output = std::process::Command::new("sh").args(["-c", &show]).output().expect("openssl runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// One hash for each file below /etc, without the certificates.
fn rest_of_etc(host: &Host) -> String {
    host.sh("find /etc -type f ! -path '/etc/docker/rmachine/*' -exec sha256sum {} + | sort")
}

fn modes_of_certificates(host: &Host) -> String {
    host.sh("stat -c '%a %U %n' /etc/docker/rmachine/*")
}

fn file(user: &User, machine: &str, name: &str) -> String {
    std::fs::read_to_string(user.machine_file(machine, name)).expect(name)
}

#[test]
fn an_engine_gets_a_new_certificate_and_its_containers_go_on() {
    for kind in [Kind::Debian12Engine, Kind::Debian13Engine] {
        let host = host!(kind);
        let user = User::new();
        user.adopt(&host, "n1", &["--tls-san", "build.example.org"]).ok();
        let container = host.keep_running();
        let (serial, rest, modes) = (served(&host), rest_of_etc(&host), modes_of_certificates(&host));
        let engine = host.engine_start();

        let plan = user.rmachine(&["regenerate-certs", "--dry-run", "n1"]).ok();
        assert!(plan.contains("n1: change /etc/docker/rmachine/server.pem"), "{plan}");
        assert!(plan.contains("keep will go on"), "{plan}");
        assert_eq!((served(&host), host.engine_start()), (serial.clone(), engine.clone()));

        let run = user.rmachine(&["regenerate-certs", "--json", "n1"]);
        assert!(run.stderr.contains("n1: its engine has a new certificate"), "{run:?}");
        let told: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
        assert_eq!(told["machines"][0]["result"], "renewed", "{told}");
        assert!(told["machines"][0]["certificates"]["server"]["days_left"].as_i64() > Some(300), "{told}");
        run.ok();
        assert_ne!(served(&host), serial);
        assert_ne!(host.engine_start(), engine);
        assert_eq!(host.container(), container);
        assert_eq!((rest_of_etc(&host), modes_of_certificates(&host)), (rest, modes));
        assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
        let names = file(&user, "n1", "server.pem");
        let names = host.sh(&format!("echo '{names}' | openssl x509 -noout -ext subjectAltName"));
        assert!(names.contains("build.example.org"), "{names}");

        let (engine, etc) = (host.engine_start(), host.hash_of_etc());
        user.rmachine(&["provision", "n1"]).ok();
        assert_eq!(
            (host.engine_start(), host.hash_of_etc()),
            (engine.clone(), etc),
            "provision finds it done"
        );
        let quiet = user.rmachine(&["regenerate-certs", "--all", "--client-certs", "--max-age", "300d"]);
        assert_eq!((quiet.status, quiet.stdout, quiet.stderr), (0, String::new(), String::new()));
        assert_eq!(host.engine_start(), engine);
        user.rmachine(&["release", "n1", "-y"]).ok();
        assert_eq!(host.container(), container);
    }
}

/// The record says where the host is now, as its owner would write it there.
#[test]
fn an_engine_at_another_address_gets_a_certificate_for_that() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let container = host.keep_running();
    let (network, last) = host.ip().rsplit_once('.').expect("an IPv4 address");
    // Hosts of the lab get their addresses from the low end.
    let moved = format!("{network}.{}", last.parse::<u8>().expect("a number") ^ 128);
    host.sh(&format!("ip addr add {moved}/24 dev host0"));
    let record =
        file(&user, "n1", "config.json").replace(&format!("\"{}\"", host.ip()), &format!("\"{moved}\""));
    std::fs::write(user.machine_file("n1", "config.json"), record).expect("written");

    user.rmachine(&["provision", "n1"]).ok();
    assert_eq!(user.rmachine(&["url", "n1"]).ok(), format!("tcp://{moved}:2376"));
    assert_eq!(user.docker("n1", "ps --format '{{.Names}}'").ok(), "keep");
    assert_eq!(host.container(), container);
    assert!(!host.sh("ss -tlnH").contains(&format!("{}:2376", host.ip())), "the old address is closed");
}

#[test]
fn an_engine_that_does_not_come_up_with_it_gets_the_old_one_back() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    user.adopt(&host, "n1", &[]).ok();
    let container = host.keep_running();
    let (serial, etc) = (served(&host), host.hash_of_etc());
    let (ours, key) = (file(&user, "n1", "server.pem"), file(&user, "n1", "server-key.pem"));
    host.sh("mkdir -p -m 700 /run/rmachine");
    host.put(
        "/run/rmachine/at-step",
        b"#!/bin/sh\n[ \"$1\" != restart ] || echo garbage >/etc/docker/rmachine/server.pem\n",
    );
    host.sh("chmod 700 /run/rmachine/at-step");
    let run = user.rmachine(&["regenerate-certs", "n1"]).fails(1, "everything was put back as it was");
    assert!(run.stderr.contains("hint: mend that, then run the same command again"), "{run:?}");
    host.sh("rm -r /run/rmachine");
    assert_eq!(
        (served(&host), host.hash_of_etc(), host.container()),
        (serial.clone(), etc, container.clone())
    );
    assert_eq!((file(&user, "n1", "server.pem"), file(&user, "n1", "server-key.pem")), (ours, key));
    user.docker("n1", "version").ok();

    user.rmachine(&["regenerate-certs", "n1"]).ok();
    assert_ne!(served(&host), serial);
    assert_eq!(host.container(), container);
}

#[test]
fn a_new_client_certificate_reaches_the_folder_of_every_machine() {
    let (one, two) = (host!(Kind::Debian12Engine), host!(Kind::Debian12Engine));
    let user = User::new();
    user.adopt(&one, "n1", &[]).ok();
    user.adopt(&two, "n2", &[]).ok();
    let engines = (one.engine_start(), two.engine_start());
    let before = file(&user, "n1", "cert.pem");
    let run = user.rmachine(&["regenerate-certs", "--client-certs"]);
    assert!(run.stderr.contains("engines let the one before in until 20"), "{run:?}");
    run.ok();
    let after = file(&user, "n1", "cert.pem");
    assert_ne!(after, before);
    assert_eq!(file(&user, "n2", "cert.pem"), after);
    assert_eq!(std::fs::read_to_string(user.store().join("certs/cert.pem")).expect("a certificate"), after);
    for machine in ["n1", "n2"] {
        user.docker(machine, "version").ok();
        user.uses_context_of(machine);
    }
    assert_eq!((one.engine_start(), two.engine_start()), engines);
}
