//! Ports of this computer's loopback by which a machine is reached.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

use serde::{Deserialize, Serialize};

/// Where ports are looked for: above those of services, below those that the kernel gives to connections.
const RANGE: std::ops::Range<u16> = 20_000..32_000;
/// How many are tried.
const TRIES: usize = 200;

/// A port of the machine by one of this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Forward {
    /// On this computer.
    pub(super) outside: u16,
    /// In the machine.
    pub(super) inside: u16,
}

/// Reads `8080:80`, or `8080` for both.
pub(super) fn parse(given: &[String]) -> Result<Vec<Forward>, String> {
    let mut forwards: Vec<Forward> = Vec::new();
    for text in given {
        let (outside, inside) = text.split_once(':').unwrap_or((text, text));
        let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0);
        let (Some(outside), Some(inside)) = (port(outside), port(inside)) else {
            return Err(format!(
                "--qemu-forward {text:?} must be two ports such as 8080:80, or one for both"
            ));
        };
        if forwards.iter().any(|forward| forward.outside == outside) {
            return Err(format!("--qemu-forward names the port {outside} of this computer twice"));
        }
        forwards.push(Forward { outside, inside });
    }
    Ok(forwards)
}

/// Whether the wanted ports are free.
pub(super) fn judge(forwards: &[Forward]) -> Result<(), String> {
    match forwards.iter().find(|forward| !is_free(forward.outside)) {
        Some(forward) => Err(format!("the port {} of this computer is in use", forward.outside)),
        None => Ok(()),
    }
}

/// Free ports that differ from each other and from those that are taken.
pub(super) fn free<const N: usize>(taken: &[u16]) -> io::Result<[u16; N]> {
    let mut found = Vec::with_capacity(N);
    for _ in 0..TRIES {
        if let Ok(ports) = <[u16; N]>::try_from(found.as_slice()) {
            return Ok(ports);
        }
        let port = rand::random_range(RANGE);
        if !taken.contains(&port) && !found.contains(&port) && is_free(port) {
            found.push(port);
        }
    }
    Err(io::Error::other(format!("of {TRIES} ports from {} to {} none was free", RANGE.start, RANGE.end)))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_is_two_ports_or_one_for_both() {
        let read = |text: &str| parse(&[text.to_owned()]);
        assert_eq!(read("8080:80").unwrap(), [Forward { outside: 8080, inside: 80 }]);
        assert_eq!(read("443").unwrap(), [Forward { outside: 443, inside: 443 }]);
        for wrong in ["", "0", "80:", "80:0", "70000", "a:b", "1:2:3"] {
            assert!(read(wrong).unwrap_err().contains("two ports"), "{wrong}");
        }
        assert!(parse(&["80".to_owned(), "80:8080".to_owned()]).unwrap_err().contains("twice"));
    }

    #[test]
    fn a_port_that_somebody_listens_on_is_not_free() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(judge(&[Forward { outside: port, inside: 80 }]).unwrap_err().contains(&port.to_string()));
        let [one, two] = free(&[port]).unwrap();
        assert_ne!(one, two);
    }
}
