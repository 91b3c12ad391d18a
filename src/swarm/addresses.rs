//! Which address of a host the others dial: chosen by route, never guessed.
//!
//! The engine itself refuses to choose between two addresses, and on a join ignores a wrong one silently, hence everything is decided here and
//! sent explicitly. An address that the host does not own (behind NAT) needs a listening address of its own beside it.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

/// The managers' port.
pub const MANAGER_PORT: u16 = 2377;

/// An address of a host, with its network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Such as `eth0`.
    pub name: String,
    /// Address and network.
    pub net: IpNet,
}

/// What a host says of its addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// Which machine.
    pub machine: String,
    /// Its addresses, without those of loopback and of the engine's own bridges.
    pub interfaces: Vec<Interface>,
    /// The address we reached it at, where we reached it directly.
    pub reached: Option<IpAddr>,
    /// From which of its addresses it talks to each of the others; one entry per other host that it has a route to.
    pub sources: Vec<IpAddr>,
}

impl Located {
    fn owns(&self, address: IpAddr) -> bool {
        self.interfaces.iter().any(|interface| interface.net.addr() == address)
    }

    /// The address towards the others, where there is just one.
    fn towards_others(&self) -> Result<IpAddr, AddressError> {
        let mut sources = self.sources.clone();
        sources.sort_unstable();
        sources.dedup();
        match sources.as_slice() {
            [one] => return Ok(*one),
            [] => {}
            several => return Err(self.ambiguous(several)),
        }
        // Alone in its swarm.
        match (self.reached.filter(|address| self.owns(*address)), self.interfaces.as_slice()) {
            (Some(address), _) => Ok(address),
            (None, [one]) => Ok(one.net.addr()),
            (None, []) => Err(AddressError::None { machine: self.machine.clone() }),
            (None, several) => {
                Err(self.ambiguous(&several.iter().map(|interface| interface.net.addr()).collect::<Vec<_>>()))
            }
        }
    }

    fn ambiguous(&self, choices: &[IpAddr]) -> AddressError {
        AddressError::Ambiguous { machine: self.machine.clone(), choices: choices.to_vec() }
    }

    /// The addresses of this host that a wish means.
    fn meant(&self, pick: &Pick) -> Result<IpAddr, AddressError> {
        let fits = |interface: &&Interface| match pick {
            Pick::Address(_) => false,
            Pick::Network(net) => net.contains(&interface.net.addr()),
            // As the engine does: IPv4 wins on an interface that has both.
            Pick::Interface(name) => interface.name == *name,
        };
        if let Pick::Address(address) = pick {
            return Ok(*address);
        }
        let mut found: Vec<IpAddr> = self.interfaces.iter().filter(fits).map(|i| i.net.addr()).collect();
        if found.iter().any(IpAddr::is_ipv4) {
            found.retain(IpAddr::is_ipv4);
        }
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(AddressError::NoneFits { machine: self.machine.clone(), wish: pick.to_string() }),
            several => Err(self.ambiguous(several)),
        }
    }
}

/// An address, an interface, or a network that an address is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// This address.
    Address(IpAddr),
    /// The address in this network.
    Network(IpNet),
    /// The address of this interface.
    Interface(String),
}

impl fmt::Display for Pick {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(out),
            Self::Network(net) => net.fmt(out),
            Self::Interface(name) => name.fmt(out),
        }
    }
}

/// A wish as typed: `eth1`, `10.0.0.0/8`, `10.0.0.5`, and the same for one machine, `n1=10.0.0.5`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The machine it is for; all where it is left out.
    pub machine: Option<String>,
    /// What is wished for.
    pub pick: Pick,
}

impl FromStr for Wish {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (machine, what) = match text.split_once('=') {
            Some((machine, what)) => (Some(machine.to_owned()), what),
            None => (None, text),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
        let pick = if let Ok(address) = what.parse() {
            Pick::Address(address)
        } else if let Ok(net) = what.parse::<IpNet>() {
            Pick::Network(net)
        } else if !what.is_empty() && what.len() < 16 && what.chars().all(is_name) {
            Pick::Interface(what.to_owned())
        } else {
            return Err(AddressError::NoWish { text: text.to_owned() });
        };
        Ok(Self { machine, pick })
    }
}

/// Wishes of all kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// What the others dial.
    pub advertise: Vec<Wish>,
    /// What managers listen on.
    pub listen: Vec<Wish>,
    /// What overlay traffic uses.
    pub data_path: Vec<Wish>,
}

/// What a node is told of its addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// What the others dial.
    pub advertise: IpAddr,
    /// What it listens on as a manager.
    pub listen: IpAddr,
    /// What overlay traffic uses; the advertised one where it is left out.
    pub data_path: Option<IpAddr>,
}

impl Addresses {
    /// `ADDRESS:PORT` for the engine.
    pub fn listen_address(&self) -> String {
        with_port(self.listen)
    }

    /// Where others join through this node.
    pub fn join_address(&self) -> String {
        with_port(self.advertise)
    }
}

fn with_port(address: IpAddr) -> String {
    std::net::SocketAddr::new(address, MANAGER_PORT).to_string()
}

/// Why an address could not be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It has none.
    #[error("{machine} has no address that others could dial")]
    None {
        /// The machine.
        machine: String,
    },
    /// It has several.
    #[error("{machine} can be dialled at {}, and nothing says at which", told(.choices))]
    Ambiguous {
        /// The machine.
        machine: String,
        /// The addresses.
        choices: Vec<IpAddr>,
    },
    /// None is what was wished for.
    #[error("{machine} has no address at {wish}")]
    NoneFits {
        /// The machine.
        machine: String,
        /// The wish.
        wish: String,
    },
    /// A wish for an address that means every address.
    #[error("{address} is every address of {machine}, and nobody can dial that")]
    Unspecified {
        /// The machine.
        machine: String,
        /// The address.
        address: IpAddr,
    },
    /// Two machines at one address.
    #[error("{one} and {other} would both be dialled at {address}")]
    Shared {
        /// One of them.
        one: String,
        /// The other.
        other: String,
        /// The address.
        address: IpAddr,
    },
    /// A wish for a machine that takes no part.
    #[error("{machine} takes no part in this swarm")]
    Stranger {
        /// The machine.
        machine: String,
    },
    /// A wish that is none.
    #[error("{text:?} is no address, interface, or network such as 10.0.0.0/8")]
    NoWish {
        /// What was typed.
        text: String,
    },
}

/// The addresses of each host, in their order.
pub fn choose(hosts: &[Located], wishes: &Wishes) -> Result<Vec<Addresses>, AddressError> {
    let all = wishes.advertise.iter().chain(&wishes.listen).chain(&wishes.data_path);
    for machine in all.filter_map(|wish| wish.machine.as_ref()) {
        if !hosts.iter().any(|host| host.machine == *machine) {
            return Err(AddressError::Stranger { machine: machine.clone() });
        }
    }
    let chosen: Vec<Addresses> = hosts.iter().map(|host| one(host, wishes)).collect::<Result<_, _>>()?;
    for (place, addresses) in chosen.iter().enumerate() {
        if let Some(before) = chosen[..place].iter().position(|other| other.advertise == addresses.advertise)
        {
            return Err(AddressError::Shared {
                one: hosts[before].machine.clone(),
                other: hosts[place].machine.clone(),
                address: addresses.advertise,
            });
        }
    }
    Ok(chosen)
}

fn one(host: &Located, wishes: &Wishes) -> Result<Addresses, AddressError> {
    let asked = |kind: &[Wish]| wish_for(host, kind).map(|pick| host.meant(pick)).transpose();
    let advertise = match asked(&wishes.advertise)? {
        Some(address) if address.is_unspecified() => {
            return Err(AddressError::Unspecified { machine: host.machine.clone(), address });
        }
        Some(address) => address,
        None => host.towards_others()?,
    };
    let listen = match asked(&wishes.listen)? {
        Some(address) => address,
        None if host.owns(advertise) => advertise,
        None => host.towards_others()?,
    };
    Ok(Addresses { advertise, listen, data_path: asked(&wishes.data_path)? })
}

/// The wish for this machine, else the one for all.
fn wish_for<'a>(host: &Located, wishes: &'a [Wish]) -> Option<&'a Pick> {
    let own = wishes.iter().rev().find(|wish| wish.machine.as_deref() == Some(host.machine.as_str()));
    own.or_else(|| wishes.iter().rev().find(|wish| wish.machine.is_none())).map(|wish| &wish.pick)
}

fn told(choices: &[IpAddr]) -> String {
    choices.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(machine: &str, nets: &[(&str, &str)], sources: &[&str]) -> Located {
        let interfaces = nets
            .iter()
            .map(|(name, net)| Interface { name: (*name).to_owned(), net: net.parse().unwrap() })
            .collect();
        let sources = sources.iter().map(|source| source.parse().unwrap()).collect();
        Located { machine: machine.to_owned(), interfaces, reached: None, sources }
    }

    fn advertised(hosts: &[Located], wishes: &[&str]) -> Result<Vec<String>, String> {
        let advertise = wishes.iter().map(|wish| wish.parse().unwrap()).collect();
        let wishes = Wishes { advertise, ..Wishes::default() };
        let chosen = choose(hosts, &wishes).map_err(|error| error.to_string())?;
        Ok(chosen.iter().map(|addresses| addresses.advertise.to_string()).collect())
    }

    fn two_networks(machine: &str, last: u8, sources: &[&str]) -> Located {
        let (public, private) = (format!("203.0.113.{last}/24"), format!("10.0.0.{last}/24"));
        host(machine, &[("eth0", &public), ("eth1", &private)], sources)
    }

    #[test]
    fn the_address_towards_the_others_is_the_one_they_dial() {
        let hosts = [two_networks("a", 1, &["10.0.0.1"]), two_networks("b", 2, &["10.0.0.2"])];
        assert_eq!(advertised(&hosts, &[]).unwrap(), ["10.0.0.1", "10.0.0.2"]);
    }

    #[test]
    fn two_addresses_to_choose_from_are_never_guessed_between() {
        let hosts = [two_networks("a", 1, &["10.0.0.1", "203.0.113.1"])];
        assert_eq!(
            advertised(&hosts, &[]).unwrap_err(),
            "a can be dialled at 10.0.0.1 and 203.0.113.1, and nothing says at which"
        );
        assert_eq!(advertised(&hosts, &["eth1"]).unwrap(), ["10.0.0.1"]);
        assert_eq!(advertised(&hosts, &["203.0.113.0/24"]).unwrap(), ["203.0.113.1"]);
    }

    #[test]
    fn a_wish_for_one_machine_stands_over_the_one_for_all() {
        let hosts = [two_networks("a", 1, &["10.0.0.1"]), two_networks("b", 2, &["10.0.0.2"])];
        assert_eq!(advertised(&hosts, &["eth1", "b=203.0.113.2"]).unwrap(), ["10.0.0.1", "203.0.113.2"]);
        assert!(advertised(&hosts, &["c=10.0.0.9"]).unwrap_err().contains("c takes no part"));
        assert!(advertised(&hosts, &["eth7"]).unwrap_err().contains("a has no address at eth7"));
        assert!(advertised(&hosts, &["0.0.0.0"]).unwrap_err().contains("nobody can dial"));
    }

    #[test]
    fn an_address_behind_nat_gets_a_listening_address_that_the_host_owns() {
        let hosts = [host("a", &[("eth0", "192.168.1.5/24")], &["192.168.1.5"])];
        let wishes = Wishes { advertise: vec!["203.0.113.9".parse().unwrap()], ..Wishes::default() };
        let chosen = choose(&hosts, &wishes).unwrap();
        assert_eq!(chosen[0].listen_address(), "192.168.1.5:2377");
        assert_eq!(chosen[0].join_address(), "203.0.113.9:2377");
    }

    #[test]
    fn a_host_that_is_alone_takes_the_address_we_reached_it_at() {
        let mut alone = two_networks("a", 1, &[]);
        alone.reached = Some("203.0.113.1".parse().unwrap());
        assert_eq!(advertised(&[alone.clone()], &[]).unwrap(), ["203.0.113.1"]);
        alone.reached = None;
        assert!(advertised(&[alone], &[]).is_err());
    }

    #[test]
    fn two_machines_at_one_address_are_told() {
        let hosts = [
            host("a", &[("e", "10.0.0.1/24")], &["10.0.0.1"]),
            host("b", &[("e", "10.0.0.1/24")], &["10.0.0.1"]),
        ];
        assert!(advertised(&hosts, &[]).unwrap_err().contains("a and b would both be dialled at 10.0.0.1"));
    }
}
