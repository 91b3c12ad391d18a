//! Ways through ssh_config: aliases, jump hosts, proxy commands, IPv6.

use rmachine::{remote::Document, ssh::SshError};

use crate::{
    client::{Client, run},
    servers::{Kind, Server},
};

/// A client that reaches `target` through `jump`, both with keys of their own, both unknown.
fn through(jump: &Server, target: &Server, more: &str) -> Client {
    let mut client = Client::to(target);
    client.endpoint.host = "target".into();
    client.endpoint.port = None;
    client.endpoint.user = None;
    client.endpoint.identity = None;
    let (jump_key, target_key) = (jump.path("key"), target.path("key"));
    client.config(&format!(
        "{more}Host jump\n HostName 127.0.0.1\n Port {}\n User root\n IdentityFile {}\n\
         Host target\n HostName 127.0.0.1\n Port {}\n IdentityFile {}\n ProxyJump jump\n",
        jump.port,
        jump_key.display(),
        target.port,
        target_key.display(),
    ))
}

#[tokio::test]
async fn a_jump_host_is_passed_and_both_are_verified() {
    let (Some(jump), Some(target)) = (Server::start(Kind::OpenSsh("")), Server::start(Kind::OpenSsh("")))
    else {
        return;
    };
    let client = through(&jump, &target, "");
    let session = client.connect().await.unwrap();
    assert_eq!(session.host_key(), target.host_key("host_ed25519.pub"));
    assert_eq!((session.peer_address(), session.user()), (None, "root"));
    assert_eq!(run(&session, "main() { echo hi; }\nmain", &Document::new()).await.unwrap().out(), ["hi"]);
    assert_eq!(client.notes().len(), 2, "each key was unknown: {:?}", client.notes());

    let wrong = format!("[127.0.0.1]:{} {}\n", jump.port, jump.host_key("key.pub"));
    let SshError::Jump { hop, source } = through(&jump, &target, "").known_hosts(&wrong).refused().await
    else {
        panic!()
    };
    assert_eq!(hop, "jump");
    assert!(matches!(*source, SshError::HostKeyChanged { .. }), "{source:?}");
}

#[tokio::test]
async fn two_jump_hosts_are_passed_in_order() {
    let started = [(); 3].map(|()| Server::start(Kind::OpenSsh("")));
    let [Some(first), Some(second), Some(target)] = started else { return };
    let config = format!(
        "Host second\n HostName 127.0.0.1\n Port {}\n User root\n IdentityFile {}\nHost target\n ProxyJump jump,second\n",
        second.port,
        second.path("key").display(),
    );
    through(&first, &target, &config).connect().await.unwrap();
    let log = std::fs::read_to_string(second.path("log")).unwrap();
    assert!(log.contains("Accepted publickey"), "{log}");
}

#[tokio::test]
async fn a_jump_host_that_forwards_nothing_is_named() {
    let (Some(jump), Some(target)) =
        (Server::start(Kind::OpenSsh("AllowTcpForwarding no")), Server::start(Kind::OpenSsh("")))
    else {
        return;
    };
    let error = through(&jump, &target, "").refused().await.in_one_line();
    assert!(
        error.starts_with("cannot go through the jump host jump: jump refused a connection to 127.0.0.1"),
        "{error}"
    );
}

#[tokio::test]
async fn jump_hosts_in_a_circle_end() {
    let client = Client::to_port(1).config("Host *\n ProxyJump 127.0.0.1\n");
    assert!(matches!(client.refused().await, SshError::JumpLoop { .. }));
}

#[tokio::test]
async fn a_proxy_command_carries_the_connection() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let key = server.path("key");
    let mut client = Client::to(&server);
    client.endpoint.host = "target".into();
    client.endpoint.port = None;
    let jump = format!(
        "ssh -F none -i {} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p {} -W 127.0.0.1:%p root@127.0.0.1",
        key.display(),
        server.port,
    );
    let client = client.config(&format!("Host target\n Port {}\n ProxyCommand {jump}\n", server.port));
    let session = client.connect().await.unwrap();
    assert_eq!(session.host_key(), server.host_key("host_ed25519.pub"));
}

#[tokio::test]
async fn a_proxy_command_that_fails_is_told() {
    let client = Client::to_port(22).config("ProxyCommand false\n");
    assert!(matches!(client.refused().await, SshError::ClosedAtOnce { .. }));
}

#[tokio::test]
async fn ipv6_addresses_are_reached_with_and_without_brackets() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    for host in ["::1", "[::1]"] {
        let mut client = Client::to(&server);
        client.endpoint.host = host.into();
        let session = client.connect().await.unwrap();
        assert_eq!(session.peer_address().unwrap().to_string(), "::1");
    }
}
