//! Against servers on loopback that behave and misbehave as engines and what is taken for them do.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs, server::WebPkiClientVerifier};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixListener},
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::tls::{self, Identity};

const DAY: i64 = 24 * 3600;

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(5))
}

/// A CA with a client and a server certificate for 127.0.0.1.
struct Certificates {
    ca: Identity,
    client: Identity,
    server: Identity,
}

impl Certificates {
    fn made_at(time: i64) -> Self {
        let ca = tls::make_authority("me", time).unwrap();
        let client = tls::make_client(&ca, "me.client", time).unwrap();
        let server = tls::make_server(&ca, "me.n1", &["127.0.0.1".parse().unwrap()], time).unwrap();
        Self { ca, client, server }
    }

    fn new() -> Self {
        Self::made_at(now())
    }

    fn endpoint(&self, at: SocketAddr) -> Endpoint {
        Endpoint::Tls {
            host: at.ip().to_string(),
            port: at.port(),
            authority: self.ca.certificate.clone(),
            certificate: self.client.certificate.clone(),
            key: self.client.key.clone(),
        }
    }

    /// An engine that wants client certificates of this CA.
    async fn serve(
        &self,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> (SocketAddr, Arc<AtomicUsize>) {
        let acceptor = TlsAcceptor::from(Arc::new(self.server_config(versions)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve_engine(stream).await;
                    }
                });
            }
        });
        (at, connections)
    }

    fn server_config(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> ServerConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certificate =
            |identity: &Identity| CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate(&self.ca)).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider)).build().unwrap();
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![certificate(&self.server)],
                PrivateKeyDer::from_pem_slice(self.server.key.expose().as_bytes()).unwrap(),
            )
            .unwrap()
    }
}

/// Answers requests on one stream until it ends.
async fn serve_engine(mut stream: impl Stream) {
    while let Some(target) = read_request(&mut stream).await {
        let (status, body) = match target.as_str() {
            "GET /version" => {
                (200, json!({"Version": "26.1.5", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}))
            }
            "GET /v1.45/info" => {
                (200, json!({"ID": "abc", "Swarm": {"LocalNodeState": "active"}, "SecurityOptions": null}))
            }
            "GET /v1.45/containers/json" => (200, json!([{"Id": "1", "Names": ["/web"]}])),
            "POST /v1.45/swarm/init?a=b" => {
                (503, json!({"message": "This node is already part of a swarm."}))
            }
            _ => (404, json!({"message": "page not found"})),
        };
        let (status, body) =
            if target == "GET /_ping" { (200, "OK".to_owned()) } else { (status, body.to_string()) };
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if stream.write_all(answer.as_bytes()).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

/// Method and target of the next request, after its body was read.
async fn read_request(stream: &mut impl Stream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .to_lowercase()
        .split("content-length: ")
        .nth(1)
        .map_or(0, |rest| rest.split("\r\n").next().unwrap().parse::<usize>().unwrap());
    stream.read_exact(&mut vec![0; length]).await.ok()?;
    Some(head.split(" HTTP/1.1").next().unwrap().to_owned())
}

const BOTH: &[&rustls::SupportedProtocolVersion] = rustls::ALL_VERSIONS;
const OLD: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS12];

async fn refusal(endpoint: Endpoint) -> ApiError {
    Api::new(endpoint).version(soon()).await.unwrap_err()
}

#[tokio::test]
async fn several_requests_go_over_one_connection_in_the_engines_version() {
    let certificates = Certificates::new();
    let (at, connections) = certificates.serve(BOTH).await;
    let api = Api::new(certificates.endpoint(at));
    assert_eq!(api.info(soon()).await.unwrap().swarm.local_node_state, "active");
    assert_eq!(api.containers(soon()).await.unwrap()[0].name(), "web");
    assert_eq!(api.version(soon()).await.unwrap().version, "26.1.5");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_engines_own_words_are_in_the_error() {
    let certificates = Certificates::new();
    let (at, _) = certificates.serve(BOTH).await;
    let api = Api::new(certificates.endpoint(at));
    let body = json!({"ListenAddr": "0.0.0.0"});
    let said = api.call(Method::POST, "/swarm/init", &[("a", "b")], Some(&body), soon()).await.unwrap_err();
    assert_eq!(
        said.to_string(),
        format!(
            "the engine at {at} answered 503 to POST /v1.45/swarm/init: This node is already part of a swarm."
        )
    );
    assert_eq!(api.raw(Method::GET, "/nothing", &[], None, soon()).await.unwrap().0, 404);
}

#[tokio::test]
async fn a_connection_that_died_at_rest_is_replaced() {
    let path = tempfile::tempdir().unwrap();
    let socket = path.path().join("docker.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            read_request(&mut stream).await;
            let body = r#"{"Version": "1", "ApiVersion": "1.41"}"#;
            let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let api = Api::new(Endpoint::Unix(socket));
    for _ in 0..5 {
        assert_eq!(api.version(soon()).await.unwrap().api_version, "1.41");
    }
}

#[tokio::test]
async fn a_stream_of_somebody_else_does_as_well() {
    struct Pipe;
    impl Dial for Pipe {
        fn place(&self) -> String {
            "n1 over SSH".into()
        }
        fn dial(&self) -> futures_util::future::BoxFuture<'_, connect::Dialed> {
            let (ours, theirs) = tokio::io::duplex(4096);
            tokio::spawn(serve_engine(theirs));
            Box::pin(async { Ok(Box::new(ours) as Box<dyn Stream>) })
        }
    }
    let api = Api::new(Endpoint::Stream(Arc::new(Pipe)));
    assert_eq!(api.info(soon()).await.unwrap().id, "abc");
}

#[tokio::test]
async fn a_client_of_another_authority_is_refused_by_both_versions_of_tls() {
    for versions in [BOTH, OLD] {
        let (ours, others) = (Certificates::new(), Certificates::new());
        let (at, _) = ours.serve(versions).await;
        let stranger = Certificates { ca: ours.ca.clone(), client: others.client, server: others.server };
        // Whether the alert comes before, while or after the request is sent is chance.
        for _ in 0..50 {
            let error = refusal(stranger.endpoint(at)).await;
            assert!(matches!(error, ApiError::ClientRefused { .. }), "{error:?}");
            assert!(!error.is_passing());
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_servers_certificate_is_told_apart() {
    let certificates = Certificates::new();
    let (at, _) = certificates.serve(BOTH).await;
    let others = Certificates { ca: Certificates::new().ca, ..Certificates::new() };
    let other = Certificates::new();
    let error =
        refusal(Certificates { ca: other.ca, client: other.client, server: others.server }.endpoint(at))
            .await;
    assert!(matches!(error, ApiError::ServerUnknown { .. }), "{error:?}");

    let Endpoint::Tls { authority, certificate, key, port, .. } = certificates.endpoint(at) else { panic!() };
    let error = refusal(Endpoint::Tls { host: "localhost".into(), port, authority, certificate, key }).await;
    let want = format!("the certificate of localhost:{port} is for 127.0.0.1, not for localhost");
    assert_eq!(error.to_string(), want);
}

#[tokio::test]
async fn a_certificate_out_of_its_time_is_told() {
    let ca = tls::make_authority("me", now() - 500 * DAY).unwrap();
    let client = tls::make_client(&ca, "me.client", now()).unwrap();
    let expired = Certificates::made_at(now() - 1081 * DAY);
    let (at, _) = expired.serve(BOTH).await;
    let error = refusal(expired.endpoint(at)).await;
    assert!(matches!(error, ApiError::ServerExpired { .. }), "{error:?}");

    let server = tls::make_server(&ca, "me.n1", &["127.0.0.1".parse().unwrap()], now() + 2 * DAY).unwrap();
    let early = Certificates { ca, client, server };
    let (at, _) = early.serve(BOTH).await;
    let error = refusal(early.endpoint(at)).await;
    assert!(matches!(error, ApiError::ServerNotYetValid { .. }), "{error:?}");
}

/// A server that sends these bytes to whoever connects, once it has heard something.
async fn says(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(bytes).await;
        }
    });
    at
}

#[tokio::test]
async fn what_is_no_engine_is_told_apart() {
    let certificates = Certificates::new();
    for bytes in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"SSH-2.0-OpenSSH_9.2p1\r\n"] {
        let error = refusal(certificates.endpoint(says(bytes).await)).await;
        assert!(matches!(error, ApiError::NotTls { .. }), "{error:?}");
    }
    let error = refusal(certificates.endpoint(says(b"").await)).await;
    assert!(matches!(error, ApiError::Dropped { .. }), "{error:?}");
}

#[tokio::test]
async fn a_socket_of_something_else_is_no_engine() {
    for (bytes, is_http) in
        [("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true), ("220 mail\r\n", false)]
    {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("sock");
        let listener = UnixListener::bind(&socket).unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(bytes.as_bytes()).await.unwrap();
            stream.read(&mut [0]).await
        });
        let ApiError::NotAnEngine { reason, .. } = refusal(Endpoint::Unix(socket)).await else {
            panic!("{bytes}")
        };
        assert_eq!(reason.contains("does not speak HTTP"), !is_http, "{reason}");
    }
}

#[tokio::test]
async fn the_ways_of_not_connecting_are_told_apart() {
    let certificates = Certificates::new();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = refusal(certificates.endpoint(free)).await;
    assert!(matches!(error, ApiError::Refused { .. }) && error.is_passing(), "{error:?}");

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = Api::new(certificates.endpoint(silent.local_addr().unwrap()));
    let error = api.version(Deadline::after(Duration::from_millis(100))).await.unwrap_err();
    assert!(matches!(error, ApiError::Unanswered { .. }) && error.is_passing(), "{error:?}");

    let error = refusal(Endpoint::Unix("/nonexistent/docker.sock".into())).await;
    assert!(matches!(error, ApiError::Connect { .. }), "{error:?}");

    let Endpoint::Tls { authority, certificate, key, port, .. } = certificates.endpoint(free) else {
        panic!()
    };
    let error =
        refusal(Endpoint::Tls { host: "no.such.invalid".into(), port, authority, certificate, key }).await;
    assert!(matches!(error, ApiError::UnknownHost { .. }), "{error:?}");
}

#[tokio::test]
async fn an_engine_that_comes_up_late_is_waited_for() {
    let certificates = Certificates::new();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let api = Api::new(certificates.endpoint(free));
    let late = async {
        let listener = retry_bind(free).await;
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(certificates.server_config(BOTH)));
        serve_engine(acceptor.accept(stream).await.unwrap()).await;
    };
    let events = Events::silent();
    tokio::select! {
        outcome = api.wait(soon(), &events) => outcome.unwrap(),
        () = late => panic!("the connection must stay"),
    }
}

#[tokio::test]
async fn what_answers_a_ping_with_a_page_is_no_engine() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("s");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_eq!(read_request(&mut stream).await.unwrap(), "GET /_ping");
        stream.write_all(b"HTTP/1.1 200 X\r\nContent-Length: 6\r\n\r\n<html>").await.unwrap();
        stream.read(&mut [0]).await
    });
    let error = Api::new(Endpoint::Unix(socket)).wait(soon(), &Events::silent()).await.unwrap_err();
    assert!(matches!(error, ApiError::NotAnEngine { .. }), "{error:?}");
}

async fn retry_bind(at: SocketAddr) -> TcpListener {
    tokio::time::sleep(Duration::from_millis(120)).await;
    TcpListener::bind(at).await.unwrap()
}
