//! Whether the engine's port is another's.

use std::net::{IpAddr, SocketAddr};

use super::daemon;
use crate::provision::{
    facts::{Facts, Listener, Process, Published},
    refusal::Refusal,
    state::SOCKET_PATH,
};

/// Refuses a port that somebody else has on one of these addresses: the engine would come up without it, or not at all.
pub(super) fn judge(facts: &Facts, ips: &[IpAddr], port: u16) -> Result<(), Refusal> {
    let is_in_the_way = |its_address: Option<IpAddr>, its_port: u16| {
        its_port == port
            && its_address.is_none_or(|address| ips.iter().any(|ip| ip.is_unspecified() || *ip == address))
    };
    let running = facts.engine.as_ref().and_then(|engine| engine.running.as_ref());
    let mut published = running.iter().flat_map(|running| &running.published);
    let container = published.find(|Published { address, port, .. }| is_in_the_way(*address, *port));
    if let Some(Published { container, .. }) = container {
        return Err(Refusal::PortTaken { port, by: Some(format!("the container {container}")) });
    }
    let mut listeners = facts.listeners.iter();
    match listeners.find(|one| is_in_the_way(one.address, one.port) && !is_the_engines(facts, one)) {
        None => Ok(()),
        Some(listener) => Err(Refusal::PortTaken { port, by: whose(listener) }),
    }
}

/// Whether it is the port that the engine has now: by our socket, or by its own settings.
fn is_the_engines(facts: &Facts, listener: &Listener) -> bool {
    let Some(engine) = &facts.engine else { return false };
    let place =
        SocketAddr::new(listener.address.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into()), listener.port);
    let socket = facts.texts.iter().find(|file| file.path == SOCKET_PATH);
    let is_place = |line: &str| {
        let given = line.strip_prefix("ListenStream=").and_then(|given| given.parse::<SocketAddr>().ok());
        given.is_some_and(|given| given == place || given.ip().is_unspecified() && listener.address.is_none())
    };
    if engine.our_socket.is_active && socket.is_some_and(|socket| socket.text.lines().any(is_place)) {
        return true;
    }
    if listener.socket_unit.is_some() {
        return false;
    }
    // Beside its own ports the engine opens those of a swarm's services. A socket of ours whose unit is gone again stays with it until
    // it restarts.
    let is_in_swarm = engine.running.as_ref().is_some_and(|running| running.is_in_swarm);
    if !is_in_swarm && listener.program.as_ref().is_some_and(|program| program.name == "dockerd") {
        return true;
    }
    let of_flags = engine.flags.iter().filter(|flag| flag.name == "host").map(|flag| flag.value.clone());
    let options = daemon::current(facts).unwrap_or_default();
    let of_settings = options.get("hosts").and_then(|hosts| hosts.as_array()).into_iter().flatten();
    let mut hosts = of_flags.chain(of_settings.filter_map(|host| host.as_str().map(str::to_owned)));
    hosts.any(|host| opens(&host, listener.port))
}

/// Whether the engine opens this port where it is told to listen there.
fn opens(host: &str, port: u16) -> bool {
    let Some(place) = host.strip_prefix("tcp://") else { return false };
    match place.rsplit_once(':').and_then(|(_, given)| given.parse::<u16>().ok()) {
        Some(given) => given == port,
        // The engine's own choice.
        None => [2375, 2376].contains(&port),
    }
}

fn whose(listener: &Listener) -> Option<String> {
    match (&listener.socket_unit, &listener.program) {
        (Some(unit), _) if !unit.is_empty() => Some(unit.clone()),
        (_, Some(Process { pid, name })) => Some(format!("{name} (pid {pid})")),
        (_, None) => None,
    }
}
