//! What a host is to a swarm: one script's answer, read.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ipnet::IpNet;

use super::addresses::{Interface, Located};
use crate::{
    remote::{Document, Line, Remote, RemoteError, Script},
    retry::Deadline,
    tls,
};

const LOOK: Script = Script {
    name: "swarm/look.sh",
    text: concat!(
        include_str!("../../templates/take.sh"),
        include_str!("../../templates/swarm/look.sh"),
        "main\n"
    ),
};
/// The last line of every answer.
const END: &str = "end";
/// More lines than any host has reason to answer.
const MOST_LINES: usize = 10_000;

/// What a kernel can do for overlay networks; `None` is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kernel {
    /// Virtual addresses of services and the routing mesh.
    pub ipvs: Option<bool>,
    /// Encrypted overlays.
    pub esp: Option<bool>,
    /// Overlays at all.
    pub vxlan: Option<bool>,
}

/// A port that somebody listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Its number.
    pub port: u16,
    /// Who listens, where that is known.
    pub program: String,
}

impl Taken {
    /// Whether it is the kernel that listens for VXLANs, which share a port: an engine keeps one for long after it has left a swarm.
    pub fn is_vxlan(&self) -> bool {
        self.protocol == "udp" && self.program.is_empty() && !matches!(self.port, 2377 | 7946)
    }
}

/// A host as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// Its name.
    pub hostname: String,
    /// Its clock, seconds since 1970.
    pub clock: i64,
    /// Its addresses.
    pub interfaces: Vec<Interface>,
    /// From which address it talks to which other.
    pub sources: Vec<(IpAddr, IpAddr)>,
    /// The networks it has a way to.
    pub routes: Vec<IpNet>,
    /// What its kernel can do.
    pub kernel: Kernel,
    /// Who listens on ports of a swarm.
    pub taken: Vec<Taken>,
    /// When its node's certificate ends, seconds since 1970.
    pub certificate_until: Option<i64>,
}

impl Host {
    /// Its addresses as they are chosen from.
    pub fn located(&self, machine: &str, reached: Option<IpAddr>) -> Located {
        Located {
            machine: machine.to_owned(),
            interfaces: self.interfaces.clone(),
            reached,
            sources: self.sources.iter().map(|(_, source)| *source).collect(),
        }
    }
}

/// Why a host could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The script could not be run.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Its answer is none.
    #[error("{script} on {host} answered what cannot be understood: {reason}")]
    Answer {
        /// The host.
        host: String,
        /// The script.
        script: &'static str,
        /// What is wrong with the answer.
        reason: String,
    },
}

/// Looks at a host; `others` are the addresses of the other hosts.
pub async fn look(remote: &dyn Remote, others: &[IpAddr], deadline: Deadline) -> Result<Host, HostError> {
    let document = Document::new().with("others", listed(others));
    let lines = answer(remote, LOOK, &document, deadline).await?;
    read(&lines).map_err(|reason| HostError::Answer {
        host: remote.host().to_owned(),
        script: LOOK.name,
        reason,
    })
}

/// One item a line. A document's entry is never empty, so that `dd` has something to read.
pub(super) fn listed<T: ToString>(items: &[T]) -> String {
    items.iter().map(|item| item.to_string() + "\n").collect::<String>() + "\n"
}

/// A script's lines up to the one that ends every answer.
pub(super) async fn answer(
    remote: &dyn Remote,
    script: Script,
    document: &Document,
    deadline: Deadline,
) -> Result<Vec<String>, HostError> {
    let mut lines = Vec::new();
    let mut complaint = None;
    let mut take = |line: Line| match line {
        Line::Out(line) if lines.len() < MOST_LINES => lines.push(line),
        Line::Out(_too_much) => {}
        Line::Err(line) => complaint = Some(line),
    };
    let exit = remote.run(script, document, deadline, &mut take).await?;
    if lines.pop().as_deref() == Some(END) {
        return Ok(lines);
    }
    Err(HostError::Answer {
        host: remote.host().to_owned(),
        script: script.name,
        reason: complaint.unwrap_or_else(|| format!("it ended early ({exit})")),
    })
}

fn read(lines: &[String]) -> Result<Host, String> {
    let mut host = Host::default();
    for line in lines {
        let senseless = || format!("{line:?}");
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["clock", clock] => host.clock = clock.parse().map_err(|_| senseless())?,
            ["hostname", name] => (*name).clone_into(&mut host.hostname),
            ["net", name, net] => {
                let net = net.parse().map_err(|_| senseless())?;
                host.interfaces.push(Interface { name: (*name).to_owned(), net });
            }
            ["source", other, source] => {
                let pair =
                    (other.parse().map_err(|_| senseless())?, source.parse().map_err(|_| senseless())?);
                host.sources.push(pair);
            }
            ["route", net] => host.routes.push(net.parse().map_err(|_| senseless())?),
            ["kernel", feature, has] => {
                let has = Some(*has == "yes");
                match *feature {
                    "ipvs" => host.kernel.ipvs = has,
                    "esp" => host.kernel.esp = has,
                    "vxlan" => host.kernel.vxlan = has,
                    _ => return Err(senseless()),
                }
            }
            ["taken", protocol, port, program @ ..] => host.taken.push(Taken {
                protocol: (*protocol).to_owned(),
                port: port.parse().map_err(|_| senseless())?,
                program: program.join(" "),
            }),
            ["certificate", pem] => host.certificate_until = Some(until(pem).ok_or_else(senseless)?),
            _ => return Err(senseless()),
        }
    }
    if host.clock == 0 { Err("it says no time".to_owned()) } else { Ok(host) }
}

/// When a certificate ends: the first of a PEM file in base64.
fn until(pem: &str) -> Option<i64> {
    let pem = String::from_utf8(STANDARD.decode(pem).ok()?).ok()?;
    Some(tls::read(&pem).ok()?.not_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_answer_is_read_as_a_host_gave_it() {
        let recorded = include_str!("../../tests/fixtures/swarm/debian12.look");
        let host = read(&lines(recorded)).unwrap();
        assert_eq!(host.hostname, "web-m2");
        assert_eq!(host.interfaces.len(), 1);
        assert_eq!(host.interfaces[0].net.to_string(), "10.47.0.13/24");
        assert_eq!(host.sources[0].1.to_string(), "10.47.0.13");
        assert_eq!(host.routes, ["10.47.0.0/24".parse::<IpNet>().unwrap()]);
        assert_eq!(host.kernel, Kernel { ipvs: Some(false), esp: Some(false), vxlan: Some(true) });
        assert_eq!(host.taken[0].program, "dockerd");
        assert_eq!(host.certificate_until, Some(1_803_301_080));
    }

    #[test]
    fn a_hostile_answer_is_refused_with_the_line_that_makes_no_sense() {
        for wrong in ["clock soon", "clock 1\nnet eth0 everywhere", "clock 1\nkernel magic yes", "Welcome!"] {
            let reason = read(&lines(wrong)).unwrap_err();
            assert!(reason.contains(wrong.lines().last().unwrap()), "{reason}");
        }
        assert_eq!(read(&[]).unwrap_err(), "it says no time");
    }
}
