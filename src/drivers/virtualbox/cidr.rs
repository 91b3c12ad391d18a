//! The host-only network as a value: this computer's own address on it, what its DHCP server gives out, and whether VirtualBox
//! allows it.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::parse::Version;

/// docker-machine's, which VirtualBox allows no longer where nobody says otherwise.
pub(super) const DEFAULT: &str = "192.168.99.1/24";
/// What is taken instead.
const ALLOWED: &str = "192.168.56.1/24";
/// What VirtualBox allows where nobody says otherwise (its manual, section on host-only networking).
const ALLOWED_RANGE: &str = "192.168.56.0/21";
/// The version from which on it asks who allows what.
const ASKS_FROM: Version = Version(6, 1, 28);
/// Where this computer's owner says what is allowed.
pub(super) const NETWORKS_CONF: &str = "/etc/vbox/networks.conf";

/// The lengths that networks may have.
const LENGTHS: std::ops::RangeInclusive<u8> = 8..=29;

/// This computer's address on a host-only network, with the network's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct HostOnly(Ipv4Net);

/// What a DHCP server gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The server's own address.
    pub(super) server: Ipv4Addr,
    pub(super) lower: Ipv4Addr,
    pub(super) upper: Ipv4Addr,
}

impl HostOnly {
    /// This computer's address.
    pub(super) fn address(self) -> Ipv4Addr {
        self.0.addr()
    }

    pub(super) fn netmask(self) -> Ipv4Addr {
        self.0.netmask()
    }

    /// The network.
    pub(super) fn network(self) -> Ipv4Net {
        self.0.trunc()
    }

    /// Address and length together.
    pub(super) fn net(self) -> Ipv4Net {
        self.0
    }

    /// In a network of /24 or wider .100 to .254 are given out, as docker-machine did it; in a narrower one what is left.
    pub(super) fn range(self) -> Range {
        let first = self.0.network().to_bits() + 1;
        let own = self.address().to_bits();
        let server = if own == first { first + 1 } else { first };
        let (lower, upper) = if self.0.prefix_len() <= 24 {
            (first + 99, first + 253)
        } else {
            (server.max(if own <= server + 1 { own } else { server }) + 1, self.0.broadcast().to_bits() - 1)
        };
        let address = Ipv4Addr::from_bits;
        Range { server: address(server), lower: address(lower), upper: address(upper) }
    }

    /// The network that is used: this one if VirtualBox allows it, another one where it is only docker-machine's default; else `Err`
    /// with the line that would allow it. `conf` is what [`NETWORKS_CONF`] says, if it is there.
    pub(super) fn settle(self, version: Version, conf: Option<&str>) -> Result<Self, String> {
        let is_default = self == HostOnly(DEFAULT.parse().expect("a network"));
        let instead = HostOnly(ALLOWED.parse().expect("a network"));
        if version < ASKS_FROM || is_allowed(self.address(), conf) {
            Ok(self)
        } else if is_default && is_allowed(instead.address(), conf) {
            Ok(instead)
        } else {
            Err(format!("echo '* {}' | sudo tee -a {NETWORKS_CONF}", self.network()))
        }
    }
}

/// The lines that begin with a star name networks; any of them is allowed.
fn is_allowed(address: Ipv4Addr, conf: Option<&str>) -> bool {
    let usual = format!("* {ALLOWED_RANGE}");
    let lines = conf.unwrap_or(&usual).lines().filter_map(|line| line.trim().strip_prefix('*'));
    lines
        .flat_map(str::split_whitespace)
        .filter_map(|word| word.parse::<Ipv4Net>().ok())
        .any(|network| network.contains(&address))
}

impl fmt::Display for HostOnly {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for HostOnly {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: String| Err(format!("{text:?} is not an address such as {ALLOWED}: {why}"));
        let Ok(net) = text.parse::<Ipv4Net>() else {
            return wrong(
                "it must be this computer's IPv4 address on the network and the network's length".into(),
            );
        };
        if !LENGTHS.contains(&net.prefix_len()) {
            return wrong("the part after / must be 8 to 29".into());
        }
        if net.addr() == net.network() || net.addr() == net.broadcast() {
            return wrong(format!("{} is the network itself", net.addr()));
        }
        let Range { lower, upper, .. } = Self(net).range();
        if (lower..=upper).contains(&net.addr()) {
            return wrong(format!("machines get {lower} to {upper}, and it must be none of these"));
        }
        Ok(Self(net))
    }
}

impl TryFrom<String> for HostOnly {
    type Error = String;

    /// What docker-machine stored is taken as it is, where it is a network at all.
    fn try_from(text: String) -> Result<Self, String> {
        match text.parse::<Ipv4Net>() {
            Ok(net) if LENGTHS.contains(&net.prefix_len()) => Ok(Self(net)),
            Ok(_) | Err(_) => text.parse(),
        }
    }
}

impl From<HostOnly> for String {
    fn from(network: HostOnly) -> Self {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_only(text: &str) -> HostOnly {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_given_out_holds_neither_this_computer_nor_the_server() {
        for (own, range) in [
            ("192.168.99.1/24", "192.168.99.2 192.168.99.100 192.168.99.254"),
            ("192.168.99.9/24", "192.168.99.1 192.168.99.100 192.168.99.254"),
            ("172.16.0.1/16", "172.16.0.2 172.16.0.100 172.16.0.254"),
            ("192.168.56.1/29", "192.168.56.2 192.168.56.3 192.168.56.6"),
            ("192.168.56.2/29", "192.168.56.1 192.168.56.3 192.168.56.6"),
        ] {
            let Range { server, lower, upper } = host_only(own).range();
            assert_eq!(format!("{server} {lower} {upper}"), range, "{own}");
        }
    }

    #[test]
    fn what_is_no_address_of_this_computer_is_refused_with_the_reason() {
        for (text, why) in [
            ("192.168.99.0/24", "is the network itself"),
            ("192.168.99.255/24", "is the network itself"),
            ("192.168.99.150/24", "machines get 192.168.99.100 to 192.168.99.254"),
            ("192.168.56.5/29", "machines get 192.168.56.2 to 192.168.56.6"),
            ("192.168.99.1/30", "8 to 29"),
            ("192.168.99.1", "length"),
            ("fd00::1/64", "length"),
        ] {
            let error = text.parse::<HostOnly>().unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn docker_machines_network_gives_way_where_it_is_not_allowed_and_others_do_not() {
        let now = Version(7, 2, 22);
        let settle =
            |own: &str, version, conf| host_only(own).settle(version, conf).map(|net| net.to_string());
        assert_eq!(settle(DEFAULT, now, None).unwrap(), "192.168.56.1/24");
        assert_eq!(settle(DEFAULT, Version(6, 1, 26), None).unwrap(), DEFAULT);
        assert_eq!(
            settle(DEFAULT, now, Some("# all\n* 10.0.0.0/8 192.168.0.0/16\n* ::/0\n")).unwrap(),
            DEFAULT
        );
        assert_eq!(settle("192.168.60.1/24", now, None).unwrap(), "192.168.60.1/24");
        let cure = settle("192.168.98.1/24", now, None).unwrap_err();
        assert_eq!(cure, "echo '* 192.168.98.0/24' | sudo tee -a /etc/vbox/networks.conf");
        assert!(settle(DEFAULT, now, Some("* 10.0.0.0/8\n")).is_err());
    }
}
