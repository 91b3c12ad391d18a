//! Taking a node out of work and back, so that its engine can be replaced: never so that the managers lose their majority.
//!
//! Reference: <https://docs.docker.com/engine/swarm/admin_guide/>

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::{
    engine::api::{Api, ApiError, Method},
    event::Events,
    retry::{Backoff, Deadline, PollError, Try, poll},
};

/// How long one request may take.
const REQUEST: Duration = Duration::from_secs(20);

/// A node, as a manager tells it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Node {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    version: Stamp,
    spec: Value,
    #[serde(default)]
    status: Status,
    manager_status: Option<ManagerStatus>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Stamp {
    #[serde(rename = "Index")]
    index: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Status {
    #[serde(default)]
    state: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ManagerStatus {
    #[serde(default)]
    reachability: String,
}

/// What becomes of the managers' majority when one engine restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quorum {
    /// The node is a worker, or enough managers remain.
    Kept,
    /// It is the only manager: nothing is lost, but nobody manages meanwhile.
    Alone,
    /// The others are too few.
    Lost {
        /// How many managers there are.
        managers: usize,
        /// How many would answer.
        left: usize,
    },
}

/// Why a node cannot be taken out of work.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] ApiError),
    /// No such node.
    #[error("the swarm has no node {id}")]
    NoNode {
        /// Its id.
        id: String,
    },
    /// It took too long.
    #[error(transparent)]
    TimedOut(#[from] crate::retry::TimedOut),
    /// An answer that makes no sense.
    #[error("what the swarm says of its {what} cannot be understood: {reason}")]
    Answer {
        /// Of what.
        what: &'static str,
        /// What the parser said.
        reason: String,
    },
}

impl Node {
    fn is_manager(&self) -> bool {
        self.manager_status.is_some()
    }

    fn answers(&self) -> bool {
        self.manager_status.as_ref().is_some_and(|status| status.reachability == "reachable")
    }

    fn is_ready(&self) -> bool {
        self.status.state == "ready"
    }

    /// `active`, `pause` or `drain`.
    pub fn availability(&self) -> &str {
        self.spec["Availability"].as_str().unwrap_or("active")
    }
}

/// The nodes of a manager's swarm.
pub async fn nodes(manager: &Api) -> Result<Vec<Node>, ApiError> {
    manager.get("/nodes", Deadline::after(REQUEST)).await
}

/// What the restart of this node's engine does to the majority.
pub fn quorum(nodes: &[Node], id: &str) -> Quorum {
    let managers = nodes.iter().filter(|node| node.is_manager()).count();
    let is_manager = nodes.iter().any(|node| node.id == id && node.is_manager());
    let left = nodes.iter().filter(|node| node.id != id && node.answers()).count();
    match (is_manager, managers) {
        (false, _) => Quorum::Kept,
        (true, 1) => Quorum::Alone,
        (true, _) if left > managers / 2 => Quorum::Kept,
        (true, _) => Quorum::Lost { managers, left },
    }
}

/// Gives a node another availability.
pub async fn make(manager: &Api, id: &str, availability: &str) -> Result<(), UpkeepError> {
    let node = find(manager, id).await?;
    if node.availability() == availability {
        return Ok(());
    }
    // Whatever is left out of the spec would be reset.
    let mut spec = node.spec.clone();
    spec["Availability"] = availability.into();
    let index = node.version.index.to_string();
    let path = format!("/nodes/{id}/update");
    manager.call(Method::POST, &path, &[("version", &index)], Some(&spec), Deadline::after(REQUEST)).await?;
    Ok(())
}

/// Waits until nothing of the swarm runs on a node.
pub async fn wait_until_empty(
    manager: &Api,
    id: &str,
    deadline: Deadline,
    events: &Events,
) -> Result<(), UpkeepError> {
    let filter = serde_json::json!({ "node": [id] }).to_string();
    wait("the node's tasks to end", deadline, events, || async {
        let answer = manager
            .call(Method::GET, "/tasks", &[("filters", &filter)], None, Deadline::after(REQUEST))
            .await?;
        let tasks: Vec<Value> = serde_json::from_slice(&answer)
            .map_err(|error| UpkeepError::Answer { what: "tasks", reason: error.to_string() })?;
        let at_work = tasks.iter().filter(|task| is_at_work(task)).count();
        Ok(if at_work == 0 { None } else { Some(format!("{at_work} still run")) })
    })
    .await
}

/// A task from when it is given to a node until it has ended there.
fn is_at_work(task: &Value) -> bool {
    matches!(
        task["Status"]["State"].as_str().unwrap_or_default(),
        "assigned" | "accepted" | "preparing" | "ready" | "starting" | "running"
    )
}

/// Waits until a node takes part again.
pub async fn wait_until_ready(
    manager: &Api,
    id: &str,
    deadline: Deadline,
    events: &Events,
) -> Result<(), UpkeepError> {
    wait("the node to be ready in its swarm", deadline, events, || async {
        let node = match find(manager, id).await {
            Ok(node) => node,
            // An engine that has just come up may not have found the other managers yet.
            Err(UpkeepError::Engine(error)) => return Ok(Some(error.to_string())),
            Err(error) => return Err(error),
        };
        let is_back = node.is_ready() && (!node.is_manager() || node.answers());
        Ok(if is_back { None } else { Some(format!("it is {}", node.status.state)) })
    })
    .await
}

async fn wait<F, Fut>(what: &str, deadline: Deadline, events: &Events, look: F) -> Result<(), UpkeepError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Option<String>, UpkeepError>>,
{
    let outcome = poll(what, deadline, Backoff::NEAR, events, || async {
        match look().await {
            Ok(None) => Try::Done(()),
            Ok(Some(reason)) => Try::Again(reason),
            Err(error) => Try::Fail(error),
        }
    });
    match outcome.await {
        Ok(()) => Ok(()),
        Err(PollError::Failed(error)) => Err(error),
        Err(PollError::TimedOut(late)) => Err(late.into()),
    }
}

async fn find(manager: &Api, id: &str) -> Result<Node, UpkeepError> {
    let nodes = nodes(manager).await?;
    nodes.into_iter().find(|node| node.id == id).ok_or_else(|| UpkeepError::NoNode { id: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Nodes of these kinds: `m` a manager that answers, `d` one that does not, `w` a worker; named by their place.
    fn swarm(kinds: &str) -> Vec<Node> {
        let node = |(place, kind): (usize, char)| {
            let status = match kind {
                'm' => json!({ "Reachability": "reachable" }),
                'd' => json!({ "Reachability": "unreachable" }),
                _ => Value::Null,
            };
            let node = json!({
                "ID": place.to_string(), "Version": { "Index": 7 }, "Spec": { "Availability": "active" },
                "Status": { "State": "ready" }, "ManagerStatus": status,
            });
            serde_json::from_value(node).unwrap()
        };
        kinds.chars().enumerate().map(node).collect()
    }

    #[test]
    fn the_majority_of_all_managers_must_go_on_answering() {
        let cases = [
            ("mmm", Quorum::Kept),
            ("m", Quorum::Alone),
            ("mww", Quorum::Alone),
            ("mm", Quorum::Lost { managers: 2, left: 1 }),
            ("mmd", Quorum::Lost { managers: 3, left: 1 }),
            ("mmmmd", Quorum::Kept),
            ("mmmdd", Quorum::Lost { managers: 5, left: 2 }),
            ("dmm", Quorum::Kept),
            ("wmm", Quorum::Kept),
        ];
        for (kinds, expected) in cases {
            assert_eq!(quorum(&swarm(kinds), "0"), expected, "{kinds}");
        }
    }

    #[test]
    fn a_task_is_at_work_until_it_has_ended() {
        let task = |state: &str| json!({ "Status": { "State": state } });
        for state in ["assigned", "starting", "running"] {
            assert!(is_at_work(&task(state)), "{state}");
        }
        for state in ["complete", "failed", "shutdown", "rejected", "orphaned", "remove"] {
            assert!(!is_at_work(&task(state)), "{state}");
        }
    }
}
