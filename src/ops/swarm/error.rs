//! Why a verb on a swarm failed.

use crate::{
    machine::MachineName,
    swarm::{
        addresses::AddressError, check::Problem, discovery::DiscoveryError, formation::FormationError,
        host::HostError, quorum::Quorum, standing::Conflict, topology::TopologyError,
    },
};

/// Why a verb on a swarm failed.
#[derive(Debug, thiserror::Error)]
pub enum SwarmError {
    /// A machine has the name.
    #[error("there is a machine called {name}, and a swarm may not share its name")]
    NameOfMachine {
        /// The name.
        name: MachineName,
    },
    /// The swarm was begun with other members.
    #[error("swarm {name} was begun with other members: {members}")]
    OtherMembers {
        /// The swarm.
        name: MachineName,
        /// Those.
        members: String,
    },
    /// The swarm was begun with other settings.
    #[error("swarm {name} was begun with other settings")]
    OtherSettings {
        /// The swarm.
        name: MachineName,
    },
    /// A machine that is to be a node is not finished.
    #[error("machine {machine} is not finished")]
    Unfinished {
        /// The machine.
        machine: MachineName,
    },
    /// No manager is left to begin with.
    #[error("no manager of swarm {name} can be used")]
    NoManager {
        /// The swarm.
        name: MachineName,
    },
    /// No manager answers and can decide.
    #[error("no manager of swarm {name} can decide anything: {why}")]
    NoAnswer {
        /// The swarm.
        name: MachineName,
        /// What each says.
        why: String,
    },
    /// Nobody said how to make machines.
    #[error("{machine} is to be made, and no driver is named that could")]
    NoDriver {
        /// The machine.
        machine: MachineName,
    },
    /// A machine that is no member.
    #[error("{machine} is no member of swarm {swarm}")]
    NotMember {
        /// The machine.
        machine: MachineName,
        /// The swarm.
        swarm: MachineName,
    },
    /// A member that is not in.
    #[error("{machine} is not in swarm {swarm} (yet)")]
    NotIn {
        /// The machine.
        machine: MachineName,
        /// The swarm.
        swarm: MachineName,
    },
    /// A machine that is a member of another swarm of this store.
    #[error("{machine} is a member of swarm {swarm}")]
    Taken {
        /// The machine.
        machine: MachineName,
        /// That swarm.
        swarm: MachineName,
    },
    /// A manager that the quorum needs.
    #[error("without {machine} the swarm could decide nothing any more: {quorum}")]
    Quorum {
        /// The machine.
        machine: MachineName,
        /// The arithmetic.
        quorum: Quorum,
    },
    /// The last manager.
    #[error("{machine} is the last manager that answers")]
    Last {
        /// The machine.
        machine: MachineName,
        /// The swarm.
        swarm: MachineName,
    },
    /// A node that does not answer.
    #[error("{machine} does not answer to the swarm, so its tasks cannot be moved away in order")]
    Down {
        /// The machine.
        machine: MachineName,
    },
    /// The others cannot take what runs there.
    #[error("the other nodes have no room for what runs on {machine}, so it stays: {service}: {reason}")]
    NoRoom {
        /// The machine.
        machine: MachineName,
        /// The service.
        service: String,
        /// The scheduler's words.
        reason: String,
    },
    /// No key.
    #[error("the store has no key for the managers of swarm {name}")]
    NoKey {
        /// The swarm.
        name: MachineName,
    },
    /// What would go wrong.
    #[error("{}", told(.problems))]
    Problems {
        /// Each of them.
        problems: Vec<Problem>,
        /// Whether machines were made for the swarm before.
        after_making: bool,
    },
    /// Who takes part makes no sense.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// A list of hosts is none.
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    /// Hosts are in a swarm already.
    #[error("{conflict}")]
    Conflict {
        /// The swarm that was to be formed of them.
        swarm: MachineName,
        /// In which way.
        conflict: Conflict,
    },
    /// An address could not be chosen.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A host could not be looked at.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A node is not in.
    #[error(transparent)]
    Formation(#[from] FormationError),
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
