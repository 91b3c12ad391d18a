//! A small Engine API client on hyper, over any stream: mutual TLS, a unix socket, an SSH channel.
//!
//! bollard has no public raw call, no unlock, and takes no stream of ours, hence this. The API version is negotiated: the engine's
//! own `ApiVersion`, at most the newest we know. A connection is kept and used again, because over a long wire making one
//! costs more than the request.

mod connect;
mod error;
mod http;
pub mod swarm;
mod types;

use std::sync::{Mutex, OnceLock, PoisonError};

pub use hyper::Method;
use hyper::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use connect::{Dial, Dialed, Endpoint, Stream};
pub use error::ApiError;
pub use types::{ClusterInfo, Container, FirewallBackend, Info, RemoteManager, SwarmInfo, Version};

use crate::{
    event::Events,
    retry::{Backoff, Deadline, PollError, Try, poll},
};
use http::{Answer, Connection, Request};

/// One engine.
#[derive(Debug)]
pub struct Api {
    endpoint: Endpoint,
    /// Where it is, for messages.
    at: String,
    /// The negotiated API version, such as `1.45`.
    spoken: OnceLock<String>,
    /// A connection at rest.
    idle: Mutex<Option<Connection>>,
}

impl Api {
    /// No connection is made yet.
    pub fn new(endpoint: Endpoint) -> Self {
        let at = endpoint.to_string();
        Self { endpoint, at, spoken: OnceLock::new(), idle: Mutex::new(None) }
    }

    /// `GET /version`, for which an engine runs two programs.
    pub async fn version(&self, deadline: Deadline) -> Result<Version, ApiError> {
        let request = Request::new(Method::GET, "/version", None);
        let version: Version = self.read(&request, deadline).await?;
        let _ = self.spoken.set(version.negotiated());
        Ok(version)
    }

    /// `GET /_ping`: the cheapest request that proves mutual TLS both ways.
    pub async fn ping(&self, deadline: Deadline) -> Result<(), ApiError> {
        let request = Request::new(Method::GET, "/_ping", None);
        match self.succeed(&request, deadline).await?.body.as_slice() {
            b"OK" => Ok(()),
            _ => Err(ApiError::NotAnEngine { at: self.at.clone(), reason: "it pings otherwise".to_owned() }),
        }
    }

    /// `GET /info`.
    pub async fn info(&self, deadline: Deadline) -> Result<Info, ApiError> {
        self.get("/info", deadline).await
    }

    /// The running containers.
    pub async fn containers(&self, deadline: Deadline) -> Result<Vec<Container>, ApiError> {
        self.get("/containers/json", deadline).await
    }

    /// A `GET` of the negotiated version whose answer is read as `T`.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, deadline: Deadline) -> Result<T, ApiError> {
        let request = Request::new(Method::GET, &self.versioned(path, &[], deadline).await?, None);
        self.read(&request, deadline).await
    }

    /// Any request of the negotiated version; the caller looks at the status.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        deadline: Deadline,
    ) -> Result<(u16, Vec<u8>), ApiError> {
        let request = Request::new(method, &self.versioned(path, query, deadline).await?, body);
        let answer = self.send(&request, deadline).await?;
        Ok((answer.status.as_u16(), answer.body))
    }

    /// Any request of the negotiated version; a status that is no success is an error with the engine's own words.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        deadline: Deadline,
    ) -> Result<Vec<u8>, ApiError> {
        let request = Request::new(method, &self.versioned(path, query, deadline).await?, body);
        Ok(self.succeed(&request, deadline).await?.body)
    }

    /// Pings until the engine answers, or until it says something that waiting does not cure.
    pub async fn wait(&self, deadline: Deadline, events: &Events) -> Result<(), ApiError> {
        let what = format!("the engine at {}", self.at);
        let last = Mutex::new(None);
        let keep = |error: ApiError| {
            let why = error.to_string();
            *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            why
        };
        let outcome = poll(&what, deadline, Backoff::NEAR, events, || async {
            match self.ping(deadline).await {
                Ok(()) => Try::Done(()),
                Err(error) if error.is_passing() => Try::Again(keep(error)),
                Err(error) => Try::Fail(error),
            }
        });
        let error = match outcome.await {
            Ok(()) => return Ok(()),
            Err(PollError::Failed(error)) => return Err(error),
            Err(PollError::TimedOut(late)) => ApiError::TimedOut(late),
        };
        // How the last try ended says more than that there was no time for another.
        Err(last.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or(error))
    }

    async fn versioned(
        &self,
        path: &str,
        query: &[(&str, &str)],
        deadline: Deadline,
    ) -> Result<String, ApiError> {
        let version = match self.spoken.get() {
            Some(version) => version.clone(),
            None => self.version(deadline).await?.negotiated(),
        };
        Ok(format!("/v{version}{path}{}", http::query(query)))
    }

    async fn read<T: DeserializeOwned>(&self, request: &Request, deadline: Deadline) -> Result<T, ApiError> {
        let answer = self.succeed(request, deadline).await?;
        serde_json::from_slice(&answer.body)
            .map_err(|error| ApiError::NotAnEngine { at: self.at.clone(), reason: error.to_string() })
    }

    async fn succeed(&self, request: &Request, deadline: Deadline) -> Result<Answer, ApiError> {
        let answer = self.send(request, deadline).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(self.refusal(request, &answer))
    }

    /// The engine's own words where it is one: it always answers with `{"message": ...}`.
    fn refusal(&self, request: &Request, answer: &Answer) -> ApiError {
        let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let message = json.as_ref().and_then(|json| json["message"].as_str());
        match message {
            Some(message) => ApiError::Status {
                request: request.to_string(),
                at: self.at.clone(),
                status: answer.status.as_u16(),
                message: message.to_owned(),
            },
            None => ApiError::NotAnEngine { at: self.at.clone(), reason: told_status(answer.status) },
        }
    }

    /// Sends over the connection at rest, or over a new one where there is none or it has died meanwhile.
    async fn send(&self, request: &Request, deadline: Deadline) -> Result<Answer, ApiError> {
        if let Some(mut connection) = self.take_idle() {
            match self.exchange(&mut connection, request, deadline).await {
                Err(error) if error.is_stale => {}
                outcome => return self.keep(connection, outcome.map_err(|error| error.error)),
            }
        }
        let mut connection = Connection::open(&self.endpoint, &self.at, deadline).await?;
        let outcome = self.exchange(&mut connection, request, deadline).await;
        self.keep(connection, outcome.map_err(|error| error.error))
    }

    async fn exchange(
        &self,
        connection: &mut Connection,
        request: &Request,
        deadline: Deadline,
    ) -> Result<Answer, http::ExchangeError> {
        let what = format!("the engine at {} to answer", self.at);
        match deadline.bound(&what, connection.exchange(request, &self.at)).await {
            Ok(outcome) => outcome,
            Err(late) => Err(http::ExchangeError { error: ApiError::TimedOut(late), is_stale: false }),
        }
    }

    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.take().filter(Connection::is_open)
    }

    fn keep(&self, connection: Connection, outcome: Result<Answer, ApiError>) -> Result<Answer, ApiError> {
        if outcome.is_ok() {
            *self.idle.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        }
        outcome
    }
}

fn told_status(status: StatusCode) -> String {
    format!("it answered {status}")
}

/// Looks until nothing is left to wait for (`None`); what an engine that is starting says counts as a reason to look again.
pub async fn until<F, Fut>(what: &str, deadline: Deadline, events: &Events, look: F) -> Result<(), ApiError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Option<String>, ApiError>>,
{
    let outcome = poll(what, deadline, Backoff::NEAR, events, || async {
        match look().await {
            Ok(None) => Try::Done(()),
            Ok(Some(reason)) => Try::Again(reason),
            Err(error) if error.is_passing() => Try::Again(error.to_string()),
            Err(error) => Try::Fail(error),
        }
    });
    outcome.await.map_err(PollError::into_error)
}

#[cfg(test)]
mod tests;
