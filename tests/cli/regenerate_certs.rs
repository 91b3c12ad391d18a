//! `regenerate-certs` without a host: whom it asks, what it says, and what it leaves alone.

use std::fs;

use serde_json::Value;

use crate::home::Home;

const URL: &str = "tcp://127.0.0.1:2376";
const QUESTION: &str = "Regenerate TLS machine certs?  Warning: this is irreversible. (y/n): ";

/// A machine that was made by `create`, so that there are a CA and a client certificate.
fn with_store(home: Home) -> Home {
    home.run(&["create", "-d", "none", "--url", URL, "n1"]).with_code(0);
    home
}

fn client(home: &Home) -> String {
    fs::read_to_string(home.store().join("certs/cert.pem")).unwrap()
}

#[test]
fn docker_machines_question_is_asked_and_only_a_yes_goes_on() {
    let home = with_store(Home::classic());
    for answer in ["n\n", "maybe y\n", "\n"] {
        home.run_with(&["regenerate-certs", "n1"], answer).with_code(0).printing(QUESTION);
    }
    let ended = home.run_with(&["regenerate-certs", "n1"], "").with_code(1).printing(QUESTION);
    assert_eq!(ended.err, "EOF\n");
    let ended = home.run_with(&["regenerate-certs", "n1"], "y\n").with_code(1);
    assert_eq!(ended.out, format!("{QUESTION}Regenerating TLS certificates\n"));
    assert_eq!(ended.err, "hosts of the none driver are not provisioned\n");
}

#[test]
fn force_answers_docker_machines_question() {
    let home = with_store(Home::classic());
    for flag in ["-f", "--force", "-force"] {
        let ended = home.run(&["regenerate-certs", flag, "x"]).with_code(1);
        assert_eq!(ended.out, "Regenerating TLS certificates\n");
        assert!(ended.err.starts_with("Docker machine \"x\" does not exist."), "{ended:?}");
    }
    let ended = home.run(&["regenerate-certs", "-f"]).with_code(1);
    assert_eq!(ended.err, "Error: No machine name(s) specified and no \"default\" machine exists\n");
}

#[test]
fn docker_machines_client_certs_are_really_made_again() {
    let home = with_store(Home::classic());
    let before = client(&home);
    let ended = home.run(&["regenerate-certs", "-f", "--client-certs", "n1"]).with_code(1);
    assert!(
        ended.out.starts_with("Regenerating TLS certificates\nRegenerating local certificates\n"),
        "{ended:?}"
    );
    assert_ne!(client(&home), before);
}

#[test]
fn machines_are_named_because_their_engines_restart() {
    let home = with_store(Home::new());
    home.run(&["regenerate-certs"]).with_code(2).saying("no machine is named");
    home.run(&["regenerate-certs", "n1"]).with_code(3).saying("hosts of the none driver are not provisioned");
    home.run(&["regenerate-certs", "--all"]).with_code(0);
    home.run(&["regenerate-certs", "--all", "n1"]).with_code(2).saying("cannot be used with");
}

#[test]
fn the_client_alone_needs_no_host_and_an_old_one_still_counts() {
    let home = with_store(Home::new());
    let before = client(&home);
    home.run(&["regenerate-certs", "--client-certs", "--dry-run"]).with_code(0);
    assert_eq!(client(&home), before);
    home.run(&["regenerate-certs", "--client-certs"])
        .with_code(0)
        .saying("engines let the one before in until 20");
    assert_ne!(client(&home), before);
}

#[test]
fn nothing_due_is_nothing_said() {
    let home = with_store(Home::new());
    let before = client(&home);
    let ended = home
        .run(&["regenerate-certs", "--all", "--client-certs", "--max-age", "40w"])
        .with_code(0)
        .printing("");
    assert_eq!((ended.err.as_str(), client(&home)), ("", before));
    for wrong in ["soon", "30h", "-1"] {
        let flag = format!("--max-age={wrong}");
        home.run(&["regenerate-certs", "--all", &flag]).with_code(2).saying("days are meant, such as 300");
    }
}

#[test]
fn a_client_certificate_of_the_users_is_theirs_to_replace() {
    let home = with_store(Home::new());
    let own = home.path("own.pem");
    fs::copy(home.store().join("certs/cert.pem"), &own).unwrap();
    let flag = format!("--tls-client-cert={}", own.display());
    home.run(&["regenerate-certs", "--client-certs", &flag])
        .with_code(3)
        .saying("own.pem is not of this store, so it is yours to replace");
}

#[test]
fn a_new_ca_of_a_store_without_hosts_is_made_and_the_old_one_kept() {
    let home = with_store(Home::new());
    let certs = |file: &str| fs::read_to_string(home.store().join("certs").join(file)).unwrap();
    let (ca, client_before) = (certs("ca.pem"), client(&home));
    home.run(&["regenerate-certs", "--ca", "--dry-run"]).with_code(0);
    assert_eq!(certs("ca.pem"), ca);

    home.run(&["regenerate-certs", "--ca", "--overlap"]).with_code(0).saying("engines trust both CAs");
    assert!(certs("ca.pem").ends_with(&ca) && certs("ca.pem").len() > ca.len());
    home.run(&["create", "-d", "none", "--url", URL, "n2"]).with_code(0);
    let ended = home.run(&["regenerate-certs", "--ca"]).with_code(0).saying("the old one is kept as ");
    let kept = ended.err.trim_end().rsplit(' ').next().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), ca);
    assert!(!certs("ca.pem").contains(&ca) && client(&home) != client_before);
    assert!(!home.store().join("certs/rotation.json").exists());
}

#[test]
fn a_ca_of_the_users_is_theirs_to_replace_and_a_young_one_stays() {
    let home = with_store(Home::new());
    let ended = home.run(&["regenerate-certs", "--ca", "--max-age", "40w"]).with_code(0).printing("");
    assert_eq!(ended.err, "");
    let own = home.path("own.pem");
    fs::copy(home.store().join("certs/ca.pem"), &own).unwrap();
    let flag = format!("--tls-ca-cert={}", own.display());
    home.run(&["regenerate-certs", "--ca", &flag]).with_code(3).saying("own.pem is not of this store");
    home.run(&["regenerate-certs", "--ca", "n1"]).with_code(2).saying("cannot be used with");
    home.run(&["regenerate-certs", "--overlap", "n1"]).with_code(2).saying("--ca");
}

#[test]
fn json_says_what_came_of_the_client_the_ca_and_each_machine() {
    let home = with_store(Home::new());
    let json = |words: &[&str], code: i32| -> Value {
        let ended = home.run(&[&["regenerate-certs", "--json"], words].concat()).with_code(code);
        serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
    };
    let file = home.store().join("certs/cert.pem");
    let planned = json(&["--client-certs", "--dry-run"], 0);
    assert_eq!(planned["client"], serde_json::json!({ "result": "planned", "certificate": file }));

    let made = json(&["--client-certs", "--max-age", "2"], 0);
    assert_eq!(made["client"]["result"], "not-due", "it was made today");
    let made = json(&["--client-certs"], 0);
    assert_eq!(made["client"]["result"], "renewed");
    assert!(made["client"]["former_expires"].as_str().unwrap().starts_with("20"), "{made}");
    assert_eq!(made["client"]["failed_copies"], serde_json::json!([]));
    assert_eq!(made["machines"], serde_json::json!([]));

    let refused = json(&["n1"], 3);
    assert_eq!(refused["machines"][0]["name"], "n1");
    assert_eq!(refused["machines"][0]["result"], "failed");
    assert_eq!(refused["machines"][0]["error"], "hosts of the none driver are not provisioned");

    assert_eq!(json(&["--ca", "--max-age", "40w"], 0)["ca"]["result"], "not-due");
    assert_eq!(json(&["--ca", "--overlap"], 0)["ca"]["result"], "both-trusted");
    let done = json(&["--ca"], 0);
    assert_eq!(done["ca"]["result"], "done");
    assert!(fs::exists(done["ca"]["old"].as_str().unwrap()).unwrap(), "{done}");
    // Nothing was begun, so nothing is said beside the error.
    home.run(&["regenerate-certs", "--json"]).with_code(2).printing("").saying("no machine is named");
}
