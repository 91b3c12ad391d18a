//! Classic swarm's flags: stored as docker-machine stored them; setting one up is refused with what to type instead.

use serde_json::{Value, json};

use super::URL;
use crate::home::{Home, config};

/// A machine that docker-machine made the master of this swarm.
fn with_master(home: Home, discovery: &str) -> Home {
    let mut master = config("m1", &json!({ "IPAddress": "127.0.0.1:1", "URL": URL }));
    master["HostOptions"]["SwarmOptions"] = json!({
        "IsSwarm": true, "Discovery": discovery, "Master": true, "Host": "tcp://0.0.0.0:3376",
    });
    home.with_config("m1", &master.to_string()).with_certificates("m1")
}

#[test]
fn create_with_classic_swarm_says_what_to_type_instead_with_the_users_own_values() {
    let home = with_master(Home::classic(), "consul://10.0.0.2/x");
    let before = home.snapshot();
    let table: [(&[&str], &str); 4] = [
        (
            &["--swarm", "--swarm-master", "--swarm-discovery", "token://abc", "--swarm-opt=a"],
            "swarm create --managers n2 n2-swarm",
        ),
        (&["-swarm-master"], "swarm create --managers n2 --drain-managers n2-swarm"),
        (
            &["--swarm", "--swarm-discovery=consul://10.0.0.2/x"],
            "swarm create --managers m1 --workers n2 m1-swarm",
        ),
        // Nobody knows its master: it manages itself.
        (
            &["--swarm", "--swarm-addr", "10.0.0.9"],
            "swarm create --managers n2 --advertise n2=10.0.0.9 n2-swarm",
        ),
    ];
    for (flags, line) in table {
        let words: Vec<&str> = ["create", "-d", "none", "--url", URL, "--engine-label", "a=b c"]
            .iter()
            .chain(flags)
            .chain(&["n2"])
            .copied()
            .collect();
        let ended = home.run(&words).with_code(3).printing("");
        assert_eq!(
            ended.err,
            format!(
                "classic swarm is not set up: no engine of today speaks its API\n\
                 for a swarm of today: rmachine create -d none --url {URL} --engine-label 'a=b c' n2 && rmachine {line}\n"
            )
        );
    }
    assert_eq!(home.snapshot(), before);
}

#[test]
fn a_switch_of_classic_swarm_that_is_off_refuses_nothing() {
    Home::classic().run(&["create", "-d", "none", "--url", URL, "--swarm=false", "n2"]).with_code(0);
}

#[test]
fn options_of_classic_swarm_are_stored_as_docker_machine_stored_them() {
    let home = Home::classic();
    let flags = "--swarm-discovery etcd://h1,h2/path --swarm-strategy binpack --swarm-opt a=1 --swarm-opt b --swarm-join-opt c \
                 --swarm-host tcp://0.0.0.0:3377 --swarm-addr 10.0.0.9 --swarm-experimental --swarm-image swarm:1.2.9";
    let words: Vec<&str> = ["create", "-d", "none", "--url", URL]
        .into_iter()
        .chain(flags.split_whitespace())
        .chain(["n1"])
        .collect();
    home.run(&words).with_code(0);
    let text = std::fs::read_to_string(home.machine("n1").join("config.json")).unwrap();
    let config: Value = serde_json::from_str(&text).unwrap();
    let stored = json!({
        "IsSwarm": false, "Address": "10.0.0.9", "Discovery": "etcd://h1,h2/path", "Agent": false, "Master": false,
        "Host": "tcp://0.0.0.0:3377", "Image": "swarm:1.2.9", "Strategy": "binpack", "Heartbeat": 0, "Overcommit": 0,
        "ArbitraryFlags": ["a=1", "b"], "ArbitraryJoinFlags": ["c"], "Env": null, "IsExperimental": true,
    });
    assert_eq!(config["HostOptions"]["SwarmOptions"], stored);
}

#[test]
fn a_master_of_classic_swarm_is_pointed_at_by_the_port_it_was_made_with() {
    let home = with_master(Home::new(), "token://abc");
    let ended = home.run(&["env", "--swarm", "--shell", "bash", "m1"]).with_code(0);
    assert!(ended.out.contains("export DOCKER_HOST=\"tcp://127.0.0.1:3376\"\n"), "{}", ended.out);
    let classic = with_master(Home::classic(), "token://abc");
    for (words, prefix) in [
        (["env", "m1", "--swarm"], "Error checking TLS connection: "),
        (["config", "m1", "--swarm"], "Error running connection boilerplate: "),
    ] {
        let ended = classic.run(&words).with_code(1).printing("");
        let told = format!(
            "{prefix}Error checking and/or regenerating the certs: There was an error validating certificates for host \
             \"127.0.0.1:3376\": "
        );
        assert!(ended.err.starts_with(&told), "{}", ended.err);
    }
}

#[test]
fn an_engine_that_does_not_answer_is_told_with_two_lines_of_advice() {
    let home = Home::classic().with_machine("n1", URL).with_certificates("n1");
    for (words, prefix) in [
        (["env", "n1"], "Error checking TLS connection: "),
        (["config", "n1"], "Error running connection boilerplate: "),
    ] {
        let ended = home.run(&words).with_code(1).printing("");
        let cause = format!(
            "{prefix}Error checking and/or regenerating the certs: There was an error validating certificates for host \
             \"127.0.0.1:1\": 127.0.0.1:1 refuses connections"
        );
        let lines: Vec<&str> = ended.err.split('\n').collect();
        assert_eq!((lines[0], lines.len()), (cause.as_str(), 5), "{}", ended.err);
        assert!(lines[1].contains("regenerate-certs") && lines[2].contains("containers"), "{}", ended.err);
        assert_eq!(lines[3..], ["", ""]);
    }
}
