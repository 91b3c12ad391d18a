//! Trouble with swarms.

use super::{Hints, To, along, one};
use crate::{
    ops::swarm::SwarmError,
    swarm::{
        addresses::AddressError, check::Problem, discovery::DiscoveryError, formation::FormationError,
        standing::Conflict, topology::TopologyError,
    },
};

pub(super) fn hints(error: &SwarmError, to: To<'_>) -> Hints {
    let program = to.program;
    match error {
        SwarmError::NameOfMachine { .. } => one("take another name"),
        SwarmError::OtherMembers { name, .. } => vec![
            format!("go on with those: {program} swarm create {name}"),
            format!("or change it afterwards: {program} swarm add, {program} swarm rm-node"),
        ],
        SwarmError::OtherSettings { name } => {
            one(format!("go on as it was begun: {program} swarm create {name}"))
        }
        SwarmError::Unfinished { machine } => one(format!("finish it: {program} provision {machine}")),
        SwarmError::NoManager { name } => one(format!("mend one, then go on: {program} swarm create {name}")),
        SwarmError::NoAnswer { name, .. } => vec![
            format!("what each says: {program} swarm status {name}"),
            format!("locked ones: {program} swarm unlock {name}"),
        ],
        SwarmError::NoDriver { .. } => {
            one("--driver DRIVER, or name machines that exist: --managers n1,n2,n3")
        }
        SwarmError::NotMember { swarm, .. } => {
            one(format!("{program} swarm status {swarm} shows the members"))
        }
        SwarmError::NotIn { swarm, .. } => one(format!("bring it in: {program} swarm create {swarm}")),
        SwarmError::Taken { machine, swarm } => {
            one(format!("take it out first: {program} swarm rm-node {swarm} {machine}"))
        }
        SwarmError::Quorum { .. } => {
            one("promote or add another manager first; --force does it anyway, and may lose the swarm")
        }
        SwarmError::Last { swarm, .. } => one(format!("end the swarm instead: {program} swarm rm {swarm}")),
        SwarmError::Down { machine } => {
            one(format!("start it ({program} start {machine}), or forget it with --force"))
        }
        SwarmError::NoRoom { service, .. } => vec![
            format!("make room: {program} swarm add, or docker service scale {service}=N"),
            "or let it go with fewer tasks: --force".to_owned(),
        ],
        SwarmError::NoKey { .. } => one("docker swarm unlock takes the key where you have it"),
        SwarmError::Problems { problems, .. } => {
            let mut hints: Hints = Vec::new();
            for hint in problems.iter().flat_map(|problem| of_problem(problem, program)) {
                if !hints.contains(&hint) {
                    hints.push(hint);
                }
            }
            hints
        }
        SwarmError::Topology(error) => of_topology(error),
        SwarmError::Discovery(error) => of_discovery(error),
        SwarmError::Conflict { swarm, conflict } => of_conflict(conflict, swarm.as_str(), program),
        SwarmError::Address(error) => of_address(error),
        SwarmError::Host(error) => along(error, to),
        SwarmError::Formation(error) => of_formation(error, to),
    }
}

fn of_problem(problem: &Problem, program: &str) -> Hints {
    match problem {
        Problem::Clock { one: machine, .. } => {
            one(format!("let it keep time: {program} ssh {machine} -- timedatectl set-ntp true"))
        }
        Problem::SameEngine { other, .. } => one(format!(
            "give the copy an id of its own: {program} ssh {other} -- \
             'rm -f /etc/docker/key.json /var/lib/docker/engine-id; systemctl restart docker'"
        )),
        Problem::SameHostname { other, .. } => one(format!(
            "give one another name: {program} ssh {other} -- \
             'hostnamectl set-hostname {other}; systemctl restart docker'"
        )),
        Problem::LiveRestore { machine } => {
            one(format!("switch it off: {program} engine set {machine} live-restore=false"))
        }
        Problem::Firewall { machine, .. } => {
            one(format!("{program} engine set {machine} firewall-backend=iptables"))
        }
        Problem::NoDefaults { machine, .. } => vec![
            format!("upgrade it: {program} upgrade {machine}"),
            "or leave --encrypt away, and let each network ask for it: docker network create -d overlay --opt encrypted NAME".to_owned(),
        ],
        Problem::Kernel { .. } => {
            one("use a host with a full kernel (the -cloud and container kernels may lack it)")
        }
        Problem::PortTaken { port: 2377 | 7946, .. } => one("stop that program, or take other hosts"),
        Problem::PortTaken { .. } => one("let overlay traffic use another port: --data-path-port 4790"),
        Problem::Pool { .. } => one("name a pool that no host needs: --address-pool 10.200.0.0/16"),
        Problem::Unreached { port, .. } => one(format!(
            "open 2377/tcp, 7946/tcp, 7946/udp and 4789/udp between the hosts (here: {port}), or say which network they share: --advertise INTERFACE"
        )),
    }
}

fn of_topology(error: &TopologyError) -> Hints {
    match error {
        TopologyError::NoManager => one("--managers 3, or --managers n1,n2,n3"),
        TopologyError::Even { managers, .. } => {
            one(format!("take {} or {}, or insist with --force", managers - 1, managers + 1))
        }
        TopologyError::FewHosts { hosts, .. } => one(format!("at most --managers {hosts}")),
        TopologyError::OtherCount { .. } => {
            one("leave --workers away: the hosts that are left become workers")
        }
        TopologyError::Twice { .. } => Vec::new(),
        TopologyError::Name(_) => one("a shorter name such as web"),
    }
}

fn of_discovery(error: &DiscoveryError) -> Hints {
    match error {
        DiscoveryError::Token | DiscoveryError::Scheme { .. } => {
            one("name the hosts: --hosts nodes://10.0.0.[10:20] or --hosts file://hosts.txt")
        }
        DiscoveryError::Entry { .. } => {
            one("an entry is a name or an address, such as 10.0.0.5, web[1:3] or 10.0.0.[10:20]")
        }
        DiscoveryError::Twice { .. } | DiscoveryError::Empty { .. } | DiscoveryError::File { .. } => {
            Vec::new()
        }
    }
}

fn of_conflict(error: &Conflict, swarm: &str, program: &str) -> Hints {
    match error {
        Conflict::OtherSwarm { machine, .. } | Conflict::Stranger { machine } => one(format!(
            "if that swarm is not needed any more: docker $({program} config {machine}) swarm leave --force"
        )),
        Conflict::Lost { .. } => {
            one(format!("forget it, then begin anew: {program} swarm rm --force {swarm}"))
        }
    }
}

fn of_address(error: &AddressError) -> Hints {
    match error {
        AddressError::Ambiguous { machine, choices } => {
            let ways = choices.iter().map(|address| format!("--advertise {machine}={address}"));
            one(format!("say at which: {}", ways.collect::<Vec<_>>().join(" or ")))
        }
        AddressError::None { machine } | AddressError::NoneFits { machine, .. } => {
            one(format!("--advertise {machine}=ADDRESS"))
        }
        AddressError::Unspecified { machine, .. } => {
            one(format!("--advertise {machine}=ADDRESS; 0.0.0.0 is for --listen"))
        }
        AddressError::NoWish { .. } => one("eth1, 10.0.0.0/8, 10.0.0.5, or n1=10.0.0.5"),
        AddressError::Shared { .. } | AddressError::Stranger { .. } => Vec::new(),
    }
}

fn of_formation(error: &FormationError, to: To<'_>) -> Hints {
    match error {
        FormationError::Token { .. } | FormationError::OtherSwarm { .. } | FormationError::Late { .. } => {
            one("the same command again goes on with new tokens")
        }
        FormationError::NoManager { manager, .. } => one(format!("open the way to {manager}/tcp")),
        FormationError::NotReached { address, .. } => {
            one(format!("open {address}/tcp towards it, from every manager"))
        }
        FormationError::Certificate { machine, .. } => vec![
            format!("compare the clocks: {} ssh {machine} -- date -u; date -u", to.program),
            "then the same command again: a node whose own certificate ended leaves and joins anew"
                .to_owned(),
        ],
        FormationError::Engine { source, .. } => along(source, to),
        FormationError::Refused { .. } => Vec::new(),
    }
}
