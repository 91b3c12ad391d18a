use serde_json::json;

use super::*;
use crate::machine::EngineVersion;

fn options(text: &str) -> Options {
    parse(text.as_bytes()).unwrap()
}

fn version(text: &str) -> EngineVersion {
    text.parse().unwrap()
}

#[test]
fn a_broken_file_is_told_by_line_and_column() {
    let error = parse(b"{\n  \"debug\": yes\n}").unwrap_err();
    assert_eq!(error.to_string(), "line 2, column 12: expected value");
    assert!(parse(b"[]").unwrap_err().reason.contains("expected a map"));
}

#[test]
fn an_empty_file_holds_nothing() {
    assert_eq!(parse(b" \n").unwrap(), Options::new());
}

#[test]
fn merging_changes_only_what_it_is_about_and_keeps_the_order() {
    let merged = merge(
        options(r#"{"zebra": 1, "labels": ["a=1", "b=2"], "debug": false}"#),
        &options(r#"{"labels": ["b=3"], "debug": true, "tlsverify": true}"#),
    );
    assert_eq!(
        serde_json::to_string(&merged).unwrap(),
        r#"{"zebra":1,"labels":["a=1","b=3"],"debug":true,"tlsverify":true}"#
    );
}

#[test]
fn merging_twice_is_merging_once() {
    let patch = options(r#"{"labels": ["b=3"], "registry-mirrors": ["https://m"]}"#);
    let once = merge(options(r#"{"labels": ["a=1"]}"#), &patch);
    assert_eq!(merge(once.clone(), &patch), once);
}

#[test]
fn unmerging_brings_back_the_origin_and_keeps_what_others_changed() {
    let origin = options(r#"{"debug": false, "labels": ["a=1"]}"#);
    let ours = options(r#"{"debug": true, "labels": ["b=2"], "bip": "10.9.0.1/24"}"#);
    assert_eq!(unmerge(merge(origin.clone(), &ours), &ours, &origin), origin);
    let mut edited = merge(origin.clone(), &ours);
    edited.insert("bip".into(), "10.8.0.1/24".into());
    edited.insert("mtu".into(), 1400.into());
    assert_eq!(
        unmerge(edited, &ours, &origin),
        options(r#"{"debug": false, "labels": ["a=1"], "bip": "10.8.0.1/24", "mtu": 1400}"#)
    );
}

#[test]
fn an_option_that_an_old_engine_refuses_is_found_before_it_does() {
    let cases = [
        (
            r#"{"registry-mirror": []}"#,
            r#"the engine knows no option "registry-mirror" (did you mean "registry-mirrors"?)"#,
        ),
        (r#"{"qqqq": 1}"#, r#"the engine knows no option "qqqq""#),
        (r#"{"debug": "true"}"#, r#"option "debug" must be true or false, not "true""#),
        (r#"{"labels": "a=b"}"#, r#"option "labels" must be a list of KEY=VALUE, not "a=b""#),
        (
            r#"{"log-opts": {"max-file": 3}}"#,
            r#"option "log-opts" must be names with texts, not {"max-file":3}"#,
        ),
        (r#"{"proxies": {}}"#, r#"option "proxies" came with engine 23.0, and this one is 20.10.24+dfsg1"#),
    ];
    let engine = version("20.10.24+dfsg1");
    for (file, expected) in cases {
        assert_eq!(check(&options(file), Some(&engine)).unwrap_err().to_string(), expected);
    }
    let good = options(r#"{"debug": true, "mtu": 1400, "dns": ["1.1.1.1"], "cluster-store": "x"}"#);
    assert_eq!(check(&good, Some(&engine)), Ok(()));
    let error = check(&good, Some(&version("26.1.5"))).unwrap_err();
    assert_eq!(error.to_string(), r#"option "cluster-store" went with engine 23.0, and this one is 26.1.5"#);
}

#[test]
fn words_become_settings_under_every_name_an_option_has() {
    let words = [
        "debug",
        "--mtu=1400",
        "log-driver=json-file",
        "log-opt=max-size=10m",
        "log-opts=max-file=3",
        "dns=10.0.0.1,10.0.0.2",
        "dns=10.0.0.3",
        "insecure-registry=r:5000",
        "bip=172.20.0.1/16",
        "default-address-pool=base=10.10.0.0/16,size=24",
        "default-ulimit=nofile=64:128",
        "http-proxy=http://p:3128",
        "proxies=no-proxy=localhost",
        "feature=buildkit=true",
        "add-runtime=crun=/usr/bin/crun",
        "label=a=b=c",
        "icc=0",
        "default-network-opt=bridge=com.docker.network.driver.mtu=1400",
        r#"builder={"gc": {"enabled": true}}"#,
    ];
    let wanted = json!({
        "debug": true, "mtu": 1400, "log-driver": "json-file", "log-opts": { "max-size": "10m", "max-file": "3" },
        "dns": ["10.0.0.1", "10.0.0.2", "10.0.0.3"], "insecure-registries": ["r:5000"], "bip": "172.20.0.1/16",
        "default-address-pools": [{ "base": "10.10.0.0/16", "size": 24 }],
        "default-ulimits": { "nofile": { "Name": "nofile", "Hard": 128, "Soft": 64 } },
        "proxies": { "http-proxy": "http://p:3128", "no-proxy": "localhost" }, "features": { "buildkit": true },
        "runtimes": { "crun": { "path": "/usr/bin/crun" } }, "labels": ["a=b=c"], "icc": false,
        "default-network-opts": { "bridge": { "com.docker.network.driver.mtu": "1400" } },
        "builder": { "gc": { "enabled": true } },
    });
    assert_eq!(serde_json::Value::Object(set_words(words).unwrap()), wanted);
}

#[test]
fn a_value_of_the_wrong_form_is_refused_with_the_form_that_is_meant() {
    let cases = [
        ("mtu=90000", r#"option "mtu" must be a number from 68 to 65535, not "90000""#),
        ("mtu=big", r#"option "mtu" must be a number from 68 to 65535, not "big""#),
        (
            "fixed-cidr=10.9.0.5/24",
            r#"option "fixed-cidr" must be a network such as 10.9.0.0/24, not "10.9.0.5/24" (did you mean 10.9.0.0/24?)"#,
        ),
        (
            "fixed-cidr=10.9.0.0",
            r#"option "fixed-cidr" must be a network such as 10.9.0.0/24, with its length, not "10.9.0.0""#,
        ),
        (
            "bip=10.9.0.0/24",
            r#"option "bip" must be an address with its network's length such as 10.9.0.1/24, not "10.9.0.0/24" (did you mean 10.9.0.1/24?)"#,
        ),
        (
            "bip=fd00::1/64",
            r#"option "bip" must be an address with its network's length such as 10.9.0.1/24, not "fd00::1/64""#,
        ),
        (
            "dns=ns.example.org",
            r#"option "dns" must be a list of IP addresses such as 10.0.0.2, not "ns.example.org""#,
        ),
        ("dns=", r#"option "dns" needs a value, a list of IP addresses such as 10.0.0.2"#),
        (
            "dns-search=10.0.0.1",
            r#"option "dns-search" must be a list of domains such as example.org, not "10.0.0.1""#,
        ),
        ("icc=maybe", r#"option "icc" must be true or false, not "maybe""#),
        ("mtu", r#"option "mtu" needs a value, a number from 68 to 65535"#),
        (
            "log-level=loud",
            r#"option "log-level" must be one of debug, info, warn, error, fatal, not "loud""#,
        ),
        (
            "registry-mirror=m:5000",
            r#"option "registry-mirrors" must be a list of URLs such as https://mirror.example.org, not "m:5000""#,
        ),
        ("data-root=docker", r#"option "data-root" must be an absolute path, not "docker""#),
        (
            "metrics-addr=:9323",
            r#"option "metrics-addr" must be an address and a port such as 127.0.0.1:9323, not ":9323""#,
        ),
        (
            "default-address-pool=base=10.10.0.0/16,size=8",
            r#"option "default-address-pools" must be of networks whose size is from 16 to 32, as their base is 10.10.0.0/16, not "base=10.10.0.0/16,size=8""#,
        ),
        (
            "default-address-pool=base=10.10.0.1/16,size=24",
            r#"option "default-address-pools" must be networks to cut others from such as base=10.10.0.0/16,size=24, not "base=10.10.0.1/16,size=24" (did you mean base=10.10.0.0/16?)"#,
        ),
        (
            "default-ulimit=nofile=9:1",
            r#"option "default-ulimits" must be limits such as nofile=64000:64000, not "nofile=9:1""#,
        ),
        ("label=novalue", r#"option "labels" must be a list of KEY=VALUE, not "novalue""#),
        ("mut=1400", r#"the engine knows no option "mut" (did you mean "mtu"?)"#),
        ("mtuu=1400", r#"the engine knows no option "mtuu" (did you mean "mtu"?)"#),
        (
            "tlscert=/x",
            r#"option "tlscert" is not set by hand: rmachine makes the engine's certificates and sets up mutual TLS with them"#,
        ),
    ];
    for (word, expected) in cases {
        assert_eq!(set_words([word]).unwrap_err().to_string(), expected, "{word}");
    }
    let twice = set_words(["mtu=1400", "mtu=1500"]).unwrap_err();
    assert_eq!(twice.to_string(), r#"option "mtu" has one value, and two are given: 1400 and 1500"#);
}

#[test]
fn pairs_that_cannot_be_are_refused_with_the_reason() {
    let old = Surroundings { version: Some(version("26.1.5")), ..Surroundings::default() };
    let swarm = Surroundings { is_in_swarm: true, ..Surroundings::default() };
    let systemd = Surroundings { cgroup_driver: Some("systemd".into()), ..Surroundings::default() };
    let cases = [
        (
            r#"{"bip": "10.9.0.1/24", "bridge": "br0"}"#,
            &old,
            "bip=10.9.0.1/24 and bridge=br0 cannot be together",
        ),
        (r#"{"icc": false, "iptables": false}"#, &old, "icc=false and iptables=false cannot be together"),
        (r#"{"live-restore": true}"#, &swarm, "live-restore=true and a swarm cannot be together"),
        (
            r#"{"bip": "10.9.0.1/24", "fixed-cidr": "10.8.0.0/24"}"#,
            &old,
            "fixed-cidr=10.8.0.0/24 and bip=10.9.0.1/24 cannot be together: it must lie within",
        ),
        (
            r#"{"bip": "10.9.0.1/24", "default-gateway": "10.8.0.1"}"#,
            &old,
            "default-gateway=10.8.0.1 and bip=10.9.0.1/24 cannot be together",
        ),
        (r#"{"ipv6": true}"#, &old, "ipv6=true needs fixed-cidr-v6"),
        (r#"{"ip6tables": true}"#, &old, "ip6tables=true needs experimental=true"),
        (r#"{"cgroup-parent": "mine"}"#, &systemd, "cgroup-parent=mine needs the form NAME.slice"),
        (r#"{"default-runtime": "crun"}"#, &old, "default-runtime=crun needs runtimes to name it"),
    ];
    for (file, around, expected) in cases {
        let error = judge(&options(file), around).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{file}: {error}");
    }
    let new = Surroundings { version: Some(version("28.0.1")), ..Surroundings::default() };
    let fine = [
        (r#"{"ipv6": true, "ip6tables": true}"#, &new),
        (r#"{"icc": false, "bip": "10.9.0.1/24", "fixed-cidr": "10.9.0.128/25"}"#, &old),
        (r#"{"cgroup-parent": "mine", "exec-opts": ["native.cgroupdriver=cgroupfs"]}"#, &systemd),
        (r#"{"default-runtime": "crun", "runtimes": {"crun": {"path": "/usr/bin/crun"}}}"#, &old),
        (r#"{"live-restore": true}"#, &old),
    ];
    for (file, around) in fine {
        assert_eq!(judge(&options(file), around), Ok(()), "{file}");
    }
}

#[test]
fn settings_are_stored_as_docker_machine_spells_them_and_read_back() {
    let words = [
        "dns=10.0.0.1",
        "dns=10.0.0.2",
        "log-opt=max-size=10m",
        "mtu=1400",
        "icc=false",
        "default-address-pool=base=10.10.0.0/16,size=24",
        "default-ulimit=nofile=64:128",
        "feature=buildkit=true",
    ];
    let settings = set_words(words).unwrap();
    let stored: Vec<String> = settings.iter().flat_map(|(key, value)| flag_words(key, value)).collect();
    assert_eq!(stored, words);
}

#[test]
fn only_keys_that_the_engine_reads_again_are_reloadable() {
    assert!(is_reloadable("labels") && is_reloadable("live-restore"));
    assert!(!is_reloadable("tlscert") && !is_reloadable("hosts") && !is_reloadable("unheard-of"));
}

#[test]
fn changed_keys_are_added_changed_and_removed_ones() {
    let before = options(r#"{"a": 1, "b": 2, "c": 3}"#);
    let after = options(r#"{"b": 3, "c": 3, "d": 4}"#);
    assert_eq!(changed_keys(&before, &after), ["b", "d", "a"]);
}

#[test]
fn the_table_has_each_name_once_and_examples_that_it_takes_itself() {
    let all: Vec<&OptionSpec> = table::all().collect();
    for (index, spec) in all.iter().enumerate() {
        let is_same = |other: &&&OptionSpec| other.key == spec.key || other.has_name(spec.flag);
        assert!(all[index + 1..].iter().find(is_same).is_none(), "{} stands there twice", spec.key);
        assert!(!spec.help.ends_with('.') && spec.help.starts_with(char::is_uppercase), "{}", spec.key);
        if !spec.example.is_empty() {
            let set = set_words([format!("{}={}", spec.key, spec.example).as_str()]);
            assert!(set.is_ok(), "{}: {set:?}", spec.key);
        }
        if let Effect::ReloadKeeping(default) = spec.effect {
            let default = serde_json::from_str(default).unwrap();
            assert_eq!(spec.form.check(&default), Ok(()), "{}", spec.key);
        }
    }
}

/// `dockerd --help` of 20.10.24 and of 29, flag by flag.
#[test]
fn every_flag_of_dockerd_is_in_the_table() {
    let not_settings = ["config-file", "help", "validate", "version", "nri-opts"];
    for (help, engine) in [
        (include_str!("../../../tests/fixtures/dockerd/help-20.10.txt"), "20.10.24"),
        (include_str!("../../../tests/fixtures/dockerd/help-29.txt"), "29.5.2"),
    ] {
        let flags =
            help.lines().filter_map(|line| line.split_whitespace().find_map(|word| word.strip_prefix("--")));
        let flags: Vec<&str> = flags.filter(|flag| !not_settings.contains(flag)).collect();
        assert!(flags.len() > 60, "{engine}");
        for flag in flags {
            let spec = spec_of_flag(flag).unwrap_or_else(|| panic!("{engine} has --{flag}"));
            assert!(spec.is_known_to(&version(engine)), "{flag} in {engine}");
        }
    }
}
