//! Taking a node out of work and back, so that its engine can be replaced: never so that the managers lose their majority.
//!
//! Reference: <https://docs.docker.com/engine/swarm/admin_guide/>

use std::time::Duration;

use serde_json::Value;

use crate::{
    engine::api::{
        Api, ApiError, Method,
        swarm::{Availability, Node, NodeState},
    },
    event::Events,
    retry::{Backoff, Deadline, PollError, Try, poll},
};

/// How long one request may take.
pub const REQUEST: Duration = Duration::from_secs(20);

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

/// Gives a node another availability.
pub async fn make(manager: &Api, id: &str, availability: Availability) -> Result<(), UpkeepError> {
    let set = |spec: &mut Value| spec["Availability"] = availability.to_string().into();
    match manager.update_node(id, Deadline::after(REQUEST), set).await {
        Err(ApiError::Status { status: 404, .. }) => Err(UpkeepError::NoNode { id: id.to_owned() }),
        outcome => Ok(outcome?),
    }
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
        let is_ready = node.status.state == NodeState::Ready;
        let is_back = is_ready && (node.manager_status.is_none() || node.is_reachable_manager());
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
    outcome.await.map_err(PollError::into_error)
}

async fn find(manager: &Api, id: &str) -> Result<Node, UpkeepError> {
    let node = manager.node(id, Deadline::after(REQUEST)).await?;
    node.ok_or_else(|| UpkeepError::NoNode { id: id.to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
