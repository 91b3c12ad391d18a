//! Whether every host reaches every other on the ports of a swarm, tried before the engine does, because the engine would only say "timeout".
//!
//! Throwaway listeners answer with a mark, so that another program on the port is told from ours. UDP is tried with an echo, which proves both
//! directions. A port that the engine holds already (a node of a running swarm) cannot be listened on; there TCP is believed when it answers.

use std::{fmt, net::IpAddr};

use super::host::{HostError, answer, listed};
use crate::{
    remote::{Document, Remote, Script},
    retry::Deadline,
};

const REACH: Script = Script {
    name: "swarm/reach.sh",
    text: concat!(
        include_str!("../../templates/take.sh"),
        include_str!("../../templates/swarm/reach.sh"),
        "main\n"
    ),
};
const PERL: &str = include_str!("../../templates/swarm/reach.pl");
const PYTHON: &str = include_str!("../../templates/swarm/reach.py");

/// The UDP port of overlay networks where nobody says another.
pub const DATA_PATH_PORT: u16 = 4789;

/// A port of a swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Port {
    /// 2377/tcp: managers listen.
    Management,
    /// 7946/tcp: nodes tell each other who is there.
    GossipTcp,
    /// 7946/udp.
    GossipUdp,
    /// The overlay networks' own traffic.
    DataPath(u16),
}

impl Port {
    fn words(self) -> (&'static str, u16) {
        match self {
            Self::Management => ("tcp", 2377),
            Self::GossipTcp => ("tcp", 7946),
            Self::GossipUdp => ("udp", 7946),
            Self::DataPath(port) => ("udp", port),
        }
    }

    fn is_tcp(self) -> bool {
        self.words().0 == "tcp"
    }
}

impl fmt::Display for Port {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (protocol, port) = self.words();
        out.pad(&format!("{port}/{protocol}"))
    }
}

/// The ports of a swarm, in the order in which they are shown.
pub fn ports(data_path: u16) -> [Port; 4] {
    [Port::Management, Port::GossipTcp, Port::GossipUdp, Port::DataPath(data_path)]
}

/// What came of trying a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was reached.
    Open,
    /// The host said that nobody listens: something on the way, or the host, refuses.
    Refused,
    /// No answer: something on the way drops it.
    Silent,
    /// Another program than the engine listens there.
    Stranger,
    /// Nothing could be tried: the host has neither perl nor python3, or the engine holds the port.
    Untried,
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Silent => "no answer",
            Self::Stranger => "held by another program",
            Self::Untried => "not tried",
        })
    }
}

/// A host's listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listening {
    /// On these ports; the others are taken.
    On(Vec<Port>),
    /// The host has nothing to listen with.
    Unable,
}

impl Listening {
    fn has(&self, port: Port) -> bool {
        matches!(self, Self::On(ports) if ports.contains(&port))
    }
}

/// Who tried whom, on which port, and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The address that was tried.
    pub other: IpAddr,
    /// The port.
    pub port: Port,
    /// What came of it.
    pub outcome: Outcome,
}

/// What listeners and callers of one run know each other by.
#[derive(Clone, Debug)]
pub struct Mark(String);

impl Mark {
    /// A new one.
    pub fn new() -> Self {
        Self(format!("rmachine-listener-{:016x}", rand::random::<u64>()))
    }
}

impl Default for Mark {
    fn default() -> Self {
        Self::new()
    }
}

/// Opens the listeners of a host; they end by themselves within a minute.
pub async fn listen(
    remote: &dyn Remote,
    mark: &Mark,
    address: IpAddr,
    ports: &[Port],
    deadline: Deadline,
) -> Result<Listening, HostError> {
    let document = document("listen", mark).with("address", address.to_string()).with("ports", words(ports));
    let lines = answer(remote, REACH, &document, deadline).await?;
    if lines.iter().any(|line| line == "unable") {
        return Ok(Listening::Unable);
    }
    let named = |line: &str| {
        let spoken = line.strip_prefix("listening ")?;
        ports.iter().copied().find(|port| spoken == spelled(*port))
    };
    Ok(Listening::On(lines.iter().filter_map(|line| named(line)).collect()))
}

/// Tries the ports of the other hosts.
pub async fn attempt(
    remote: &dyn Remote,
    mark: &Mark,
    others: &[IpAddr],
    ports: &[Port],
    deadline: Deadline,
) -> Result<Vec<Trial>, HostError> {
    let document = document("try", mark).with("ports", words(ports)).with("others", listed(others));
    let lines = answer(remote, REACH, &document, deadline).await?;
    Ok(trials(&lines, others, ports))
}

/// Ends the listeners of a host.
pub async fn stop(remote: &dyn Remote, mark: &Mark, deadline: Deadline) -> Result<(), HostError> {
    answer(remote, REACH, &document("stop", mark), deadline).await.map(drop)
}

fn document(verb: &str, mark: &Mark) -> Document {
    Document::new().with("do", verb).with("mark", mark.0.as_str()).with("perl", PERL).with("python", PYTHON)
}

fn spelled(port: Port) -> String {
    let (protocol, number) = port.words();
    format!("{protocol} {number}")
}

fn words(ports: &[Port]) -> String {
    listed(&ports.iter().map(|port| spelled(*port)).collect::<Vec<_>>())
}

/// Every pair of host and port, with what was said of it; silence about one means that it was not tried.
fn trials(lines: &[String], others: &[IpAddr], ports: &[Port]) -> Vec<Trial> {
    let said = |other: &IpAddr, port: Port| {
        let head = format!("{other} {} ", spelled(port));
        lines.iter().find_map(|line| line.strip_prefix(&head)).map_or(Outcome::Untried, outcome)
    };
    let pairs = others.iter().flat_map(|other| ports.iter().map(move |port| (*other, *port)));
    pairs.map(|(other, port)| Trial { other, port, outcome: said(&other, port) }).collect()
}

fn outcome(word: &str) -> Outcome {
    match word {
        "open" => Outcome::Open,
        "refused" => Outcome::Refused,
        "silent" => Outcome::Silent,
        "stranger" => Outcome::Stranger,
        _ => Outcome::Untried,
    }
}

/// What a trial means, given what the other host could listen on and whether it is a node already, whose engine holds the ports.
pub fn judged(trial: Trial, listening: &Listening, is_node: bool) -> Outcome {
    if listening.has(trial.port) {
        return trial.outcome;
    }
    match (trial.outcome, is_node) {
        // Something answers on the engine's port, and it is not ours: the engine.
        (Outcome::Stranger | Outcome::Open, true) if trial.port.is_tcp() => Outcome::Open,
        (Outcome::Refused | Outcome::Silent, true) if trial.port.is_tcp() => trial.outcome,
        (_, true) => Outcome::Untried,
        (_, false) if *listening == Listening::Unable => Outcome::Untried,
        (_, false) => Outcome::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &str = "10.0.0.2";

    fn tried(lines: &[&str]) -> Vec<Outcome> {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let trials = trials(&lines, &[OTHER.parse().unwrap()], &ports(DATA_PATH_PORT));
        trials.into_iter().map(|trial| trial.outcome).collect()
    }

    #[test]
    fn every_port_of_every_host_has_an_outcome_whatever_was_said() {
        let said = ["10.0.0.2 tcp 2377 open", "10.0.0.2 udp 4789 silent", "10.0.0.9 tcp 7946 open", "hello"];
        assert_eq!(tried(&said), [Outcome::Open, Outcome::Untried, Outcome::Untried, Outcome::Silent]);
    }

    #[test]
    fn a_port_that_could_not_be_listened_on_is_judged_by_who_holds_it() {
        let trial = |port, outcome| Trial { other: OTHER.parse().unwrap(), port, outcome };
        let taken = Listening::On(vec![Port::Management]);
        let held = trial(Port::GossipTcp, Outcome::Stranger);
        assert_eq!(judged(held, &taken, true), Outcome::Open);
        assert_eq!(judged(held, &taken, false), Outcome::Stranger);
        assert_eq!(judged(trial(Port::GossipUdp, Outcome::Silent), &taken, true), Outcome::Untried);
        assert_eq!(judged(trial(Port::Management, Outcome::Silent), &taken, true), Outcome::Silent);
        assert_eq!(judged(held, &Listening::Unable, false), Outcome::Untried);
    }
}
