//! The engine's port, and who else may have it.

use super::*;

#[test]
fn a_port_that_another_program_has_is_told_with_its_name() {
    let taken_on = |mut facts: Facts, address: Option<&str>, name: &str| {
        facts.listeners.push(Listener {
            address: address.map(|address| address.parse().unwrap()),
            port: 2376,
            program: Some(Process { pid: 77, name: name.into() }),
            socket_unit: None,
        });
        planned(&facts, &tls()).map(|_| ()).map_err(|error| error.to_string())
    };
    let taken = |address, name| taken_on(debian12_engine(), address, name);
    let nginx = Err("port 2376 is taken by nginx (pid 77)".to_owned());
    assert_eq!(taken(None, "nginx"), nginx);
    assert_eq!(taken(Some("10.99.0.41"), "nginx"), nginx);
    assert_eq!(taken(Some("127.0.0.1"), "nginx"), Ok(()), "another address is no conflict");
    let engine = Err("port 2376 is taken by dockerd (pid 77)".to_owned());
    assert_eq!(taken_on(debian12_swarm(), None, "dockerd"), engine, "a service of a swarm has published it");
    assert_eq!(taken(None, "dockerd"), Ok(()), "what an adoption left that was undone without a restart");
}

#[test]
fn the_port_that_the_engine_has_itself_is_no_conflict_and_any_other_is() {
    let on = |mut facts: Facts, port: u16, program: Option<&str>, unit: Option<&str>| {
        facts.listeners.retain(|listener| listener.port == 22);
        facts.listeners.push(Listener {
            address: Some("10.99.0.41".parse().unwrap()),
            port,
            program: program.map(|name| Process { pid: 77, name: name.into() }),
            socket_unit: unit.map(str::to_owned),
        });
        let plan = planned(&facts, &Wishes { port, ..tls() });
        plan.map(|_| ()).map_err(|error| error.to_string())
    };
    let adopted = || {
        let mut facts = debian12_adopted();
        let text = "[Socket]\nListenStream=10.99.0.41:2376\n".to_owned();
        facts.texts.retain(|file| file.path != SOCKET_PATH);
        facts.texts.push(crate::provision::unit::TextFile { path: SOCKET_PATH.to_owned(), text });
        facts
    };
    assert_eq!(on(adopted(), 2376, Some("dockerd"), Some("")), Ok(()));
    assert_eq!(on(adopted(), 2376, None, None), Ok(()), "where ss is missing");
    let taken = |port: u16, by: &str| Err(format!("port {port} is taken{by}"));
    assert_eq!(on(adopted(), 3376, Some("nginx"), None), taken(3376, " by nginx (pid 77)"));
    assert_eq!(on(adopted(), 3376, Some("systemd"), Some("web.socket")), taken(3376, " by web.socket"));
    assert_eq!(
        on(debian12_engine(), 2376, Some("systemd"), Some("web.socket")),
        taken(2376, " by web.socket")
    );
    assert_eq!(on(debian12_engine(), 2376, None, None), taken(2376, ""));
}

#[test]
fn a_port_that_a_container_has_published_is_told_with_its_name() {
    let mut facts = debian12_containers();
    let published = &mut facts.engine.as_mut().unwrap().running.as_mut().unwrap().published;
    published.push(Published { container: "shop".into(), address: None, port: 2376 });
    assert_eq!(refused(&facts, &tls()), "port 2376 is taken by the container shop");
    assert!(planned(&facts, &Wishes { port: 3376, ..tls() }).is_ok());
}
