//! What `create` stores of each flag, and of the options before it, under the names and in the form of docker-machine's file.

use std::fs;

use super::{URL, recorded};
use crate::home::Home;

#[test]
fn every_flag_of_create_is_stored_where_docker_machine_stored_it() {
    for (number, row) in recorded!("create-stored.txt").lines().enumerate() {
        let (flags, stored) = row.split_once("=> ").unwrap();
        let (field, value) = stored.split_once(' ').unwrap();
        let home = Home::classic().with_var("MACHINE_DRIVER", "none");
        let mut words = vec!["create", "--url", URL];
        words.extend(flags.split_whitespace());
        home.run(&[&words[..], &["n1"]].concat()).with_code(0);
        let template = format!("{{{{json .{field}}}}}");
        let told = home.run(&["inspect", "n1", "-f", &template]).with_code(0);
        assert_eq!(told.out, format!("{value}\n"), "row {}: {row}", number + 1);
    }
}

#[test]
fn the_options_before_a_command_come_from_their_variables_too() {
    let own = Home::classic();
    own.run(&["create", "-d", "none", "--url", URL, "n1"]).with_code(0);
    let file = |name: &str| own.store().join("certs").join(name).display().to_string();
    let rows = [
        ("tls-ca-cert", "MACHINE_TLS_CA_CERT", "ca.pem", "CaCertPath"),
        ("tls-ca-key", "MACHINE_TLS_CA_KEY", "ca-key.pem", "CaPrivateKeyPath"),
        ("tls-client-cert", "MACHINE_TLS_CLIENT_CERT", "cert.pem", "ClientCertPath"),
        ("tls-client-key", "MACHINE_TLS_CLIENT_KEY", "key.pem", "ClientKeyPath"),
    ];
    let options: Vec<String> =
        rows.iter().map(|(flag, _, path, _)| format!("--{flag}={}", file(path))).collect();
    let typed: Vec<&str> = options.iter().map(String::as_str).collect();
    let create = ["create", "-d", "none", "--url", URL, "n2"];
    let by_flags = Home::classic();
    by_flags.run(&[&typed[..], &create].concat()).with_code(0);
    let with_variable =
        |home: Home, (_, variable, path, _): &(&str, &str, &str, &str)| home.with_var(variable, &file(path));
    let by_variables = rows.iter().fold(Home::classic(), with_variable);
    by_variables.run(&create).with_code(0);
    for home in [by_flags, by_variables] {
        assert!(!home.store().join("certs/ca.pem").exists(), "the user's own is used");
        for (_, _, path, field) in rows {
            let template = format!("{{{{.HostOptions.AuthOptions.{field}}}}}");
            let stored = home.run(&["inspect", "-f", &template, "n2"]).with_code(0);
            assert_eq!(stored.out, format!("{}\n", file(path)));
        }
    }
}

#[test]
fn options_of_other_services_are_taken_by_flag_and_variable_and_do_nothing() {
    let home = Home::classic()
        .with_machine("n1", URL)
        .with_var("MACHINE_NATIVE_SSH", "true")
        .with_var("MACHINE_GITHUB_API_TOKEN", "t0ken")
        .with_var("MACHINE_BUGSNAG_API_TOKEN", "no-report");
    home.run(&["url", "n1"]).with_code(0).printing(&format!("{URL}\n"));
    let typed = ["--native-ssh", "--github-api-token=t0ken", "--bugsnag-api-token", "no-report", "url", "n1"];
    home.run(&typed).with_code(0).printing(&format!("{URL}\n"));
}

#[test]
fn the_store_is_where_the_option_says_else_where_the_variable_says() {
    let home = Home::classic();
    let other = home.path("other").display().to_string();
    let create = ["create", "-d", "none", "--url", URL, "n1"];
    for (option, name) in [(&["-s", &other][..], "n1"), (&["--storage-path", &other], "n2")] {
        home.run(&[option, &create[..5], &[name]].concat()).with_code(0);
        home.run(&[option, &["ls", "-q", "--filter", &format!("name={name}")]].concat())
            .with_code(0)
            .printing(&format!("{name}\n"));
    }
    home.run(&["ls", "-q"]).with_code(0).printing("");
    home.run(&create).with_code(0);
    home.run(&["ls", "-q"]).with_code(0).printing("n1\n");
    let folders: Vec<_> = fs::read_dir(&other).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(folders.iter().any(|name| name == "certs") && folders.iter().any(|name| name == "machines"));
}
