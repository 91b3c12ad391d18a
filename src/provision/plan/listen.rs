//! Where the engine listens, and how it gets that socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::port;
use crate::provision::{
    Access, Materials, Wishes,
    facts::{Engine, Facts, Init},
    refusal::Refusal,
    state::OLD_DROP_IN,
    unit::{self, ExecStart, Flag},
};

/// Where, and how.
pub(super) struct Listen {
    /// The addresses; none with access over SSH.
    pub(super) addresses: Vec<SocketAddr>,
    /// Whether systemd opens them and hands them over; otherwise they stand in `hosts` of daemon.json.
    pub(super) by_activation: bool,
    /// What the user should know.
    pub(super) notes: Vec<String>,
}

/// Decides.
pub(super) fn choose(facts: &Facts, wishes: &Wishes, materials: &Materials<'_>) -> Result<Listen, Refusal> {
    if wishes.access == Access::Ssh {
        judge_login(facts)?;
        return Ok(Listen { addresses: Vec::new(), by_activation: false, notes: Vec::new() });
    }
    let port = wishes.port();
    let by_activation = by_activation(facts)?;
    judge_addresses(facts, wishes)?;
    let (ips, mut notes) = addresses(facts, wishes, materials.reached);
    for &ip in &ips {
        if ip.is_multicast() {
            return Err(Refusal::BadAddress { address: ip });
        }
        if is_public(ip) {
            notes.push(format!(
                "{ip} is a public address: port {port} can be reached from everywhere, guarded by TLS"
            ));
        }
    }
    port::judge(facts, &ips, port)?;
    let addresses = ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
    Ok(Listen { addresses, by_activation, notes })
}

/// Clients come as the login, without sudo, and only root and this group may use the engine's socket.
fn judge_login(facts: &Facts) -> Result<(), Refusal> {
    match &facts.login {
        Some(login) if !login.groups.iter().any(|group| group == "docker") => {
            Err(Refusal::NoSocketAccess { user: login.user.clone() })
        }
        Some(_) | None => Ok(()),
    }
}

/// An address that the host does not have can be opened (`FreeBind`), and then nobody gets an answer there.
fn judge_addresses(facts: &Facts, wishes: &Wishes) -> Result<(), Refusal> {
    let foreign = |ip: &&IpAddr| !ip.is_unspecified() && !ip.is_multicast() && !facts.addresses.contains(ip);
    match wishes.listen.iter().find(foreign) {
        Some(&address) => Err(Refusal::ForeignAddress { address, own: facts.addresses.clone() }),
        None => Ok(()),
    }
}

fn addresses(facts: &Facts, wishes: &Wishes, reached: Option<IpAddr>) -> (Vec<IpAddr>, Vec<String>) {
    if !wishes.listen.is_empty() {
        return (wishes.listen.clone(), Vec::new());
    }
    match reached {
        Some(ip) if facts.addresses.contains(&ip) => (vec![ip], Vec::new()),
        Some(IpAddr::V6(ip)) => (
            vec![Ipv6Addr::UNSPECIFIED.into()],
            vec![format!("the host does not own {ip}, so the engine listens on every address")],
        ),
        Some(IpAddr::V4(ip)) => (
            vec![Ipv4Addr::UNSPECIFIED.into()],
            vec![format!("the host does not own {ip}, so the engine listens on every address")],
        ),
        None => (
            vec![Ipv4Addr::UNSPECIFIED.into()],
            vec![
                "the address that reaches the host is not known, so the engine listens on every address"
                    .into(),
            ],
        ),
    }
}

/// Whether the engine takes systemd's sockets. One that is still to be installed does: every package we install starts it so.
/// OpenRC opens none.
fn by_activation(facts: &Facts) -> Result<bool, Refusal> {
    let is_usual = facts.init == Init::Systemd;
    let Some(engine) = &facts.engine else { return Ok(is_usual) };
    let Some((command, flags)) = command(facts, engine, Access::Tls) else { return Ok(is_usual) };
    let hosts: Vec<&Flag> = flags.iter().filter(|flag| flag.name == "host").collect();
    let own = |host: &&&Flag| host.value.starts_with("tcp://");
    if let Some(host) = hosts.iter().find(own) {
        return Err(Refusal::OwnListener { path: command.path, address: host.value.clone() });
    }
    match hosts.first() {
        None => Ok(false),
        Some(_) if hosts.iter().any(|host| host.value.starts_with("fd://")) => Ok(true),
        Some(host) => Err(Refusal::OwnHosts { unit: command.path, host: host.value.clone() }),
    }
}

/// The command that will count, with its flags: docker-machine's drop-in gives way where we open the port.
pub(super) fn command(facts: &Facts, engine: &Engine, access: Access) -> Option<(ExecStart, Vec<Flag>)> {
    let command = engine.command.clone()?;
    if command.path != OLD_DROP_IN || access == Access::Ssh {
        return Some((command, engine.flags.clone()));
    }
    let of_service = engine.service.fragment.iter().chain(&engine.service.drop_ins);
    let others: Vec<_> = of_service
        .filter(|path| *path != OLD_DROP_IN)
        .filter_map(|path| facts.texts.iter().find(|file| file.path == *path).cloned())
        .collect();
    let command = unit::exec_start(&others)?;
    let flags = unit::flags(&command, &engine.variables);
    Some((command, flags))
}

/// Whether an address can be reached from the whole internet.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || shared)
        }
        IpAddr::V6(ip) => ip.segments()[0] & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_those_the_internet_routes() {
        for public in ["8.8.8.8", "172.15.0.1", "172.32.0.1", "2a01:4f8::1", "100.128.0.1"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.1.1",
            "100.64.0.1",
            "0.0.0.0",
            "::1",
            "fd00::1",
            "fe80::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }
}
