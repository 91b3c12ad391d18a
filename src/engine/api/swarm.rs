//! Swarm mode through the Engine API: the calls that form a swarm and keep it, as moby's API documentation has them.
//!
//! What is written back (a node's or the swarm's specification) is read as raw JSON, changed, and written whole: the engine resets what a
//! caller leaves out, so that a field we do not know must go back as it came.

mod requests;
mod types;

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

pub use self::{
    requests::{InitRequest, JoinRequest},
    types::{Availability, JoinTokens, Node, NodeState, Reachability, Role, Service, Swarm, Task},
};
use super::{Api, ApiError};
use crate::{
    event::Events,
    retry::{Backoff, Deadline, PollError, Try, poll},
    secret::Secret,
};

/// Somebody else may write at the same time: read again and write again, this long at most.
const WRITE_WAIT: Duration = Duration::from_secs(20);

/// Which secrets of the swarm to make anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The workers' join token.
    pub worker_token: bool,
    /// The managers' join token.
    pub manager_token: bool,
}

impl Api {
    /// `POST /swarm/init`: this engine becomes the first manager. Answers the node's id.
    pub async fn swarm_init(&self, request: &InitRequest, deadline: Deadline) -> Result<String, ApiError> {
        let body = request.to_json();
        let answer = self.call(Method::POST, "/swarm/init", &[], Some(&body), deadline).await?;
        Ok(String::from_utf8_lossy(&answer).trim().trim_matches('"').to_owned())
    }

    /// `POST /swarm/join`. After 20 s the engine answers an error and goes on in the background: only `GET /info` tells.
    pub async fn swarm_join(&self, request: &JoinRequest, deadline: Deadline) -> Result<(), ApiError> {
        self.call(Method::POST, "/swarm/join", &[], Some(&request.to_json()), deadline).await.map(drop)
    }

    /// `GET /swarm`, which only managers answer.
    pub async fn swarm(&self, deadline: Deadline) -> Result<Swarm, ApiError> {
        self.get("/swarm", deadline).await
    }

    /// Changes the swarm's specification and makes secrets anew, whoever else writes meanwhile.
    pub async fn update_swarm(
        &self,
        rotation: Rotation,
        deadline: Deadline,
        change: impl Fn(&mut Value),
    ) -> Result<(), ApiError> {
        let write = || async {
            let swarm = self.swarm(deadline).await?;
            let mut spec = swarm.spec;
            change(&mut spec);
            let version = swarm.version.index.to_string();
            let query = [
                ("version", version.as_str()),
                ("rotateWorkerToken", said(rotation.worker_token)),
                ("rotateManagerToken", said(rotation.manager_token)),
            ];
            self.call(Method::POST, "/swarm/update", &query, Some(&spec), deadline).await.map(drop)
        };
        self.write_again("the swarm's settings", deadline, write).await
    }

    /// `GET /nodes`, which only managers answer.
    pub async fn nodes(&self, deadline: Deadline) -> Result<Vec<Node>, ApiError> {
        self.get("/nodes", deadline).await
    }

    /// `GET /nodes/ID`; `None` when there is no such node.
    pub async fn node(&self, id: &str, deadline: Deadline) -> Result<Option<Node>, ApiError> {
        match self.get(&format!("/nodes/{id}"), deadline).await {
            Ok(node) => Ok(Some(node)),
            Err(ApiError::Status { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Changes a node's specification, whoever else writes meanwhile.
    pub async fn update_node(
        &self,
        id: &str,
        deadline: Deadline,
        change: impl Fn(&mut Value),
    ) -> Result<(), ApiError> {
        let path = format!("/nodes/{id}");
        let write = || async {
            let node: Node = self.get(&path, deadline).await?;
            let mut spec = node.spec;
            let before = spec.clone();
            change(&mut spec);
            if spec == before {
                return Ok(());
            }
            let version = node.version.index.to_string();
            let query = [("version", version.as_str())];
            self.call(Method::POST, &format!("{path}/update"), &query, Some(&spec), deadline).await.map(drop)
        };
        self.write_again(&format!("node {id}"), deadline, write).await
    }

    /// `DELETE /nodes/ID`; fine when there is none.
    pub async fn remove_node(&self, id: &str, force: bool, deadline: Deadline) -> Result<(), ApiError> {
        let query = [("force", said(force))];
        match self.call(Method::DELETE, &format!("/nodes/{id}"), &query, None, deadline).await {
            Ok(_) | Err(ApiError::Status { status: 404, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// `POST /swarm/leave`; fine when this engine is in no swarm.
    pub async fn swarm_leave(&self, force: bool, deadline: Deadline) -> Result<(), ApiError> {
        let query = [("force", said(force))];
        match self.call(Method::POST, "/swarm/leave", &query, None, deadline).await {
            Ok(_) => Ok(()),
            // "This node is not part of a swarm".
            Err(ApiError::Status { status: 503 | 406, message, .. })
                if message.contains("not part of a swarm") =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// `GET /swarm/unlockkey`; `None` when managers are not locked.
    pub async fn unlock_key(&self, deadline: Deadline) -> Result<Option<Secret>, ApiError> {
        let answer: Value = self.get("/swarm/unlockkey", deadline).await?;
        Ok(answer["UnlockKey"].as_str().filter(|key| !key.is_empty()).map(Secret::new))
    }

    /// `POST /swarm/unlock`.
    pub async fn unlock(&self, key: &Secret, deadline: Deadline) -> Result<(), ApiError> {
        let body = json!({ "UnlockKey": key.expose() });
        self.call(Method::POST, "/swarm/unlock", &[], Some(&body), deadline).await.map(drop)
    }

    /// `GET /services`.
    pub async fn services(&self, deadline: Deadline) -> Result<Vec<Service>, ApiError> {
        self.get("/services", deadline).await
    }

    /// `GET /tasks`.
    pub async fn tasks(&self, deadline: Deadline) -> Result<Vec<Task>, ApiError> {
        self.get("/tasks", deadline).await
    }

    /// The engine refuses a write over a version that is no longer the newest ("update out of sequence").
    async fn write_again<F, Fut>(&self, what: &str, deadline: Deadline, write: F) -> Result<(), ApiError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<(), ApiError>>,
    {
        let deadline = deadline.at_most(WRITE_WAIT);
        let what = format!("nobody else to write {what}");
        let silent = Events::silent();
        let outcome = poll(&what, deadline, Backoff::NEAR, &silent, || async {
            match write().await {
                Ok(()) => Try::Done(()),
                Err(ApiError::Status { message, .. }) if message.contains("update out of sequence") => {
                    Try::Again(message)
                }
                Err(error) => Try::Fail(error),
            }
        });
        outcome.await.map_err(PollError::into_error)
    }
}

fn said(yes: bool) -> &'static str {
    if yes { "true" } else { "false" }
}
