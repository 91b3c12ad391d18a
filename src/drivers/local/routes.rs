//! The routes of this computer, as Linux shows them, and where its paths may not cross those of machines.

use std::{fs, net::Ipv4Addr};

use ipnet::Ipv4Net;

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::drivers) struct Route {
    /// The interface it leads to.
    pub(in crate::drivers) interface: String,
    /// Where it leads.
    pub(in crate::drivers) network: Ipv4Net,
}

/// All of them; none where this is no Linux.
pub(in crate::drivers) fn of_this_computer() -> Vec<Route> {
    parse(&fs::read_to_string("/proc/net/route").unwrap_or_default())
}

/// The first route that this network would take over: one to a part of it, or to the same. A wider one, such as a default route or
/// 10.0.0.0/8 of a VPN, stays in force for everything else. Routes to our own interfaces are none.
pub(in crate::drivers) fn conflict(
    network: Ipv4Net,
    routes: &[Route],
    is_ours: impl Fn(&str) -> bool,
) -> Option<&Route> {
    routes.iter().find(|route| !is_ours(&route.interface) && network.contains(&route.network))
}

/// The interface of the default route.
pub(in crate::drivers) fn default_interface(routes: &[Route]) -> Option<&str> {
    routes.iter().find(|route| route.network.prefix_len() == 0).map(|route| route.interface.as_str())
}

/// Reads the text of `/proc/net/route`, whose addresses are hex in the byte order of this machine.
pub(in crate::drivers) fn parse(text: &str) -> Vec<Route> {
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
            let prefix = u8::try_from(number(mask)?.count_ones()).ok()?;
            let network = Ipv4Net::new(Ipv4Addr::from_bits(number(destination)?), prefix).ok()?;
            Some(Route { interface: (*interface).to_owned(), network })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: &str = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n\
        eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
        tun0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\n\
        other\t00012F0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

    #[test]
    fn only_routes_that_would_be_taken_over_collide() {
        if cfg!(target_endian = "big") {
            return; // The text above is what a little-endian kernel prints.
        }
        let routes = parse(ROUTES);
        assert_eq!(default_interface(&routes), Some("eth0"));
        let conflict = |network: &str, ours: &str| {
            let network = network.parse().unwrap();
            conflict(network, &routes, |name| name == ours).map(|route| route.interface.clone())
        };
        assert_eq!(conflict("10.47.0.0/24", ""), None);
        assert_eq!(conflict("10.47.1.0/24", "").as_deref(), Some("other"));
        assert_eq!(conflict("10.47.0.0/16", "").as_deref(), Some("other"));
        assert_eq!(conflict("10.47.1.0/24", "other"), None);
    }
}
