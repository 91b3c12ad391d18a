//! Everything that can be known to go wrong before one host is touched: pure, from what the hosts said of themselves.

use ipnet::IpNet;

use super::{
    addresses::Addresses,
    host::{Host, Taken},
    reach::{Outcome, Port},
    standing::Seen,
};
use crate::machine::{EngineVersion, MachineName};

/// A node's certificate is valid from an hour before it was made; a clock that is further behind than this cannot join reliably.
const MOST_SKEW: i64 = 15 * 60;
/// Clocks that differ by more are worth a word: logs and certificates do not fit together.
const ODD_SKEW: i64 = 30;
/// `default-network-opts` came with this engine.
const DEFAULTS_SINCE: u32 = 24;
/// Where the engine's own pool begins when nobody says another.
const USUAL_POOL: &str = "10.0.0.0/8";
/// Pools that are taken, in this order, where a host has a way into the usual one.
const OTHER_POOLS: [&str; 4] = ["10.200.0.0/16", "172.28.0.0/16", "192.168.240.0/20", "100.96.0.0/16"];

/// What an engine says of itself, as far as a swarm minds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineFacts {
    /// Its own id.
    pub id: String,
    /// Such as `26.1.5+dfsg1`.
    pub version: String,
    /// Whether containers survive its restart, which swarm mode refuses.
    pub live_restore: LiveRestore,
    /// `iptables` or `nftables`; empty where it does not say.
    pub firewall: String,
}

/// live-restore, which swarm mode refuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LiveRestore {
    /// It is off.
    #[default]
    Off,
    /// It is on because our machine was asked for it: we take it off and put it back when the node leaves.
    Ours,
    /// Somebody else switched it on.
    Theirs,
}

/// A host that is to be a node.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its machine.
    pub machine: MachineName,
    /// Its word on swarms.
    pub seen: Seen,
    /// What it is.
    pub host: Host,
    /// Its clock against ours, in seconds; positive is ahead.
    pub skew: i64,
    /// Its engine.
    pub engine: EngineFacts,
}

/// What the swarm is to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Whether overlay networks are encrypted unless they say otherwise.
    pub encrypt: bool,
    /// The UDP port of overlay networks.
    pub data_path_port: u16,
    /// Where overlay networks get their subnets; empty is the engine's own.
    pub pools: Vec<IpNet>,
}

/// Why a swarm cannot be formed of these hosts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A clock is wrong.
    #[error("the clocks of {one} and {other} are {seconds} s apart; certificates would not be valid on both")]
    Clock {
        /// One host.
        one: MachineName,
        /// The other.
        other: MachineName,
        /// How far.
        seconds: i64,
    },
    /// A cloned engine.
    #[error("the engines of {one} and {other} have the same id: one is a copy of the other")]
    SameEngine {
        /// One host.
        one: MachineName,
        /// The other.
        other: MachineName,
    },
    /// Two hosts of one name.
    #[error("the hosts of {one} and {other} are both called {hostname:?}")]
    SameHostname {
        /// One host.
        one: MachineName,
        /// The other.
        other: MachineName,
        /// The name.
        hostname: String,
    },
    /// live-restore, which swarm mode refuses.
    #[error("the engine of {machine} has live-restore on, which swarm mode does not allow")]
    LiveRestore {
        /// The machine.
        machine: MachineName,
    },
    /// A firewall that swarm mode does not work with.
    #[error(
        "the engine of {machine} uses the firewall backend {backend}, which swarm mode does not work with"
    )]
    Firewall {
        /// The machine.
        machine: MachineName,
        /// The backend.
        backend: String,
    },
    /// A kernel that cannot do overlays.
    #[error("the kernel of {machine} lacks {what}")]
    Kernel {
        /// The machine.
        machine: MachineName,
        /// What it lacks, and for what.
        what: &'static str,
    },
    /// An engine that has no defaults for networks.
    #[error(
        "the engine of {machine} ({version}) cannot encrypt networks by default: engines from {DEFAULTS_SINCE}.0 on can"
    )]
    NoDefaults {
        /// The machine.
        machine: MachineName,
        /// Its engine's version.
        version: String,
    },
    /// Another program on a port.
    #[error("{program} holds {port}/{protocol} on {machine}")]
    PortTaken {
        /// The machine.
        machine: MachineName,
        /// The program.
        program: String,
        /// The port.
        port: u16,
        /// Its protocol.
        protocol: String,
    },
    /// An address pool that a host needs for something else.
    #[error("the address pool {pool} overlaps with {route}, which {machine} has a way to")]
    Pool {
        /// The machine.
        machine: MachineName,
        /// The pool.
        pool: IpNet,
        /// The network.
        route: IpNet,
    },
    /// A port that one host does not reach on another.
    #[error("{from} does not reach {port} of {to}: {outcome}")]
    Unreached {
        /// Who tried.
        from: MachineName,
        /// Who was tried.
        to: MachineName,
        /// The port.
        port: Port,
        /// What came of it.
        outcome: Outcome,
    },
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What makes the swarm impossible.
    pub problems: Vec<Problem>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// Looks at all candidates together. Those that are nodes already are past most of it.
pub fn check(candidates: &[Candidate], wanted: &Wanted) -> Findings {
    let mut findings = Findings::default();
    clocks(candidates, &mut findings);
    twins(candidates, &mut findings);
    versions(candidates, &mut findings);
    for candidate in candidates {
        host(candidate, wanted, &mut findings);
    }
    meshes(candidates, &mut findings);
    findings
}

fn clocks(candidates: &[Candidate], findings: &mut Findings) {
    let ahead = candidates.iter().max_by_key(|candidate| candidate.skew);
    let behind = candidates.iter().min_by_key(|candidate| candidate.skew);
    let (Some(ahead), Some(behind)) = (ahead, behind) else { return };
    let seconds = ahead.skew - behind.skew;
    let (one, other) = (behind.machine.clone(), ahead.machine.clone());
    if seconds > MOST_SKEW {
        findings.problems.push(Problem::Clock { one, other, seconds });
    } else if seconds > ODD_SKEW {
        findings.notes.push(format!("the clocks of {one} and {other} are {seconds} s apart"));
    }
}

fn twins(candidates: &[Candidate], findings: &mut Findings) {
    for (place, candidate) in candidates.iter().enumerate() {
        for earlier in &candidates[..place] {
            let (one, other) = (earlier.machine.clone(), candidate.machine.clone());
            if !candidate.engine.id.is_empty() && candidate.engine.id == earlier.engine.id {
                findings.problems.push(Problem::SameEngine { one: one.clone(), other: other.clone() });
            }
            if candidate.host.hostname == earlier.host.hostname {
                let hostname = candidate.host.hostname.clone();
                findings.problems.push(Problem::SameHostname { one, other, hostname });
            }
        }
    }
}

fn versions(candidates: &[Candidate], findings: &mut Findings) {
    let mut versions: Vec<&str> =
        candidates.iter().map(|candidate| candidate.engine.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    if versions.len() > 1 {
        findings.notes.push(format!("the engines are of different versions: {}", versions.join(", ")));
    }
}

fn host(candidate: &Candidate, wanted: &Wanted, findings: &mut Findings) {
    let Candidate { machine, seen, host, skew: _, engine } = candidate;
    let kernel = host.kernel;
    let mut problem = |problem| findings.problems.push(problem);
    if seen.node().is_none() {
        match engine.live_restore {
            LiveRestore::Theirs => problem(Problem::LiveRestore { machine: machine.clone() }),
            LiveRestore::Off | LiveRestore::Ours => {}
        }
        if wanted.encrypt && !has_defaults(&engine.version) {
            let version = engine.version.clone();
            problem(Problem::NoDefaults { machine: machine.clone(), version });
        }
        if engine.firewall == "nftables" {
            let backend = engine.firewall.clone();
            problem(Problem::Firewall { machine: machine.clone(), backend });
        }
        let is_in_the_way = |taken: &&Taken| matters(taken.port, wanted) && !taken.is_vxlan();
        for taken in host.taken.iter().filter(is_in_the_way) {
            problem(Problem::PortTaken {
                machine: machine.clone(),
                program: if taken.program.is_empty() {
                    "a program".to_owned()
                } else {
                    taken.program.clone()
                },
                port: taken.port,
                protocol: taken.protocol.clone(),
            });
        }
    }
    if kernel.vxlan == Some(false) {
        problem(Problem::Kernel {
            machine: machine.clone(),
            what: "vxlan, without which there are no overlay networks",
        });
    }
    if wanted.encrypt && kernel.esp == Some(false) {
        problem(Problem::Kernel {
            machine: machine.clone(),
            what: "ESP, without which overlay networks cannot be encrypted",
        });
    }
    for pool in &wanted.pools {
        if let Some(route) = host.routes.iter().find(|route| overlap(pool, route)) {
            problem(Problem::Pool { machine: machine.clone(), pool: *pool, route: *route });
        }
    }
}

/// One word about all of them: a fleet mostly has one kernel.
fn meshes(candidates: &[Candidate], findings: &mut Findings) {
    let lacking: Vec<&str> = candidates
        .iter()
        .filter(|candidate| candidate.host.kernel.ipvs == Some(false))
        .map(|candidate| candidate.machine.as_str())
        .collect();
    if !lacking.is_empty() {
        findings.notes.push(format!(
            "without IPVS in the kernel, virtual addresses of services and the routing mesh do not work on {}: use --endpoint-mode dnsrr \
             and ports in host mode",
            lacking.join(", ")
        ));
    }
}

/// Whether an engine of that version knows `default-network-opts`; one whose version says nothing is tried.
fn has_defaults(version: &str) -> bool {
    version.parse::<EngineVersion>().is_ok_and(|version| version.is_at_least(DEFAULTS_SINCE, 0))
}

fn matters(port: u16, wanted: &Wanted) -> bool {
    matches!(port, 2377 | 7946) || port == wanted.data_path_port
}

/// Whether two networks share an address.
fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(&other.network()) || other.contains(&one.network())
}

/// A pool for overlay networks, where nobody says one and a host has a way into the engine's usual one.
pub fn free_pool(hosts: &[&Host]) -> Option<IpNet> {
    let is_free =
        |pool: &IpNet| !hosts.iter().any(|host| host.routes.iter().any(|route| overlap(pool, route)));
    let parsed = |pool: &&str| pool.parse::<IpNet>().ok();
    if parsed(&USUAL_POOL).is_some_and(|usual| is_free(&usual)) {
        return None;
    }
    OTHER_POOLS.iter().filter_map(parsed).find(|pool| is_free(pool))
}

/// How a node's addresses are told.
pub fn told(machine: &MachineName, addresses: &Addresses) -> String {
    let Addresses { advertise, listen, data_path } = addresses;
    let listening = if listen == advertise { String::new() } else { format!(", listening on {listen}") };
    let data = data_path.map(|address| format!(", overlay traffic on {address}")).unwrap_or_default();
    format!("{machine} is dialled at {advertise}{listening}{data}")
}

#[cfg(test)]
mod tests;
