//! Certificates that end soon are told wherever a machine is looked at, in time and with what renews them.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use rmachine::tls::{self, Identity, make_authority, make_client, make_server};
use serde_json::Value;

use crate::home::Home;

const URL: &str = "tcp://127.0.0.1:1";
const DAY: i64 = 24 * 3600;
/// The age of a certificate that has 19 days left.
const LONG_AGO: i64 = 1060 * DAY + DAY / 2;
/// And of one that is new.
const JUST_NOW: i64 = 60;

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// A machine whose CA, client and server certificates were made so many seconds ago.
fn with_certificates(home: Home, ca_age: i64, client_age: i64, server_age: i64) -> Home {
    let home = home.with_machine("n1", URL);
    let ca = make_authority("me", now() - ca_age).unwrap();
    let client = make_client(&ca, "me", now() - client_age).unwrap();
    let server = make_server(&ca, "me", &["localhost".parse().unwrap()], now() - server_age).unwrap();
    let put = |certificate: &str, key: &str, identity: &Identity| {
        fs::write(home.machine("n1").join(certificate), &identity.certificate).unwrap();
        fs::write(home.machine("n1").join(key), identity.key.expose()).unwrap();
    };
    put("ca.pem", "ca-key.pem", &ca);
    put("cert.pem", "key.pem", &client);
    put("server.pem", "server-key.pem", &server);
    home
}

fn days_left(value: &Value, whose: &str) -> i64 {
    value[whose]["days_left"].as_i64().unwrap()
}

#[test]
fn env_warns_on_stderr_and_says_what_renews_it() {
    let home = with_certificates(Home::new(), JUST_NOW, LONG_AGO, LONG_AGO);
    let ended = home.run(&["env", "n1", "--shell", "bash"]).with_code(0);
    let lines: Vec<&str> = ended.err.lines().collect();
    assert!(
        lines[0].starts_with("warning: the client certificate for n1 expires in 19 days (20"),
        "{lines:?}"
    );
    assert!(lines[0].ends_with("to renew it: rmachine regenerate-certs --client-certs"), "{lines:?}");
    assert!(lines[1].starts_with("warning: the certificate of n1 expires in 19 days (20"), "{lines:?}");
    assert!(lines[1].ends_with("to renew it: rmachine regenerate-certs n1"), "{lines:?}");
    assert!(ended.out.contains("DOCKER_HOST") && !ended.out.contains("expires"), "{}", ended.out);

    let home = with_certificates(Home::new(), LONG_AGO, JUST_NOW, JUST_NOW);
    home.run(&["env", "n1"])
        .with_code(0)
        .saying("warning: the CA of n1 expires in 19 days")
        .saying("to renew it: rmachine regenerate-certs --ca");
    let home = with_certificates(Home::new(), JUST_NOW, JUST_NOW, JUST_NOW);
    assert_eq!(home.run(&["env", "n1"]).with_code(0).err, "");
    let home = with_certificates(Home::new(), LONG_AGO, JUST_NOW, JUST_NOW);
    assert_eq!(home.run(&["env", "-u"]).with_code(0).err, "");
}

#[test]
fn ls_marks_the_machine_and_gives_programs_all_three() {
    let home = with_certificates(Home::new(), JUST_NOW, LONG_AGO, JUST_NOW);
    let table = home.run(&["ls", "--offline"]).with_code(0).out;
    assert!(table.contains("its client certificate expires in 19 days"), "{table}");
    let json: Value = serde_json::from_str(&home.run(&["ls", "--offline", "--json"]).out).unwrap();
    let certificates = &json[0]["certificates"];
    assert_eq!(days_left(certificates, "ca"), 1079);
    assert_eq!(days_left(certificates, "client"), 19);
    assert_eq!(days_left(certificates, "server"), 1079);
    let ends = certificates["server"]["expires"].as_str().unwrap();
    let server = fs::read_to_string(home.machine("n1").join("server.pem")).unwrap();
    assert_eq!(ends.len(), "2029-01-01T00:00:00Z".len());
    assert!(tls::read(&server).unwrap().not_after > now());

    home.run_killed_at("recorded", &["create", "-d", "generic", "--ip", "192.0.2.5", "n2"]);
    let table = home.run(&["ls", "--offline"]).with_code(0).out;
    assert!(table.contains("its create did not finish: the same command goes on"), "{table}");

    let home = Home::new().with_machine("n1", URL);
    let json: Value = serde_json::from_str(&home.run(&["ls", "--offline", "--json"]).out).unwrap();
    assert_eq!(json[0]["certificates"], serde_json::json!({ "ca": null, "client": null, "server": null }));
}

#[test]
fn inspect_has_them_beside_the_record_and_docker_machines_voice_has_not() {
    let home = with_certificates(Home::new(), JUST_NOW, JUST_NOW, LONG_AGO);
    let shown: Value = serde_json::from_str(&home.run(&["inspect", "n1"]).with_code(0).out).unwrap();
    assert_eq!(days_left(&shown["Certificates"], "server"), 19);
    assert_eq!(shown["Name"], "n1");
    home.run(&["inspect", "-f", "{{.Certificates.server.days_left}}", "n1"]).printing("19\n");
    let classic = with_certificates(Home::classic(), JUST_NOW, JUST_NOW, LONG_AGO);
    assert!(!classic.run(&["inspect", "n1"]).with_code(0).out.contains("Certificates"));
    assert!(!classic.run(&["ls", "-t", "1"]).with_code(0).out.contains("19 days"));
}
