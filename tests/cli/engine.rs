//! Options of the engine as far as they go without a host: found, checked, explained, stored.

use std::fs;

use serde_json::{Value, json};

use crate::home::Home;

const URL: &str = "tcp://127.0.0.1:2376";

fn create(home: &Home, more: &[&str]) -> crate::home::Ended {
    let words = ["create", "-d", "none", "--url", URL].iter().chain(more).chain(&["n1"]).copied();
    home.run(&words.collect::<Vec<_>>())
}

fn stored(home: &Home) -> (Value, Value) {
    let read = |file: &str| -> Value {
        serde_json::from_slice(&fs::read(home.machine("n1").join(file)).unwrap()).unwrap()
    };
    (read("rmachine.json")["wishes"].clone(), read("config.json")["HostOptions"]["EngineOptions"].clone())
}

#[test]
fn options_are_taken_under_every_name_and_stored_as_docker_machine_stores_them() {
    let home = Home::new();
    let flags = [
        "--engine-opt=mtu=1450",
        "--engine-opt",
        "debug",
        "--engine-dns",
        "10.0.0.2",
        "--engine-dns",
        "10.0.0.3",
        "--engine-icc=false",
        "--engine-ipv6",
        "--engine-log-opts",
        "max-size=10m",
        "--engine-label",
        "a=b",
        "--engine-registry-mirror",
        "https://m.example.org",
        "--engine-insecure-registry",
        "r.example.org:5000",
        "--engine-storage-driver",
        "overlay2",
        "--engine-env",
        "A=$B \"c\"",
        "--engine-opt",
        "hosts=tcp://10.0.0.5:2377",
    ];
    create(&home, &flags).with_code(0);
    let (wishes, options) = stored(&home);
    let daemon = json!({
        "mtu": 1450, "debug": true, "icc": false, "ipv6": true, "dns": ["10.0.0.2", "10.0.0.3"],
        "log-opts": { "max-size": "10m" }, "insecure-registries": ["r.example.org:5000"],
        "registry-mirrors": ["https://m.example.org"], "labels": ["a=b"], "storage-driver": "overlay2",
    });
    assert_eq!(wishes["daemon"], daemon);
    assert_eq!((&wishes["listen"], &wishes["port"]), (&json!(["10.0.0.5"]), &json!(2377)));
    assert_eq!(wishes["env"], json!(["A=$B \"c\""]));
    let words = options["ArbitraryFlags"].as_array().unwrap();
    for word in [
        "mtu=1450",
        "debug",
        "dns=10.0.0.2",
        "dns=10.0.0.3",
        "icc=false",
        "ipv6=true",
        "log-opt=max-size=10m",
    ] {
        assert!(words.contains(&word.into()), "{word}: {words:?}");
    }
    assert_eq!(options["Labels"], json!(["a=b"]));
    assert_eq!(options["StorageDriver"], "overlay2");
    assert_eq!(options["Env"], json!(["A=$B \"c\""]));
}

#[test]
fn a_daemon_json_of_the_users_own_is_merged_under_what_is_typed() {
    let home = Home::new();
    let file = home.path("mine.json");
    fs::write(&file, r#"{"mtu": 1400, "log-driver": "journald", "brand-new-thing": {"x": 1}}"#).unwrap();
    create(&home, &["--engine-config", file.to_str().unwrap(), "--engine-mtu", "1450"]).with_code(0);
    let daemon = json!({ "mtu": 1450, "log-driver": "journald", "brand-new-thing": { "x": 1 } });
    assert_eq!(stored(&home).0["daemon"], daemon);
}

#[test]
fn a_wrong_option_is_refused_with_the_form_that_is_meant_and_nothing_is_made() {
    let home = Home::new();
    let file = home.path("mine.json");
    let path = file.to_str().unwrap();
    let table: &[(&[&str], &str, &str)] = &[
        (
            &["--engine-mtu=90000"],
            "option \"mtu\" must be a number from 68 to 65535",
            "rmachine engine options mtu",
        ),
        (&["--engine-opt", "bip=10.9.0.0/24"], "(did you mean 10.9.0.1/24?)", "rmachine engine options bip"),
        (
            &["--engine-dns", "ns.example.org"],
            "must be a list of IP addresses",
            "rmachine engine options dns",
        ),
        (
            &["--engine-opt", "fixed-cidr=10.9.0.5/24"],
            "(did you mean 10.9.0.0/24?)",
            "rmachine engine options",
        ),
        (&["--engine-opt", "mtuu=1400"], "(did you mean \"mtu\"?)", "rmachine engine options mtu"),
        (
            &["--engine-opt", "tlscert=/x"],
            "rmachine makes the engine's certificates",
            "rmachine engine options",
        ),
        (&["--engine-opt", "hosts=unix:///x"], "the engine keeps its own socket", "--engine-listen IP"),
        (&["--engine-env", "1A=b"], "--engine-env \"1A=b\" is not KEY=VALUE", "--engine-env KEY=VALUE"),
        (
            &["--engine-label", "ab"],
            "option \"labels\" must be a list of KEY=VALUE",
            "rmachine engine options labels",
        ),
        (&["--engine-config", path], "line 1, column 11: expected value", "it must be JSON"),
    ];
    fs::write(&file, "{\"debug\": yes}").unwrap();
    for (flags, said, hint) in table {
        create(&home, flags).with_code(2).saying(said).saying(hint);
    }
    fs::write(&file, r#"{"registry-mirror": ["https://m"]}"#).unwrap();
    create(&home, &["--engine-config", path]).with_code(2).saying("did you mean \"registry-mirrors\"?");
    assert!(!home.machine("n1").exists());
}

#[test]
fn every_option_is_listed_and_each_is_explained_by_any_of_its_names() {
    let home = Home::new();
    let all = home.run(&["engine", "options"]).with_code(0).out;
    for key in ["bip", "default-address-pools", "live-restore", "seccomp-profile", "proxies", "metrics-addr"]
    {
        assert!(all.lines().any(|line| line.starts_with(&format!("{key} "))), "{key}: {all}");
    }
    assert!(!all.contains("tlscert"), "what is not for users is not listed");
    let one = home.run(&["engine", "options", "log-opt"]).with_code(0).out;
    assert!(
        one.contains("log-opts: Give the log driver this option") && one.contains("engine set n1 log-opts=")
    );
    let json = home.run(&["engine", "options", "--json", "mtu"]).with_code(0).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json[0]["key"], &json[0]["change"]), (&json!("mtu"), &json!("restart")));
    let old = home.run(&["engine", "options", "--engine-version", "20.10"]).with_code(0).out;
    assert!(!old.contains("default-network-opts") && old.contains("cluster-store"));
    home.run(&["engine", "options", "mtuu"]).with_code(2).saying("did you mean \"mtu\"?");
}

#[test]
fn machines_and_options_cannot_be_taken_for_each_other() {
    let home = Home::new().with_machine("n1", URL).with_machine("debug", URL);
    let before = home.snapshot();
    let table: &[(&[&str], i32, &str)] = &[
        (&["set", "n1"], 2, "no option is named"),
        (&["set", "n1", "mtu", "1450"], 2, "did you mean mtu=1450?"),
        (&["set", "mtu=1450"], 2, "no machine is named"),
        (&["set", "n1", "mtu=1450", "debug"], 2, "debug stands behind an option: machines come first"),
        (&["set", "n1", "mtu=90000"], 2, "option \"mtu\" must be a number from 68 to 65535"),
        (&["set", "n1", "nope", "mtu=1450"], 1, "machine \"nope\" does not exist"),
        (&["set", "n1", "--env", "A"], 2, "--env \"A\" is not KEY=VALUE"),
        (&["set", "n1", "--later", "--dry-run", "mtu=1450"], 2, "cannot be used with"),
        (&["set", "n1", "--rolling", "0", "mtu=1450"], 2, "invalid value '0'"),
        (&["unset", "n1"], 2, "no option is named"),
        (&["unset", "n1", "mtuu"], 2, "did you mean \"mtu\"?"),
        (&["set", "n1", "mtu=1450"], 3, "hosts of the none driver are not provisioned"),
        (&["show", "n1"], 3, "hosts of the none driver are not provisioned"),
    ];
    for (words, code, said) in table {
        let line: Vec<&str> = ["engine"].iter().chain(*words).copied().collect();
        home.run(&line).with_code(*code).saying(said);
    }
    let mut after = home.snapshot();
    after.retain(|path, _| !path.starts_with(home.store().join(".rmachine/locks")));
    assert_eq!(after, before);
}
