//! Users' commands, terminals and streams.

use std::process::{Command, Stdio};

use rmachine::{remote::Exit, ssh::openssh};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    client::Client,
    servers::{Kind, Server},
};

#[tokio::test]
async fn a_command_keeps_its_streams_apart_and_passes_its_status() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit =
        session.command(Some("cat; echo boo >&2; exit 3"), &b"in put\xff"[..], &mut out, &mut err).await;
    assert_eq!(exit.unwrap(), Exit::Status(3));
    assert_eq!((out.as_slice(), err.as_slice()), (&b"in put\xff"[..], &b"boo\n"[..]));
}

#[tokio::test]
async fn a_shell_without_a_terminal_reads_its_commands_from_stdin() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let mut out = Vec::new();
    let exit = session.command(None, &b"echo $((6 * 7)); exit 5\n"[..], &mut out, tokio::io::sink()).await;
    assert_eq!((exit.unwrap(), out.as_slice()), (Exit::Status(5), &b"42\n"[..]));
}

#[tokio::test]
async fn a_command_ends_though_stdin_goes_on() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let (_held_open, stdin) = tokio::io::duplex(64);
    let exit = session.command(Some("kill -TERM $$"), stdin, tokio::io::sink(), tokio::io::sink()).await;
    assert_eq!(exit.unwrap(), Exit::Signal("TERM".into()));
}

#[tokio::test]
async fn big_output_arrives_whole_while_keys_are_renewed() {
    for kind in [Kind::OpenSsh("RekeyLimit 1M"), Kind::Dropbear(&[])] {
        let Some(server) = Server::start(kind) else { return };
        let session = Client::to(&server).connect().await.unwrap();
        let mut out = Vec::new();
        let command = Some("head -c 20000000 /dev/zero");
        let exit = session.command(command, tokio::io::empty(), &mut out, tokio::io::sink()).await;
        assert_eq!((exit.unwrap(), out.len()), (Exit::Status(0), 20_000_000));
    }
}

#[tokio::test]
async fn a_stream_reaches_a_socket_on_the_host() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let path = server.path("socket");
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let session = Client::to(&server).connect().await.unwrap();
    let mut ours = session.unix_stream(path.to_str().unwrap()).await.unwrap();
    let (mut theirs, _) = listener.accept().await.unwrap();
    ours.write_all(b"ping").await.unwrap();
    let mut heard = [0; 4];
    theirs.read_exact(&mut heard).await.unwrap();
    theirs.write_all(b"pong").await.unwrap();
    drop(theirs);
    let mut back = Vec::new();
    ours.read_to_end(&mut back).await.unwrap();
    assert_eq!((&heard, back.as_slice()), (b"ping", &b"pong"[..]));
    assert!(session.unix_stream("/nonexistent/socket").await.is_err());
}

#[tokio::test]
async fn the_systems_ssh_takes_our_arguments_and_only_the_pinned_key() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let client = Client::to(&server);
    let session = client.connect().await.unwrap();
    let machine = "n1".parse().unwrap();
    let file = server.path("pinned keys");
    for (key, works) in [(session.host_key(), true), (server.host_key("key.pub"), false)] {
        std::fs::write(&file, openssh::known_hosts(&machine, &[key])).unwrap();
        let rest = ["echo".to_owned(), "hi".to_owned()];
        let arguments = openssh::arguments(&machine, &client.endpoint, Some(&file), &rest).unwrap();
        let output = Command::new("ssh").args(arguments).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.success(), works, "{output:?}");
    }
}
