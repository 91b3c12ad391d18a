//! The network of the hosts as a value: its addresses, its bridge's name, and whether it collides with routes of this machine.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use serde::{Deserialize, Serialize};

/// Tried in this order when nobody says: small, and outside what engines, VM programs and cluster networks take by default.
const CANDIDATES: std::ops::Range<u8> = 0..32;

/// An IPv4 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Subnet {
    network: Ipv4Addr,
    prefix: u8,
}

/// A route of this machine, from `/proc/net/route`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// The interface it leads to.
    pub(super) interface: String,
    /// Where it leads.
    pub(super) subnet: Subnet,
}

impl Subnet {
    /// The networks that are tried when nobody says.
    pub(super) fn candidates() -> impl Iterator<Item = Self> {
        CANDIDATES.map(|third| Self { network: Ipv4Addr::new(10, 47, third, 0), prefix: 24 })
    }

    /// Bits of the network part.
    pub(super) fn prefix(self) -> u8 {
        self.prefix
    }

    /// The bridge's address, which is the hosts' gateway: the first one.
    pub(super) fn gateway(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.network.to_bits() + 1)
    }

    /// The addresses for hosts, in order.
    pub(super) fn hosts(self) -> impl Iterator<Item = Ipv4Addr> {
        let first = self.network.to_bits();
        let size = 1_u32 << (32 - u32::from(self.prefix));
        (first + 2..first + size - 1).map(Ipv4Addr::from_bits)
    }

    /// The bridge's name: says which network it is, and fits into the 15 characters of an interface name.
    pub(super) fn bridge(self) -> String {
        format!("rm-{:08x}-{}", self.network.to_bits(), self.prefix)
    }

    /// The first route that this network would take over: one to a part of it, or to the same. A wider one, such as a
    /// default route or 10.0.0.0/8 of a VPN, stays in force for everything else.
    pub(super) fn conflict(self, routes: &[Route]) -> Option<&Route> {
        routes.iter().find(|route| {
            route.interface != self.bridge()
                && route.subnet.prefix >= self.prefix
                && self.contains(route.subnet.network)
        })
    }

    fn contains(self, address: Ipv4Addr) -> bool {
        address.to_bits() & mask(self.prefix) == self.network.to_bits()
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Subnet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.network, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{text:?} is not a network such as 10.47.0.0/24: {why}"));
        let Some((network, prefix)) = text.split_once('/') else {
            return wrong("the part after / is missing");
        };
        let Ok(network) = network.parse::<Ipv4Addr>() else { return wrong("the address is no IPv4 address") };
        let Ok(prefix) = prefix.parse::<u8>() else { return wrong("the part after / is no number") };
        if !(8..=29).contains(&prefix) {
            return wrong("the part after / must be 8 to 29");
        }
        if network.to_bits() & !mask(prefix) != 0 {
            let first = Ipv4Addr::from_bits(network.to_bits() & mask(prefix));
            return wrong(&format!("it begins at {first}/{prefix}"));
        }
        if !network.is_private() {
            return wrong("it must be private (in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16)");
        }
        Ok(Self { network, prefix })
    }
}

impl TryFrom<String> for Subnet {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> Self {
        subnet.to_string()
    }
}

/// Reads the text of `/proc/net/route`, whose addresses are hex in the byte order of this machine.
pub(super) fn parse_routes(text: &str) -> Vec<Route> {
    let number =
        |hex: &str| u32::from_str_radix(hex, 16).ok().map(|raw| u32::from_be_bytes(raw.to_ne_bytes()));
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [interface, destination, _gateway, _flags, _refs, _use, _metric, mask, ..] =
                fields.as_slice()
            else {
                return None;
            };
            let network = Ipv4Addr::from_bits(number(destination)?);
            let prefix = u8::try_from(number(mask)?.count_ones()).ok()?;
            Some(Route { interface: (*interface).to_owned(), subnet: Subnet { network, prefix } })
        })
        .collect()
}

/// The interface of the default route.
pub(super) fn default_interface(routes: &[Route]) -> Option<&str> {
    routes.iter().find(|route| route.subnet.prefix == 0).map(|route| route.interface.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
        eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
        tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n\
        other\t00012F0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_knows_its_gateway_hosts_and_bridge() {
        let small = subnet("10.47.1.0/29");
        assert_eq!(small.gateway(), Ipv4Addr::new(10, 47, 1, 1));
        let hosts: Vec<String> = small.hosts().map(|host| host.to_string()).collect();
        assert_eq!(hosts, ["10.47.1.2", "10.47.1.3", "10.47.1.4", "10.47.1.5", "10.47.1.6"]);
        assert_eq!(small.bridge(), "rm-0a2f0100-29");
        assert!(Subnet::candidates().all(|candidate| candidate.bridge().len() <= 15));
    }

    #[test]
    fn texts_that_are_no_private_network_are_refused_with_the_reason() {
        for (text, why) in [
            ("10.47.0.0", "missing"),
            ("10.47.0.0/31", "8 to 29"),
            ("10.47.0.1/24", "begins at 10.47.0.0/24"),
            ("8.8.8.0/24", "private"),
            ("fd00::/64", "no IPv4"),
        ] {
            let error = text.parse::<Subnet>().unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn only_routes_that_would_be_taken_over_collide() {
        if cfg!(target_endian = "big") {
            return; // The text above is what a little-endian kernel prints.
        }
        let routes = parse_routes(ROUTES);
        assert_eq!(default_interface(&routes), Some("eth0"));
        assert_eq!(subnet("10.47.0.0/24").conflict(&routes), None);
        assert_eq!(subnet("10.47.1.0/24").conflict(&routes).unwrap().interface, "other");
        assert_eq!(subnet("10.47.0.0/16").conflict(&routes).unwrap().interface, "other");
    }

    #[test]
    fn our_own_bridge_is_no_conflict() {
        let own = subnet("10.47.1.0/24");
        let routes = [Route { interface: own.bridge(), subnet: own }];
        assert_eq!(own.conflict(&routes), None);
    }
}
