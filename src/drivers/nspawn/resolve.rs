//! How names are resolved inside: this machine's own way, as far as it works from another network namespace.

use std::{net::IpAddr, path::Path};

/// Where the real servers stand when resolv.conf only names a resolver on loopback: systemd-resolved's, NetworkManager's,
/// and resolvconf's own lists.
const UPSTREAMS: [&str; 3] = [
    "/run/systemd/resolve/resolv.conf",
    "/run/NetworkManager/no-stub-resolv.conf",
    "/run/resolvconf/interface/original.resolvconf",
];

/// The resolv.conf for a host, from this machine's.
pub(super) fn resolv_conf() -> String {
    let read = |path: &str| std::fs::read_to_string(Path::new(path)).ok();
    let own = read("/etc/resolv.conf").unwrap_or_default();
    let upstreams = UPSTREAMS.iter().filter_map(|path| read(path));
    let usable = std::iter::once(own.clone()).chain(upstreams).find(|text| servers(text).next().is_some());
    translated(&own, &usable.unwrap_or_default())
}

/// The entries for /etc/hosts inside: what this machine's own file says of other machines.
pub(super) fn hosts(own: &str, name: &str) -> String {
    let short = name.split('.').next().unwrap_or(name);
    let names = if short == name { name.to_owned() } else { format!("{name} {short}") };
    let mut text =
        format!("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 {names}\n");
    for line in own.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
        let address = line.split_whitespace().next().and_then(|first| first.parse::<IpAddr>().ok());
        if address.is_some_and(is_elsewhere) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The servers of one text with the search list and options of another.
fn translated(own: &str, with_servers: &str) -> String {
    let mut text: String =
        servers(with_servers).fold(String::new(), |text, server| text + &format!("nameserver {server}\n"));
    for line in own.lines().map(str::trim) {
        if ["search ", "domain ", "options "].iter().any(|keyword| line.starts_with(keyword)) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The servers that can be reached from inside, which has IPv4 only.
fn servers(text: &str) -> impl Iterator<Item = IpAddr> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok())
        .filter(|server| server.is_ipv4() && is_elsewhere(*server))
}

fn is_elsewhere(address: IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_multicast(),
    };
    !address.is_loopback() && !address.is_unspecified() && !is_link_local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolver_on_loopback_is_replaced_by_its_upstreams() {
        let own = "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch example.org\n";
        let upstream = "nameserver 10.0.0.2\nnameserver fe80::1\n";
        assert!(servers(own).next().is_none());
        assert_eq!(
            translated(own, upstream),
            "nameserver 10.0.0.2\noptions edns0 trust-ad\nsearch example.org\n"
        );
    }

    #[test]
    fn entries_of_other_machines_are_carried_over_and_local_ones_are_not() {
        let own = "127.0.0.1 localhost here\n192.0.2.7 mirror # ours\n# 192.0.2.8 old\nff02::1 ip6-allnodes\nfd00::7 six\n";
        let text = hosts(own, "n1.example.org");
        assert!(text.contains("127.0.1.1 n1.example.org n1\n"), "{text}");
        assert!(text.ends_with("n1\n192.0.2.7 mirror\nfd00::7 six\n"), "{text}");
    }
}
