//! Scripts as root, over every server.

use std::time::{Duration, Instant};

use rmachine::{
    remote::{Document, Exit, Line, Remote, RemoteError, Script},
    retry::Deadline,
};

use crate::{
    client::{Answers, Client, run, run_within},
    servers::{Kind, Server, run_tool},
};

/// Shows who runs it and what it was given.
const ECHO: &str = "main() { id -u; echo err >&2; echo '@rmachine ready'; wc -c; exit 7; }\nmain";

#[tokio::test]
async fn every_server_runs_a_script_with_its_document() {
    let big = "x".repeat(300_000);
    for (name, kind) in [
        ("OpenSSH", Kind::OpenSsh("")),
        (
            "OpenSSH, ed25519 only",
            Kind::OpenSsh("HostKeyAlgorithms ssh-ed25519\nPubkeyAcceptedAlgorithms ssh-ed25519"),
        ),
        (
            "OpenSSH, NIST only",
            Kind::OpenSsh(
                "KexAlgorithms ecdh-sha2-nistp256\nHostKeyAlgorithms rsa-sha2-256\nCiphers aes128-ctr",
            ),
        ),
        ("OpenSSH, one try", Kind::OpenSsh("MaxAuthTries 1")),
        ("OpenSSH, rekeying", Kind::OpenSsh("RekeyLimit 64K")),
        ("OpenSSH, no forwarding", Kind::OpenSsh("AllowTcpForwarding no\nDisableForwarding yes")),
        ("OpenSSH, no terminal", Kind::OpenSsh("PermitTTY no")),
        ("dropbear", Kind::Dropbear(&[])),
        ("tinyssh", Kind::Tiny),
    ] {
        let Some(server) = Server::start(kind) else { return };
        let session = Client::to(&server).connect().await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let document = Document::new().with("big", big.as_str());
        let ran = run(&session, ECHO, &document).await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(ran.exit, Exit::Status(7), "{name}");
        assert_eq!(ran.out(), ["0", &document.to_wire().concat().len().to_string()], "{name}");
        assert!(ran.lines.contains(&Line::Err("err".into())), "{name}: {ran:?}");
        session.close().await;
    }
}

#[tokio::test]
async fn a_second_script_uses_the_same_connection() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    for _ in 0..3 {
        let ran = run(&session, "main() { echo $PPID; }\nmain", &Document::new()).await.unwrap();
        assert_eq!(ran.exit, Exit::Status(0));
    }
    let log = std::fs::read_to_string(server.path("log")).unwrap();
    assert_eq!(log.matches("Accepted publickey").count(), 1, "{log}");
}

/// Says when it began and, once its document came, what that was.
const NEXT: Script = Script {
    name: "next.sh",
    text: "main() { date +%s%3N; echo '@rmachine ready'; read -r word _; echo $word; }\nmain\n",
};
const FIRST: &str = "main() { sleep 0.5; date +%s%3N; }\nmain";

#[tokio::test]
async fn a_foreseen_script_waits_for_its_document_while_the_first_one_runs() {
    for (name, kind) in [("OpenSSH", Kind::OpenSsh("")), ("dropbear", Kind::Dropbear(&[]))] {
        let Some(server) = Server::start(kind) else { return };
        let session = Client::to(&server).connect().await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        session.foresee(NEXT);
        let first = run(&session, FIRST, &Document::new()).await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        let (document, deadline) =
            (Document::new().with("word", ""), Deadline::after(Duration::from_secs(20)));
        let mut lines = Vec::new();
        let exit = session.run(NEXT, &document, deadline, &mut |line| lines.push(line)).await;
        assert_eq!(exit.unwrap_or_else(|e| panic!("{name}: {e:?}")), Exit::Status(0));
        let [Line::Out(began), Line::Out(word)] = lines.as_slice() else { panic!("{name}: {lines:?}") };
        assert_eq!(word, "word", "{name}");
        assert!(began.as_str() < first.out()[0], "{name}: it began at {began}, and {:?}", first.out());
    }
}

#[tokio::test]
async fn where_a_connection_may_have_one_session_scripts_run_one_after_the_other() {
    for (name, kind) in [
        ("OpenSSH", Kind::OpenSsh("MaxSessions 1")),
        ("tinyssh", Kind::Tiny),
        ("dropbear", Kind::Dropbear(&[])),
    ] {
        let Some(server) = Server::start(kind) else { return };
        let session = Client::to(&server).connect().await.unwrap_or_else(|e| panic!("{name}: {e:?}"));
        for number in 0..3 {
            session.foresee(NEXT);
            let first = run(&session, FIRST, &Document::new()).await;
            let first = first.unwrap_or_else(|e| panic!("{name}, {number}: {e:?}"));
            assert_eq!((first.exit.clone(), first.out().len()), (Exit::Status(0), 1), "{name}: {first:?}");
            let document = Document::new().with("word", "");
            let next = run(&session, NEXT.text, &document).await;
            let next = next.unwrap_or_else(|e| panic!("{name}, {number}: {e:?}"));
            assert_eq!((next.exit.clone(), next.out()[1]), (Exit::Status(0), "word"), "{name}: {next:?}");
        }
        session.close().await;
    }
}

#[tokio::test]
async fn one_connection_does_where_sessions_may_follow_each_other() {
    let Some(server) = Server::start(Kind::OpenSsh("MaxSessions 1")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    for _ in 0..5 {
        run(&session, "main() { echo; }\nmain", &Document::new()).await.unwrap();
    }
    let log = std::fs::read_to_string(server.path("log")).unwrap();
    assert_eq!(log.matches("Accepted publickey").count(), 1, "{log}");
}

#[tokio::test]
async fn a_session_that_does_not_end_is_no_bar_to_the_next() {
    let Some(server) = Server::start(Kind::OpenSsh("MaxSessions 1")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let stuck = "main() { trap '' HUP; exec sleep 30; }\nmain";
    let late = run_within(&session, stuck, &Document::new(), Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(late, RemoteError::TimedOut { .. }), "{late:?}");
    let next = run(&session, "main() { echo two; }\nmain", &Document::new()).await.unwrap();
    assert_eq!(next.lines, [Line::Out("two".into())]);
    let log = std::fs::read_to_string(server.path("log")).unwrap();
    assert_eq!(log.matches("Accepted publickey").count(), 2, "{log}");
}

/// A key that is encrypted, so that each login needs its passphrase.
#[tokio::test]
async fn a_further_login_asks_nobody_again() {
    let Some(server) = Server::start(Kind::Tiny) else { return };
    run_tool(
        std::process::Command::new("ssh-keygen")
            .args(["-q", "-p", "-N", "open sesame", "-f"])
            .arg(server.path("key")),
    );
    let mut client = Client::to(&server);
    let answers = Answers::secret("open sesame");
    client.prompt = answers.clone();
    let session = client.connect().await.unwrap();
    for _ in 0..3 {
        let ran = run(&session, "main() { echo; }\nmain", &Document::new()).await.unwrap();
        assert_eq!(ran.exit, Exit::Status(0));
    }
    assert_eq!(answers.asked().len(), 1, "{:?}", answers.asked());
}

#[tokio::test]
async fn a_process_left_behind_does_not_hold_the_script() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let begun = Instant::now();
    let ran = run(&session, "main() { sleep 20 & echo started; }\nmain", &Document::new()).await.unwrap();
    assert_eq!((ran.exit, ran.lines.len()), (Exit::Status(0), 1));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_script_ended_by_a_signal_says_which() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let ran = run(&session, "main() { kill -KILL $$; }\nmain", &Document::new()).await.unwrap();
    assert_eq!(ran.exit, Exit::Signal("KILL".into()));
}

#[tokio::test]
async fn a_script_that_takes_too_long_is_given_up() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let script = "main() { echo one; sleep 20; }\nmain";
    let error = run_within(&session, script, &Document::new(), Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(error, RemoteError::TimedOut { .. }), "{error:?}");
    let next = run(&session, "main() { echo two; }\nmain", &Document::new()).await.unwrap();
    assert_eq!(next.lines, [Line::Out("two".into())], "the connection stays usable");
}

#[tokio::test]
async fn a_server_that_dies_in_the_middle_is_a_lost_connection() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let script = "main() { echo here; kill -KILL $(ps -o ppid= -p $PPID) $PPID; sleep 5; }\nmain";
    let error = run(&session, script, &Document::new()).await.unwrap_err();
    assert!(matches!(error, RemoteError::Lost { .. }), "{error:?}");
}

#[tokio::test]
async fn a_forced_command_is_told_from_a_shell() {
    let Some(server) = Server::start(Kind::OpenSsh("ForceCommand echo backups only")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let error = run(&session, ECHO, &Document::new()).await.unwrap_err();
    let RemoteError::NoShell { said, .. } = &error else { panic!("{error:?}") };
    assert_eq!(said, "backups only");
}

#[tokio::test]
async fn a_session_limit_is_told() {
    let Some(server) = Server::start(Kind::OpenSsh("MaxSessions 0")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let error = run(&session, ECHO, &Document::new()).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("refused another session"), "{source}");
}

#[tokio::test]
async fn lines_of_both_streams_arrive_whole_and_in_order() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let session = Client::to(&server).connect().await.unwrap();
    let script =
        "main() { i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo \"line $i\"; done; printf 'end'; }\nmain";
    let ran = run(&session, script, &Document::new()).await.unwrap();
    let out = ran.out();
    assert_eq!(out.len(), 20001);
    assert_eq!((out[0], out[19999], out[20000]), ("line 1", "line 20000", "end"));
}
