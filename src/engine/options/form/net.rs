//! Addresses and networks in the forms that the engine takes, and what is meant where it would not.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{Family, Form, Mistake};

/// A network without host bits.
pub(super) fn network(family: Family, text: &str) -> Result<(), Mistake> {
    let wrong = || Form::Network(family).wrong();
    let Ok(net) = text.parse::<IpNet>() else {
        return Err(match text.parse::<IpAddr>() {
            Ok(_) => Mistake::expected(format!("{}, with its length", Form::Network(family).in_words())),
            Err(_) => wrong(),
        });
    };
    if !is_of(family, net.addr()) {
        return Err(wrong());
    }
    if net.addr() == net.network() { Ok(()) } else { Err(wrong().meaning(net.trunc().to_string())) }
}

/// An address of a host, with the length of its network.
pub(super) fn interface(family: Family, text: &str) -> Result<(), Mistake> {
    let wrong = || Form::Interface(family).wrong();
    let net = text.parse::<IpNet>().map_err(|_| wrong())?;
    if !is_of(family, net.addr()) {
        return Err(wrong());
    }
    let is_whole = net.prefix_len() == net.max_prefix_len();
    if net.addr() != net.network() || is_whole {
        return Ok(());
    }
    Err(match net.hosts().next() {
        Some(first) => wrong().meaning(format!("{first}/{}", net.prefix_len())),
        None => wrong(),
    })
}

/// One address.
pub(super) fn address(family: Option<Family>, text: &str) -> Result<(), Mistake> {
    let is_one = text.parse::<IpAddr>().is_ok_and(|ip| family.is_none_or(|family| is_of(family, ip)));
    if is_one { Ok(()) } else { Err(Form::Address(family).wrong()) }
}

fn is_of(family: Family, ip: IpAddr) -> bool {
    match family {
        Family::V4 => ip.is_ipv4(),
        Family::V6 => ip.is_ipv6(),
    }
}

/// A domain of a resolver's search list; `.` stands for none.
pub(super) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
    };
    let looks_like_address = text.parse::<IpAddr>().is_ok();
    text == "."
        || (!looks_like_address && text.len() <= 253 && text.trim_end_matches('.').split('.').all(is_label))
}

/// `HOST`, `HOST:PORT`, or a network whose registries are all meant.
pub(super) fn is_registry(text: &str) -> bool {
    let host_and_port = |text: &str| match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => {
            is_domain_or_address(host) && port.parse::<u16>().is_ok()
        }
        Some((host, port)) => {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
            bare.is_some_and(|host| host.parse::<IpAddr>().is_ok()) && port.parse::<u16>().is_ok()
        }
        None => is_domain_or_address(text),
    };
    text.parse::<IpNet>().is_ok() || host_and_port(text)
}

fn is_domain_or_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || (text != "." && is_domain(text))
}

/// A URL of the web with a host.
pub(super) fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', ':']))
        && !text.contains(char::is_whitespace)
}
