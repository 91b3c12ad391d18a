//! The network of the hosts as a value: its addresses, its bridge's name, and whether it collides with routes of this machine.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::drivers::local::routes::{self, Route};

/// Tried in this order when nobody says: small, and outside what engines, VM programs and cluster networks take by default.
const CANDIDATES: std::ops::Range<u8> = 0..32;

/// An IPv4 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Subnet {
    network: Ipv4Addr,
    prefix: u8,
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

    /// The first route that this network would take over.
    pub(super) fn conflict(self, routes: &[Route]) -> Option<&Route> {
        let network = Ipv4Net::new_assert(self.network, self.prefix);
        routes::conflict(network, routes, |interface| interface == self.bridge())
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn our_own_bridge_is_no_conflict() {
        let own = subnet("10.47.1.0/24");
        let network = "10.47.1.0/24".parse().unwrap();
        let routes = [Route { interface: own.bridge(), network }];
        assert_eq!(own.conflict(&routes), None);
        assert_eq!(subnet("10.47.0.0/16").conflict(&routes), Some(&routes[0]));
    }
}
