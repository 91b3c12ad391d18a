use super::{recorded::*, *};

#[test]
fn a_blank_host_is_one_without_an_engine() {
    let facts = debian12_blank();
    assert_eq!((facts.os.id.as_str(), facts.os.version.as_str()), ("debian", "12"));
    assert_eq!((facts.init, facts.is_root, facts.arch.as_str()), (Init::Systemd, true, "x86_64"));
    assert_eq!((facts.engine, facts.config, facts.client), (None, None, None));
    assert!(matches!(facts.installer, Installer::Silent(_)), "{:?}", facts.installer);
    assert!(facts.tools.fetcher);
    assert_eq!((facts.unfinished, facts.origin, facts.state), (None, None, None));
}

#[test]
fn an_engine_is_known_with_its_units_its_command_and_its_containers() {
    let facts = debian12_containers();
    let engine = facts.engine.unwrap();
    assert_eq!(engine.path, "/usr/sbin/dockerd");
    assert_eq!(engine.version.unwrap().to_string(), "20.10.24+dfsg1");
    assert!(engine.service.is_active && engine.socket.is_active && !engine.our_socket.is_active);
    assert_eq!(engine.service.enabled, "enabled");
    assert_eq!(engine.flags[0], Flag { name: "host".into(), value: "fd://".into() });
    let running = engine.running.unwrap();
    let containers: Vec<_> = running
        .containers
        .iter()
        .map(|container| (container.name.as_str(), container.comes_back()))
        .collect();
    assert_eq!(containers, [("job", false), ("web", true)]);
    assert_eq!((running.is_in_swarm, running.live_restore), (false, false));
    assert_eq!(facts.config.unwrap().bytes.unwrap(), b"{ \"debug\":  true }");
    assert_eq!(facts.installer, Installer::NotAsked);
}

#[test]
fn debian_13_has_its_client_in_a_package_of_its_own() {
    let facts = debian13_containers();
    assert_eq!(facts.engine.unwrap().version.unwrap().to_string(), "26.1.5+dfsg1");
    assert_eq!(facts.client.as_deref(), Some("/usr/bin/docker"));
    assert_eq!(debian13_blank().client, None);
}

#[test]
fn addresses_and_listeners_are_read() {
    let facts = debian12_adopted();
    assert!(facts.addresses.contains(&"10.99.0.41".parse().unwrap()));
    let ours = facts.listeners.iter().find(|listener| listener.port == 2376).unwrap();
    assert_eq!(ours.address, Some("10.99.0.41".parse().unwrap()));
    assert_eq!(ours.program.as_ref().unwrap().name, "dockerd");
    let ssh = facts.listeners.iter().find(|listener| listener.port == 22).unwrap();
    assert_eq!(ssh.address, None);
}

#[test]
fn a_listener_is_told_with_its_program_and_the_socket_unit_behind_it() {
    let mut sections =
        wire::take_apart(include_bytes!("../../../tests/fixtures/facts/debian12-blank.frames")).unwrap();
    let listeners = "LISTEN 0 4096 *:80 *:* users:((\"systemd\",pid=1,fd=39))\n\
                     LISTEN 0 4096 10.9.0.4:2376 0.0.0.0:* users:((\"systemd\",pid=1,fd=30),(\"dockerd\",pid=60,fd=3))\n\
                     LISTEN 0 1 [::1]:90 [::]:*\n";
    sections.insert("listeners".to_owned(), listeners.into());
    sections.insert(
        "socket-units".to_owned(),
        "/run/a.sock a.socket a.service\n[::]:80 web.socket web.service\n".into(),
    );
    let found: Vec<_> = read::facts(&sections)
        .unwrap()
        .listeners
        .into_iter()
        .map(|one| (one.address, one.port, one.program.map(|program| program.name), one.socket_unit))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    let expected = [
        (None, 80, text("systemd"), text("web.socket")),
        (Some("10.9.0.4".parse().unwrap()), 2376, text("dockerd"), text("")),
        (Some("::1".parse().unwrap()), 90, None, None),
    ];
    assert_eq!(found, expected);
}

#[test]
fn ports_that_containers_have_published_are_read() {
    let containers = r#"[{"Id":"0123456789abcdef","Names":["/shop"],"Ports":[{"PrivatePort":9,"Type":"tcp"},
        {"IP":"","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"IP":"10.9.0.4","PrivatePort":80,"PublicPort":2376,"Type":"tcp"},
        {"IP":"::","PrivatePort":53,"PublicPort":53,"Type":"udp"}]}]"#;
    let mut sections =
        wire::take_apart(include_bytes!("../../../tests/fixtures/facts/debian12-containers.frames")).unwrap();
    sections.insert("containers".to_owned(), containers.into());
    let facts = read::facts(&sections).unwrap();
    let published = facts.engine.unwrap().running.unwrap().published;
    let seen: Vec<_> = published.iter().map(|one| (one.container.as_str(), one.address, one.port)).collect();
    assert_eq!(seen, [("shop", None, 8080), ("shop", Some("10.9.0.4".parse().unwrap()), 2376)]);
}

#[test]
fn a_swarm_is_seen() {
    assert!(debian12_swarm().engine.unwrap().running.unwrap().is_in_swarm);
}

#[test]
fn docker_machines_drop_in_is_the_command_that_counts() {
    let engine = debian12_docker_machine().engine.unwrap();
    assert_eq!(engine.command.unwrap().path, "/etc/systemd/system/docker.service.d/10-machine.conf");
    let names: Vec<_> = engine.flags.iter().map(|flag| flag.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "host",
            "host",
            "storage-driver",
            "tlsverify",
            "tlscacert",
            "tlscert",
            "tlskey",
            "label",
            "insecure-registry"
        ]
    );
}

#[test]
fn an_adopted_host_knows_what_it_was() {
    let facts = debian12_adopted();
    let origin = facts.origin.unwrap();
    assert!(origin.paths.contains(&"/etc/docker/daemon.json".to_owned()));
    assert_eq!((origin.config, origin.was_active, origin.installed), (None, false, true));
    assert_eq!(facts.state.unwrap().machine, "n1");
    assert!(facts.files.contains_key("/etc/docker/rmachine/server-key.pem"));
}

/// A frame more, or another one in its place.
fn with(name: &str, value: &str) -> Facts {
    let recorded = include_bytes!("../../../tests/fixtures/facts/debian12-containers.frames");
    let without_end = recorded.strip_suffix(b"0 end\n\n").unwrap();
    let frame = format!("{} {name}\n{value}\n0 end\n\n", value.len());
    from_frames(&[without_end, frame.as_bytes()].concat())
}

#[test]
fn a_transaction_that_was_cut_is_told() {
    let unfinished = with("unfinished", "dead AbC123 restart").unfinished.unwrap();
    assert_eq!(
        (unfinished.id.as_str(), unfinished.is_running, unfinished.step.as_str()),
        ("AbC123", false, "restart")
    );
    assert!(with("unfinished", "running AbC123 swap").unfinished.unwrap().is_running);
}

#[test]
fn what_a_host_says_falsely_makes_less_known_never_a_panic() {
    for nonsense in [
        "",
        " ",
        "\n\n",
        "((((",
        "-1",
        "((\"",
        "\u{fffd}",
        "{\"Id\":",
        "[{}]",
        "a b c d e f g",
        "999999999999999999999",
    ] {
        for name in [
            "addresses",
            "disks",
            "listeners",
            "sockets",
            "socket-units",
            "units",
            "process",
            "info",
            "containers",
            "policies",
            "lock",
            "cloud-init",
            "installer",
            "unfinished",
            "version",
            "file /etc/os-release",
            "config",
            "stat /etc/docker/daemon.json",
            "file /var/lib/rmachine/origin/index",
            "file /var/lib/rmachine/state.json",
        ] {
            let facts = with(name, nonsense);
            assert_eq!(facts.arch, "x86_64", "{name} {nonsense:?}");
        }
    }
}

#[test]
fn nameless_sockets_are_read_where_ss_is_missing() {
    let facts = with(
        "sockets",
        "   0: 2900630A:0948 00000000:0000 0A 00000000:00000000\n   1: 00000000000000000000000000000000:0016 0:0 0A",
    );
    let found: Vec<_> = facts.listeners.iter().rev().take(2).map(|l| (l.address, l.port)).collect();
    assert_eq!(found, [(None, 22), (Some("10.99.0.41".parse().unwrap()), 2376)]);
}

#[test]
fn the_script_and_the_plan_name_the_same_installer() {
    assert!(ask::FACTS.text.contains(&format!("installer={INSTALLER}\n")));
}
