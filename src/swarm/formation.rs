//! Init and join: what the engine needs in which order, and how each ends.
//!
//! `POST /swarm/join` answers an error after 20 s although it goes on in the background, and a second join is refused until the first is
//! left: nothing is believed but `GET /info` of the node and `GET /nodes` of a manager, and an attempt that does not end well is left.

use std::time::Duration;

use super::{addresses::Addresses, standing::Seen};
use crate::{
    engine::api::{
        Api, ApiError,
        swarm::{Availability, InitRequest, JoinRequest, Role},
    },
    event::Events,
    machine::MachineName,
    retry::{Backoff, Deadline, PollError, TimedOut, Try, poll},
    secret::Secret,
};

/// A join in the background is given up after this long: the engine itself tries for less.
const JOIN_WAIT: Duration = Duration::from_secs(60);
/// A node that joined is ready within a few heartbeats of 5 s.
const READY_WAIT: Duration = Duration::from_secs(60);
/// Leaving after a failure; the swarm does not hear of it, so that it is quick.
const LEAVE_WAIT: Duration = Duration::from_secs(30);

/// A node to be, and the way to its engine.
pub struct Joiner<'a> {
    /// Its machine.
    pub machine: &'a MachineName,
    /// Its engine.
    pub api: &'a Api,
    /// Its addresses.
    pub addresses: &'a Addresses,
    /// What it is for.
    pub role: Role,
    /// Where to say what happens.
    pub events: &'a Events,
}

/// A manager through which others join.
#[derive(Clone, Debug)]
pub struct Door {
    /// Its address and port.
    pub address: String,
    /// What lets a node of this role in.
    pub token: Secret,
}

/// Why a node is not in.
#[derive(Debug, thiserror::Error)]
pub enum FormationError {
    /// The engine refused, in its own words.
    #[error("the engine of {machine} did not {verb}: {reason}")]
    Refused {
        /// The machine.
        machine: MachineName,
        /// `begin the swarm` or `join`.
        verb: &'static str,
        /// Its words.
        reason: String,
    },
    /// The token is not one of this swarm.
    #[error("{machine} was given a token that this swarm does not take (any more)")]
    Token {
        /// The machine.
        machine: MachineName,
    },
    /// The token belongs to another swarm.
    #[error("{machine} was given the token of another swarm: the CA at {manager} is not the token's")]
    OtherSwarm {
        /// The machine.
        machine: MachineName,
        /// The manager's address.
        manager: String,
    },
    /// The manager does not answer.
    #[error("{machine} does not reach the manager at {manager}")]
    NoManager {
        /// The machine.
        machine: MachineName,
        /// The manager's address.
        manager: String,
    },
    /// The swarm does not reach the new manager.
    #[error("the swarm's managers do not reach {machine} at {address}")]
    NotReached {
        /// The machine.
        machine: MachineName,
        /// Its address and port.
        address: String,
    },
    /// A certificate is not valid (any more, or yet).
    #[error("{machine} and the swarm do not accept each other's certificates: {reason}")]
    Certificate {
        /// The machine.
        machine: MachineName,
        /// The engine's words.
        reason: String,
    },
    /// It did not end in time, and the attempt was taken back.
    #[error("{machine} did not become a node in time; the attempt was taken back")]
    Late {
        /// The machine.
        machine: MachineName,
        /// What was waited for.
        #[source]
        source: TimedOut,
    },
    /// The engine.
    #[error("the engine of {machine} failed")]
    Engine {
        /// The machine.
        machine: MachineName,
        /// What it said.
        #[source]
        source: ApiError,
    },
}

/// Makes the first manager. Answers its node's id.
pub async fn init(
    joiner: &Joiner<'_>,
    request: InitRequest,
    deadline: Deadline,
) -> Result<String, FormationError> {
    let Joiner { machine, api, addresses, events, role: _ } = joiner;
    events.step("beginning the swarm");
    let request = InitRequest {
        listen: addresses.listen_address(),
        advertise: addresses.advertise.to_string(),
        data_path: addresses.data_path.map(|address| address.to_string()).unwrap_or_default(),
        ..request
    };
    let refused = |error: ApiError| match error {
        ApiError::Status { message, .. } => {
            FormationError::Refused { machine: (*machine).clone(), verb: "begin the swarm", reason: message }
        }
        source => FormationError::Engine { machine: (*machine).clone(), source },
    };
    api.swarm_init(&request, deadline).await.map_err(refused)
}

/// Brings a node in. Answers its id; an attempt that does not end well is taken back.
pub async fn join(
    joiner: &Joiner<'_>,
    door: &Door,
    availability: Availability,
    deadline: Deadline,
) -> Result<String, FormationError> {
    let Joiner { machine, api, addresses, role, events } = joiner;
    events.step(format!("joining as {role} through {}", door.address));
    let request = JoinRequest {
        listen: addresses.listen_address(),
        advertise: addresses.advertise.to_string(),
        data_path: addresses.data_path.map(|address| address.to_string()).unwrap_or_default(),
        manager: door.address.clone(),
        token: door.token.clone(),
        availability,
    };
    let outcome = match api.swarm_join(&request, deadline).await {
        Ok(()) => Ok(()),
        // "Timeout was reached before node joined. The attempt ... will continue in the background."
        Err(ApiError::Status { message, .. }) if message.contains("in the background") => Ok(()),
        Err(ApiError::Status { message, .. }) => Err(refusal(joiner, door, message)),
        Err(source) => Err(FormationError::Engine { machine: (*machine).clone(), source }),
    };
    match outcome {
        Ok(()) => active(joiner, door, deadline).await,
        Err(error) => Err(taken_back(joiner, error).await),
    }
}

/// Waits until the node says that it is in. An attempt that does not end well is taken back.
pub async fn active(joiner: &Joiner<'_>, door: &Door, deadline: Deadline) -> Result<String, FormationError> {
    match let_in(joiner, door, deadline.at_most(JOIN_WAIT)).await {
        Ok(node) => Ok(node),
        Err(error) => Err(taken_back(joiner, error).await),
    }
}

/// Else the engine goes on trying, and refuses every further join.
async fn taken_back(joiner: &Joiner<'_>, error: FormationError) -> FormationError {
    let _ = joiner.api.swarm_leave(true, Deadline::after(LEAVE_WAIT)).await;
    error
}

async fn let_in(joiner: &Joiner<'_>, door: &Door, deadline: Deadline) -> Result<String, FormationError> {
    let what = format!("{} to be let in", joiner.machine);
    let outcome = poll(&what, deadline, Backoff::NEAR, joiner.events, || async {
        let info = match joiner.api.info(deadline).await {
            Ok(info) => info,
            Err(error) if error.is_passing() => return Try::Again(error.to_string()),
            Err(source) => {
                return Try::Fail(FormationError::Engine { machine: joiner.machine.clone(), source });
            }
        };
        match Seen::of(&info.swarm) {
            Seen::Worker { node } | Seen::Manager { node, .. } => Try::Done(node),
            Seen::Joining => Try::Again(or(info.swarm.error, "it is still trying")),
            Seen::Failed(reason) => Try::Fail(refusal(joiner, door, reason)),
            Seen::Locked => Try::Fail(refusal(joiner, door, "it is locked".to_owned())),
            Seen::Outside => Try::Fail(refusal(joiner, door, or(info.swarm.error, "it gave the attempt up"))),
        }
    });
    outcome.await.map_err(|error| match error {
        PollError::Failed(error) => error,
        // The last words of a try say more than that there was no time for another.
        PollError::TimedOut(source) => match source.last.as_deref() {
            Some(last) if last.contains("rpc error") || last.contains("dial") => {
                refusal(joiner, door, last.to_owned())
            }
            _ => FormationError::Late { machine: joiner.machine.clone(), source },
        },
    })
}

/// Waits until the managers see the node doing what it was asked for.
pub async fn settled(
    through: &Api,
    machine: &MachineName,
    node: &str,
    events: &Events,
    deadline: Deadline,
) -> Result<(), FormationError> {
    let deadline = deadline.at_most(READY_WAIT);
    let failed = |source| FormationError::Engine { machine: machine.clone(), source };
    let what = format!("{machine} to be ready in the swarm");
    let outcome = poll(&what, deadline, Backoff::NEAR, events, || async {
        match through.node(node, deadline).await {
            Ok(Some(found)) if found.is_settled() => Try::Done(()),
            Ok(Some(found)) => Try::Again(format!("it is {} as {}", found.status.state, found.role())),
            Ok(None) => Try::Again("the managers do not know it yet".to_owned()),
            Err(error) if error.is_passing() => Try::Again(error.to_string()),
            Err(error) => Try::Fail(failed(error)),
        }
    });
    outcome.await.map_err(|error| match error {
        PollError::Failed(error) => error,
        PollError::TimedOut(source) => FormationError::Late { machine: machine.clone(), source },
    })
}

/// Forgets a node that is gone for good. A manager is one until the reconciler has taken it out of the majority.
pub async fn forget(
    through: &Api,
    machine: &MachineName,
    node: &str,
    events: &Events,
) -> Result<(), FormationError> {
    let what = format!("the managers to forget the node of {machine}");
    let deadline = Deadline::after(READY_WAIT);
    let outcome = poll(&what, deadline, Backoff::NEAR, events, || async {
        match through.remove_node(node, true, deadline).await {
            Ok(()) => Try::Done(()),
            Err(ApiError::Status { message, .. }) if message.contains("member of the raft cluster") => {
                Try::Again("it is a manager still".to_owned())
            }
            Err(error) if error.is_passing() => Try::Again(error.to_string()),
            Err(source) => Try::Fail(FormationError::Engine { machine: machine.clone(), source }),
        }
    });
    outcome.await.map_err(|error| match error {
        PollError::Failed(error) => error,
        PollError::TimedOut(source) => FormationError::Late { machine: machine.clone(), source },
    })
}

fn or(said: String, otherwise: &str) -> String {
    if said.is_empty() { otherwise.to_owned() } else { said }
}

/// The engine's words, understood. They are moby's and swarmkit's own, seen on engines 20.10 to 28.
fn refusal(joiner: &Joiner<'_>, door: &Door, reason: String) -> FormationError {
    understood(joiner.machine.clone(), joiner.addresses.join_address(), door.address.clone(), reason)
}

fn understood(machine: MachineName, address: String, manager: String, reason: String) -> FormationError {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&["A valid join token is necessary", "invalid join token"]) {
        FormationError::Token { machine }
    } else if has(&["remote CA does not match fingerprint"]) {
        FormationError::OtherSwarm { machine, manager }
    } else if has(&["could not connect to prospective new cluster member"]) {
        FormationError::NotReached { machine, address }
    } else if has(&["certificate has expired", "certificates have expired", "not yet valid", "x509:"]) {
        FormationError::Certificate { machine, reason }
    } else if has(&[
        "connection refused",
        "no route to host",
        "i/o timeout",
        "connection error",
        "context deadline exceeded",
    ]) {
        FormationError::NoManager { machine, manager }
    } else {
        FormationError::Refused { machine, verb: "join", reason }
    }
}

#[cfg(test)]
mod tests;
