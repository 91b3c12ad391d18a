//! Host keys, as the servers really show them.

use std::{fs, process::Command};

use rmachine::ssh::{SshError, trust::Place};

use crate::{
    client::{Answers, Client},
    servers::{Kind, Server, keygen, run_tool},
};

fn name(server: &Server) -> String {
    format!("[127.0.0.1]:{}", server.port)
}

#[tokio::test]
async fn an_unknown_host_is_accepted_once_with_a_word_and_pinned_from_then_on() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let mut client = Client::to(&server);
    let session = client.connect().await.unwrap();
    assert_eq!(session.host_key(), server.host_key("host_ed25519.pub"));
    assert_eq!(client.notes().len(), 1, "{:?}", client.notes());
    client.pinned = vec![session.host_key()];
    client.connect().await.unwrap();
    assert_eq!(client.notes().len(), 1, "a pinned key needs no word");
    client.pinned = vec![server.host_key("key.pub")];
    let SshError::HostKeyChanged { known, .. } = client.refused().await else { panic!() };
    assert_eq!(known.place, Place::Pinned);
}

#[tokio::test]
async fn a_person_decides_about_an_unknown_host() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let mut client = Client::to(&server);
    let no = Answers::confirm(false);
    client.prompt = no.clone();
    assert!(matches!(client.refused().await, SshError::HostKeyUnknown { .. }));
    assert!(no.asked()[0].contains("SHA256:"), "{:?}", no.asked());
    client.prompt = Answers::confirm(true);
    client.connect().await.unwrap();
}

#[tokio::test]
async fn a_strict_config_refuses_unknown_hosts() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let client = Client::to(&server).config("StrictHostKeyChecking yes\n");
    assert!(matches!(client.refused().await, SshError::HostKeyUnknown { .. }));
}

#[tokio::test]
async fn a_key_of_any_kind_is_found_by_its_demanded_fingerprint() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let public = format!("host_{kind}.pub");
        let listed = Command::new("ssh-keygen").arg("-lf").arg(server.path(&public)).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let mut client = Client::to(&server);
        client.endpoint.fingerprint = Some(listed.split(' ').nth(1).unwrap().parse().unwrap());
        let session = client.connect().await.unwrap();
        assert_eq!(session.host_key(), server.host_key(&public));
    }
    let mut client = Client::to(&server);
    client.endpoint.fingerprint = Some("SHA256:uNiVztksCsDhcc0u9e8BrNHQ6UnnXY4nNkNpSg1dFyI".parse().unwrap());
    let SshError::HostKeyChanged { kind, known, .. } = client.refused().await else { panic!() };
    assert_eq!((kind.as_str(), known.place), ("ssh-ed25519", Place::Demanded));
}

#[tokio::test]
async fn a_known_key_of_one_kind_does_not_clash_with_others_the_host_has() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    for kind in ["ecdsa", "rsa"] {
        let key = server.host_key(&format!("host_{kind}.pub"));
        let client = Client::to(&server)
            .known_hosts(&format!("{} {key}\n", name(&server)))
            .config("StrictHostKeyChecking yes\n");
        assert_eq!(client.connect().await.unwrap().host_key(), key);
    }
}

#[tokio::test]
async fn names_hashed_by_ssh_keygen_are_known() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let line = format!("{} {}\n", name(&server), server.host_key("host_ed25519.pub"));
    let client = Client::to(&server).known_hosts(&line).config("StrictHostKeyChecking yes\n");
    let file = client.home.path().join(".ssh/known_hosts");
    run_tool(Command::new("ssh-keygen").arg("-H").arg("-f").arg(&file));
    assert!(fs::read_to_string(&file).unwrap().starts_with("|1|"));
    client.connect().await.unwrap();
}

#[tokio::test]
async fn a_changed_key_says_where_the_old_one_stands() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let line = format!("# mine\n{} {}\n", name(&server), server.host_key("key.pub"));
    let client = Client::to(&server).known_hosts(&line).config("StrictHostKeyChecking no\n");
    let SshError::HostKeyChanged { known, .. } = client.refused().await else { panic!() };
    let Place::KnownHosts { file, line, name: shown } = known.place else { panic!("{known:?}") };
    assert_eq!(file, client.home.path().join(".ssh/known_hosts"));
    assert_eq!((line, shown), (2, name(&server)));
}

#[tokio::test]
async fn a_revoked_key_is_refused() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let line = format!("@revoked * {}\n", server.host_key("host_ed25519.pub"));
    let client = Client::to(&server).known_hosts(&line);
    assert!(matches!(client.refused().await, SshError::HostKeyRevoked { line: 1, .. }));
}

/// Signs the ed25519 host key with an authority of its own. Arguments as for `ssh-keygen -s`.
fn sign(server: &Server, arguments: &[&str]) {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-s"]).arg(server.path("authority")).args(["-I", "n1"]).args(arguments);
    run_tool(command.arg(server.path("host_ed25519.pub")));
}

#[tokio::test]
async fn certificates_of_a_known_authority_are_accepted_and_checked() {
    for authority in ["ed25519", "rsa"] {
        let lines = "HostKey FOLDER/host_ed25519\nHostCertificate FOLDER/host_ed25519-cert.pub";
        // The certificate must be there before the server starts, and the server makes the keys: it starts twice.
        for (arguments, said) in [
            (&["-h", "-n", "127.0.0.1"][..], ""),
            (&["-h"], ""),
            (&["-h", "-n", "other"], "it is for other"),
            (&["-h", "-n", "127.0.0.1", "-V", "20200101:20200102"], "it has expired"),
            (&["-n", "127.0.0.1"], "a user's certificate"),
        ] {
            let Some(server) = Server::start_prepared(Kind::OpenSsh(lines), |server| {
                keygen(&server.path("authority"), &["-t", authority]);
                sign(server, arguments);
            }) else {
                return;
            };
            let line = format!("@cert-authority 127.0.0.* {}\n", server.host_key("authority.pub"));
            let line = line.replace("127.0.0.*", &format!("[127.0.0.*]:{}", server.port));
            let client = Client::to(&server).known_hosts(&line).config("StrictHostKeyChecking yes\n");
            let outcome = client.connect().await;
            match (outcome, said) {
                (Ok(_), "") => {}
                (Err(SshError::HostCertificate { reason, .. }), said) if !said.is_empty() => {
                    assert!(reason.contains(said), "{reason}");
                }
                (Err(error), _) => panic!("{arguments:?}: {error}"),
                (Ok(_), _) => panic!("{arguments:?} must not be accepted"),
            }
        }
    }
}
