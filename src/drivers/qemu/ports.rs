//! Ports of a machine that are reached by ports of this computer.

use serde::{Deserialize, Serialize};

use crate::drivers::local::ports::is_free;

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

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

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
    }
}
