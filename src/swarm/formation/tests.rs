//! How joins end: by what engines said on real hosts, and against one on loopback that never gets to an end.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};

use super::*;
use crate::engine::api::Endpoint;

/// As engines 20.10 and 26.1 said it on real hosts; that certificates have expired, newer ones say in their sources' words.
#[test]
fn what_the_engine_says_of_a_join_that_failed_is_told_apart() {
    let table = [
        (
            "rpc error: code = InvalidArgument desc = A valid join token is necessary to join this cluster",
            "n2 was given a token",
        ),
        ("invalid join token", "n2 was given a token that this swarm does not take"),
        (
            "remote CA does not match fingerprint. Expected: 7271cc92714823712222d765d555505ad84312a72b14d3273c524eb0890d1945",
            "n2 was given the token of another swarm: the CA at 10.47.0.16:2377 is not the token's",
        ),
        (
            "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing dial tcp \
             10.47.0.16:2377: connect: connection refused\"",
            "n2 does not reach the manager at 10.47.0.16:2377",
        ),
        (
            "manager stopped: can't initialize raft node: rpc error: code = Unknown desc = could not connect to prospective new \
             cluster member using its advertised address: rpc error: code = Unavailable desc = connection error: desc = \
             \"transport: Error while dialing dial tcp 10.47.0.4:2377: connect: connection refused\"",
            "the swarm's managers do not reach n2 at 10.47.0.4:2377",
        ),
        (
            "manager stopped: can't initialize raft node: rpc error: code = Unavailable desc = could not connect to prospective new \
             cluster member using its advertised address: rpc error: code = Unavailable desc = connection error: desc = \
             \"transport: Error while dialing: dial tcp 10.47.0.4:2377: connect: connection refused\"",
            "the swarm's managers do not reach n2 at 10.47.0.4:2377",
        ),
        (
            "error while loading TLS certificate in /var/lib/docker/swarm/certificates/swarm-node.crt: certificate (1 - ) not valid \
             after Sat, 14 Nov 2026 20:05:51 UTC, and it is currently Tue, 24 Nov 2026 20:05:54 UTC: x509: certificate has expired \
             or is not yet valid: ",
            "n2 and the swarm do not accept each other's certificates: error while loading TLS certificate",
        ),
        (
            "Swarm certificates have expired. To replace them, leave the swarm and join again",
            "n2 and the swarm do not accept each other's certificates: Swarm certificates have expired",
        ),
        ("mkdir /var/lib/docker/swarm: not a directory", "the engine of n2 did not join: mkdir"),
    ];
    for (words, told) in table {
        let (address, manager) = ("10.47.0.4:2377".to_owned(), "10.47.0.16:2377".to_owned());
        let error = understood("n2".parse().unwrap(), address, manager, words.to_owned());
        assert!(error.to_string().starts_with(told), "{words}: {error}");
    }
}

/// What an engine answers to a join that takes too long.
const TOO_LONG: &str =
    "Timeout was reached before node joined. The attempt to join the swarm will continue in the background.";

/// An engine whose join goes on in the background for ever; it says this of itself meanwhile.
fn one_that_keeps_joining(error: &'static str) -> (tempfile::TempDir, Api, Arc<Mutex<Vec<String>>>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            while let Some(request) = request(&mut stream).await {
                let (status, body) = answer(&request, error);
                seen.lock().unwrap_or_else(PoisonError::into_inner).push(request);
                let body = body.to_string();
                let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                stream.write_all(text.as_bytes()).await.unwrap();
            }
        }
    });
    (folder, Api::new(Endpoint::Unix(socket)), asked)
}

fn answer(request: &str, error: &str) -> (u16, Value) {
    match request {
        "GET /version" => (200, json!({"Version": "26.1.5", "ApiVersion": "1.45", "MinAPIVersion": "1.24"})),
        "POST /v1.45/swarm/join" => (503, json!({"message": TOO_LONG})),
        "GET /v1.45/info" => (200, json!({"Swarm": {"LocalNodeState": "pending", "Error": error}})),
        "POST /v1.45/swarm/leave?force=true" => (200, json!({})),
        other => panic!("nobody told this engine of {other}"),
    }
}

/// Method and target, after its body was read.
async fn request(stream: &mut UnixStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let lower = head.to_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    stream.read_exact(&mut vec![0; length.map_or(0, |length| length.parse().unwrap())]).await.ok()?;
    head.split(" HTTP/1.1").next().map(str::to_owned)
}

#[tokio::test]
async fn a_join_that_takes_too_long_is_asked_for_to_its_end_then_taken_back_and_said() {
    let dialling = "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp \
                    10.47.0.16:2377: i/o timeout\"";
    let table = [
        ("", "n2 did not become a node in time; the attempt was taken back"),
        (dialling, "n2 does not reach the manager at 10.47.0.16:2377"),
    ];
    for (error, told) in table {
        let (_folder, api, asked) = one_that_keeps_joining(error);
        let machine = "n2".parse().unwrap();
        let address = "10.47.0.4".parse().unwrap();
        let addresses = Addresses { advertise: address, listen: address, data_path: None };
        let role = Role::Manager;
        let joiner =
            Joiner { machine: &machine, api: &api, addresses: &addresses, role, events: &Events::silent() };
        let door = Door { address: "10.47.0.16:2377".to_owned(), token: Secret::new("SWMTKN-1-x-y") };
        let deadline = Deadline::after(Duration::from_secs(1));
        let failed = join(&joiner, &door, Availability::Active, deadline).await.unwrap_err();
        assert_eq!(failed.to_string(), told);
        let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let looks = asked.iter().filter(|request| *request == "GET /v1.45/info").count();
        assert!(looks > 1, "{asked:?}");
        assert_eq!(asked.last().unwrap(), "POST /v1.45/swarm/leave?force=true");
    }
}
