//! Hosts that are left alone, and what is said of them.

use super::*;

#[test]
fn a_host_that_cannot_be_provisioned_is_refused_with_its_reason() {
    type Spoil = fn(&mut Facts);
    let cases: [(Spoil, &str); 15] = [
        (|facts| facts.is_root = false, "the scripts do not run as root there"),
        (
            |facts| facts.init = Init::Other,
            "Debian GNU/Linux 12 (bookworm) is run by neither systemd nor OpenRC, and no other init system is supported",
        ),
        (
            |facts| facts.has_snap_docker = true,
            "docker is installed as a snap, which cannot see most of the host and keeps its own configuration",
        ),
        (|facts| facts.read_only = vec!["/etc".into()], "/etc is read-only"),
        (|facts| facts.leftover = Some(77), "an engine runs (pid 77) whose program is gone"),
        (
            |facts| facts.disks = vec![Disk { path: "/var/lib".into(), free_kib: 12 }],
            "/var/lib has 0 MiB free, and 1 MiB are needed",
        ),
        (
            |facts| {
                facts.unfinished =
                    Some(Unfinished { id: "x".into(), is_running: false, step: "swap".into() });
            },
            "a change of the host is under way there (step swap)",
        ),
        (
            |facts| config(facts, "{\n  \"debug\": yes\n}"),
            "/etc/docker/daemon.json cannot be read: line 2, column 12: expected value",
        ),
        (
            |facts| config(facts, r#"{"tlsverify": true, "tlscacert": "/mine.pem"}"#),
            "/etc/docker/daemon.json sets up TLS with certificates of its own (tlscacert); its clients would be shut out",
        ),
        (
            |facts| config(facts, r#"{"hosts": ["tcp://0.0.0.0:2375"]}"#),
            "/etc/docker/daemon.json makes the engine listen on tcp://0.0.0.0:2375, and TLS would apply to that too",
        ),
        (
            |facts| config(facts, r#"{"registry-mirror": []}"#),
            "the engine knows no option \"registry-mirror\" (did you mean \"registry-mirrors\"?)",
        ),
        (
            |facts| flags(facts, "host", "tcp://0.0.0.0:2375"),
            "/lib/systemd/system/docker.service makes the engine listen on tcp://0.0.0.0:2375, and TLS would apply to that too",
        ),
        (
            |facts| flags(facts, "tlsverify", "true"),
            "/lib/systemd/system/docker.service sets up TLS with certificates of its own (--tlsverify); its clients would be shut out",
        ),
        (
            |facts| flags(facts, "config-file", "/mine.json"),
            "/lib/systemd/system/docker.service starts the engine with --config-file=/mine.json, and only /etc/docker/daemon.json is supported",
        ),
        (|facts| facts.engine.as_mut().unwrap().service.load = "masked".into(), "docker.service is masked"),
    ];
    for (spoil, expected) in cases {
        let mut facts = debian12_engine();
        spoil(&mut facts);
        assert_eq!(refused(&facts, &tls()), expected);
    }
}

fn config(facts: &mut Facts, text: &str) {
    facts.config = Some(HostFile { bytes: Some(text.into()), mode: 0o644 });
}

fn flags(facts: &mut Facts, name: &str, value: &str) {
    let flag = Flag { name: name.into(), value: value.into() };
    facts.engine.as_mut().unwrap().flags.push(flag);
}

#[test]
fn an_os_that_nobody_knows_is_refused_only_where_something_must_be_installed() {
    let mut blank = debian12_blank();
    blank.os.id = "plan9".into();
    assert_eq!(
        refused(&blank, &tls()),
        "there is no engine, and installing one on Debian GNU/Linux 12 (bookworm) is not supported"
    );
    let mut engine = debian12_engine();
    engine.os.id = "plan9".into();
    assert!(planned(&engine, &tls()).is_ok());
}

#[test]
fn a_full_disk_is_told_in_numbers_before_an_installation() {
    let mut blank = debian12_blank();
    blank.disks = vec![Disk { path: "/var/lib".into(), free_kib: 300 * 1024 }];
    assert_eq!(refused(&blank, &tls()), "/var/lib has 300 MiB free, and 700 MiB are needed");
}

#[test]
fn every_setting_wished_for_is_checked_before_the_engine_sees_it() {
    let wishing = |daemon: serde_json::Value| Wishes { daemon: daemon.as_object().unwrap().clone(), ..tls() };
    let wrong = wishing(json!({"mtu": "1400"}));
    for facts in [debian12_engine(), debian13_containers()] {
        let said = refused(&facts, &wrong);
        assert_eq!(said, "option \"mtu\" must be a number from 68 to 65535, not \"1400\"");
    }
    let plan = planned(&debian13_containers(), &wishing(json!({"mtu": 1400, "of-tomorrow": true}))).unwrap();
    assert!(plan.can_validate, "engine 26 looks at it before the swap, and knows best what it knows");
    let said = refused(&debian12_engine(), &wishing(json!({"default-network-opts": {}})));
    assert_eq!(said, "option \"default-network-opts\" came with engine 24.0, and this one is 20.10.24+dfsg1");
    let said = refused(&debian12_swarm(), &wishing(json!({"live-restore": true})));
    assert!(said.starts_with("live-restore=true and a swarm cannot be together"), "{said}");
}
