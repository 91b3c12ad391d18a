//! One HTTP/1.1 exchange at a time over one stream.

use std::{
    fmt::{self, Write as _},
    pin::pin,
};

use futures_util::FutureExt;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1::{self, SendRequest},
    header,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::{ApiError, Endpoint};
use crate::retry::Deadline;

/// More than any answer of ours; a server that never ends is no engine.
const LARGEST_ANSWER: usize = 64 << 20;

/// A request, which can be sent again.
pub(super) struct Request {
    method: Method,
    target: String,
    body: Option<Bytes>,
}

impl Request {
    pub(super) fn new(method: Method, target: &str, body: Option<&Value>) -> Self {
        Self { method, target: target.to_owned(), body: body.map(|body| Bytes::from(body.to_string())) }
    }

    fn to_http(&self) -> Result<hyper::Request<Full<Bytes>>, String> {
        let builder = hyper::Request::builder()
            .method(&self.method)
            .uri(&self.target)
            // The engine looks at no host, but HTTP wants one.
            .header(header::HOST, "docker")
            .header(header::USER_AGENT, concat!("rmachine/", env!("CARGO_PKG_VERSION")));
        let request = match &self.body {
            Some(body) => {
                builder.header(header::CONTENT_TYPE, "application/json").body(Full::new(body.clone()))
            }
            None => builder.body(Full::default()),
        };
        request.map_err(|error| error.to_string())
    }
}

impl fmt::Display for Request {
    /// Without the query, which may hold values.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.method, self.target.split('?').next().unwrap_or_default())
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
}

/// Why nothing came back.
pub(super) struct ExchangeError {
    pub(super) error: ApiError,
    /// The request never left: the connection had died at rest.
    pub(super) is_stale: bool,
}

/// A stream with HTTP on it.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Moves the bytes; ends when the sender is dropped, or with what went wrong while nobody asked anything.
    driver: JoinHandle<hyper::Result<()>>,
}

impl Connection {
    pub(super) async fn open(endpoint: &Endpoint, at: &str, deadline: Deadline) -> Result<Self, ApiError> {
        let stream = endpoint.open(at, deadline).await?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| ApiError::broken(at, &error))?;
        Ok(Self { sender, driver: tokio::spawn(connection) })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    pub(super) async fn exchange(&mut self, request: &Request, at: &str) -> Result<Answer, ExchangeError> {
        let fatal = |error| ExchangeError { error, is_stale: false };
        let http =
            request.to_http().map_err(|reason| fatal(ApiError::Connect { at: at.to_owned(), reason }))?;
        let response = self.respond(http, at).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await;
        let body = body.map_err(|error| fatal(ApiError::broken(at, &*error)))?;
        Ok(Answer { status, body: body.to_bytes().into() })
    }

    async fn respond(
        &mut self,
        request: hyper::Request<Full<Bytes>>,
        at: &str,
    ) -> Result<Response<Incoming>, ExchangeError> {
        let mut sent = pin!(send(&mut self.sender, request));
        // hyper may lose a request that is sent in the moment in which the connection ends, and never answer.
        let (outcome, mut ended) = tokio::select! {
            biased;
            outcome = sent.as_mut() => (Some(outcome), None),
            ended = &mut self.driver => (sent.now_or_never(), Some(ended)),
        };
        let (error, is_stale) = match outcome {
            Some(Ok(response)) => return Ok(response),
            Some(Err((error, is_stale))) => (Some(error), is_stale),
            None => (None, true),
        };
        // Where the connection ended before the request was sent, its driver knows why: a server of TLS 1.3 refuses a
        // client's certificate after the handshake, at any time.
        if ended.is_none() && error.as_ref().is_some_and(|error| error.is_canceled() || error.is_closed()) {
            ended = Some((&mut self.driver).await);
        }
        let cause = ended.and_then(Result::ok).and_then(Result::err);
        let error = cause.or(error).map_or_else(|| dropped(at), |error| told(at, &error));
        Err(ExchangeError { error, is_stale })
    }
}

/// Sends one request; an error comes with whether the request never left.
async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    request: hyper::Request<Full<Bytes>>,
) -> Result<Response<Incoming>, (hyper::Error, bool)> {
    sender.ready().await.map_err(|error| (error, true))?;
    sender.try_send_request(request).await.map_err(|mut error| {
        let is_unsent = error.take_message().is_some();
        (error.into_error(), is_unsent)
    })
}

fn dropped(at: &str) -> ApiError {
    ApiError::Dropped { at: at.to_owned(), reason: "it ended".to_owned() }
}

fn told(at: &str, error: &hyper::Error) -> ApiError {
    if error.is_parse() {
        return ApiError::NotAnEngine { at: at.to_owned(), reason: "it does not speak HTTP".to_owned() };
    }
    ApiError::broken(at, error)
}

/// A query string with its question mark, or nothing.
pub(super) fn query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (key, value) in pairs {
        text.push(if text.is_empty() { '?' } else { '&' });
        percent_encode(&mut text, key);
        text.push('=');
        percent_encode(&mut text, value);
    }
    text
}

fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_any_value() {
        assert_eq!(query(&[]), "");
        assert_eq!(
            query(&[("a", "b c"), ("filters", r#"{"é":1}"#)]),
            "?a=b%20c&filters=%7B%22%C3%A9%22%3A1%7D"
        );
    }
}
