//! Who listens, in the words of ss(8), or in those of the kernel where that is missing.

use std::net::IpAddr;

use super::{Reader, specific};
use crate::provision::facts::{Listener, Process};

/// Everybody who listens on TCP.
pub(super) fn listeners(at: Reader<'_>) -> Vec<Listener> {
    let units = at.lines("socket-units");
    let named = at.lines("listeners").into_iter().filter_map(|line| listener(&line, &units));
    let nameless = at.lines("sockets").into_iter().filter_map(|line| socket(&line));
    named.chain(nameless).collect()
}

/// A line of `ss -Hltnp`: `LISTEN 0 4096 127.0.0.1:2376 0.0.0.0:* users:(("dockerd",pid=60,fd=3),("systemd",pid=1,fd=30))`. Each of
/// `units` is one of `systemctl list-sockets`: `[::]:2376 web.socket web.service`.
fn listener(line: &str, units: &[String]) -> Option<Listener> {
    let (address, port) = line.split_whitespace().nth(3)?.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let address = address.trim_matches(['[', ']']).split('%').next()?;
    let users = line.split_once("users:((").map_or("", |(_, users)| users);
    let (of_systemd, programs): (Vec<Process>, Vec<Process>) =
        users.split("),(").filter_map(user).partition(|user| user.pid == 1);
    let of_port = |unit: &&String| {
        let place = unit.split_whitespace().next().and_then(|place| place.rsplit_once(':'));
        place.is_some_and(|(_, number)| number.parse() == Ok(port))
    };
    let unit = || {
        let unit = units.iter().find(of_port).and_then(|unit| unit.split_whitespace().nth(1));
        unit.unwrap_or_default().to_owned()
    };
    Some(Listener {
        address: specific(address.parse().ok()),
        port,
        socket_unit: (!of_systemd.is_empty()).then(unit),
        program: programs.into_iter().chain(of_systemd).next(),
    })
}

/// `"dockerd",pid=60,fd=3`.
fn user(text: &str) -> Option<Process> {
    let (name, rest) = text.strip_prefix('"')?.split_once("\",pid=")?;
    Some(Process { pid: rest.split(',').next()?.parse().ok()?, name: name.to_owned() })
}

/// A line of `/proc/net/tcp`: `0: 0100007F:0948 00000000:0000 0A ...`; addresses are in the host's byte order, and
/// all hosts that engines are built for but s390x are little-endian.
fn socket(line: &str) -> Option<Listener> {
    let (address, port) = line.split_whitespace().nth(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let address = match address.len() {
        8 => Some(IpAddr::from(u32::from_str_radix(address, 16).ok()?.to_le_bytes())),
        _ => None,
    };
    Some(Listener { address: specific(address), port, program: None, socket_unit: None })
}
