//! Connections that do not come about: each step has an error of its own.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use rmachine::{
    remote::{Document, RemoteError},
    ssh::SshError,
};

use crate::{
    client::{Client, run, run_within},
    servers::{Kind, Server},
};

/// A listener that does something with its first connections, each in turn.
fn listener(act: impl Fn(usize, TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            act(number, stream.unwrap());
        }
    });
    port
}

async fn error_of(port: u16) -> SshError {
    let mut client = Client::to_port(port);
    client.patience = Duration::from_secs(1);
    client.refused().await
}

#[tokio::test]
async fn a_port_nobody_listens_on_refuses() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    assert!(matches!(error_of(port).await, SshError::Refused { .. }));
}

#[tokio::test]
async fn a_name_nobody_knows_is_not_resolved() {
    let mut client = Client::to_port(22);
    client.endpoint.host = "n1.invalid".into();
    client.patience = Duration::from_secs(5);
    assert!(matches!(client.refused().await, SshError::NameNotResolved { .. }));
}

#[tokio::test]
async fn a_server_that_says_nothing_is_told_from_one_that_closes_at_once() {
    let silent = listener(|_, stream| {
        thread::spawn(move || (&stream).read_to_end(&mut Vec::new()));
    });
    assert!(matches!(error_of(silent).await, SshError::Silent { .. }));
    let closing = listener(|_, stream| drop(stream));
    assert!(matches!(error_of(closing).await, SshError::ClosedAtOnce { .. }));
}

#[tokio::test]
async fn what_another_protocol_says_is_shown() {
    let web = listener(|_, mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n\x1b[2J");
    });
    let SshError::NotSsh { said, .. } = error_of(web).await else { panic!() };
    assert_eq!(said, "HTTP/1.1 400 Bad Request\\r\\n\\r\\n\\x1b[2J");
    let talking = listener(|_, mut stream| {
        let _ = stream.write_all(b"220 mail ready\r\n");
        thread::spawn(move || (&stream).read_to_end(&mut Vec::new()));
    });
    assert!(matches!(error_of(talking).await, SshError::NotSsh { .. }));
}

#[tokio::test]
async fn garbage_after_the_version_and_a_drop_in_the_key_exchange_are_failed_handshakes() {
    let garbage = listener(|_, mut stream| {
        let _ = stream.write_all(b"SSH-2.0-x\r\n");
        let _ = stream.write_all(&[0xff; 4096]);
    });
    assert!(matches!(error_of(garbage).await, SshError::Handshake { .. }));
    let dropping = listener(|_, mut stream| {
        let _ = stream.write_all(b"SSH-2.0-x\r\n");
        let _ = stream.read(&mut [0; 4096]);
    });
    assert!(matches!(error_of(dropping).await, SshError::Handshake { .. }));
}

#[tokio::test]
async fn text_before_the_version_is_no_obstacle() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let port = listener({
        let port = server.port;
        move |_, mut client| {
            let mut to_server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            client.write_all(b"Welcome\r\nto the lab\r\n").unwrap();
            let (mut back, mut forth) = (to_server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back, &mut client));
            thread::spawn(move || std::io::copy(&mut forth, &mut to_server));
        }
    });
    Client::to_port(port).identity(server.path("key")).connect().await.unwrap();
}

#[tokio::test]
async fn a_server_with_nothing_in_common_says_what_it_offers() {
    let Some(server) = Server::start(Kind::OpenSsh("KexAlgorithms sntrup761x25519-sha512@openssh.com"))
    else {
        return;
    };
    let error = Client::to(&server).refused().await;
    let SshError::NoCommonAlgorithm { kind, theirs, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*kind, "key exchange");
    assert!(theirs.iter().any(|name| name.starts_with("sntrup761")), "{theirs:?}");
}

#[tokio::test]
async fn a_server_that_has_had_enough_of_us_is_waited_for() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let port = listener({
        let port = server.port;
        move |number, mut client| {
            if number == 0 {
                client.write_all(b"Not allowed at this time\r\n").unwrap();
                return;
            }
            let mut to_server = TcpStream::connect(("127.0.0.1", port)).unwrap();
            let (mut back, mut forth) = (to_server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut back, &mut client));
            thread::spawn(move || std::io::copy(&mut forth, &mut to_server));
        }
    });
    let begun = Instant::now();
    Client::to_port(port).identity(server.path("key")).wait().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(2), "haste is punished by such servers");
}

#[tokio::test]
async fn a_server_that_is_not_up_yet_is_waited_for_eagerly() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let target = server.port;
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(700));
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let (mut client, _) = listener.accept().unwrap();
        let mut to_server = TcpStream::connect(("127.0.0.1", target)).unwrap();
        let (mut back, mut forth) = (to_server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut back, &mut client));
        let _ = std::io::copy(&mut forth, &mut to_server);
    });
    let begun = Instant::now();
    Client::to_port(port).identity(server.path("key")).wait().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn waiting_ends_with_the_deadline_and_the_last_reason() {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut client = Client::to_port(port);
    client.patience = Duration::from_millis(500);
    let Err(error) = client.wait().await else { panic!() };
    assert!(error.in_one_line().contains("refused the connection"), "{}", error.in_one_line());
}

#[tokio::test]
async fn waiting_does_not_cure_a_refused_key() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    crate::servers::keygen(&server.path("stranger"), &["-t", "ed25519"]);
    let Err(error) = Client::to(&server).identity(server.path("stranger")).wait().await else { panic!() };
    assert!(matches!(error, SshError::KeysRefused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_freezes_is_given_up_at_the_deadline_which_says_for_what() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    run(&session, "main() { echo; }\nmain", &Document::new()).await.unwrap();
    server.freeze();
    let begun = Instant::now();
    let script = "main() { echo; }\nmain";
    let late = run_within(&session, script, &Document::new(), Duration::from_secs(2)).await.unwrap_err();
    let RemoteError::TimedOut { source, .. } = &late else { panic!("{late:?}") };
    assert_eq!(source.to_string(), "gave up waiting for a channel after 2.0 s");

    // The system still accepts connections in its name.
    let mut client = Client::to(&server);
    client.patience = Duration::from_secs(2);
    let silent = client.refused().await;
    assert!(silent.to_string().contains("accepts connections but says nothing"), "{silent:?}");
    let Err(waited) = client.wait().await else { panic!("a frozen server let us in") };
    assert!(waited.in_one_line().contains("says nothing"), "{}", waited.in_one_line());
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    server.thaw();
    client.patience = Duration::from_secs(20);
    client.wait().await.unwrap();
}
