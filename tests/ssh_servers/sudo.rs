//! Becoming root: every login shell, and every way sudo may be set up.

use rmachine::{
    remote::{Document, Exit, Line, NotRoot, RemoteError},
    secret::Secret,
    ssh::Session,
};

use crate::{
    accounts::PASSWORD,
    client::{Answers, Client, run},
    servers::{Kind, Server, available},
};

const SCRIPT: &str = "main() { id -u; echo err >&2; echo '@rmachine ready'; read -r name size; echo \"$name $size\"; exit 4; }\nmain";

fn server() -> Option<Server> {
    available("sudo")?;
    Server::start(Kind::Accounts)
}

fn client(server: &Server, user: &str) -> Client {
    let mut client = Client::to(server);
    client.endpoint.user = Some(user.to_owned());
    client
}

async fn runs_as_root(user: &str, session: &Session) {
    let document = Document::new().with("value", "sesame");
    let ran = run(session, SCRIPT, &document).await.unwrap_or_else(|error| panic!("{user}: {error}"));
    assert_eq!(ran.exit, Exit::Status(4), "{user}");
    // On a terminal both streams are one.
    let texts: Vec<_> = ran.lines.iter().map(|(Line::Out(text) | Line::Err(text))| text.as_str()).collect();
    assert_eq!(texts.iter().filter(|text| **text == "err").count(), 1, "{user}: {texts:?}");
    let rest: Vec<_> = texts.into_iter().filter(|text| *text != "err").collect();
    assert_eq!(rest, ["0", "value 6"], "{user}");
}

#[tokio::test]
async fn every_login_shell_and_every_sudo_leads_to_root() {
    let Some(server) = server() else { return };
    for user in ["root", "free", "noisy", "fishy", "sea", "asked", "tty", "pty"] {
        let mut client = client(&server, user);
        client.sudo_password = Some(Secret::new(PASSWORD));
        let session = client.connect().await.unwrap();
        for _ in 0..2 {
            runs_as_root(user, &session).await;
        }
    }
}

#[tokio::test]
async fn sudos_password_is_asked_for_once_and_only_if_it_is_wanted() {
    let Some(server) = server() else { return };
    for (user, asked) in [("free", 0), ("asked", 1), ("tty", 1)] {
        let answers = Answers::secret(PASSWORD);
        let mut client = client(&server, user);
        client.prompt = answers.clone();
        let session = client.connect().await.unwrap();
        runs_as_root(user, &session).await;
        runs_as_root(user, &session).await;
        assert_eq!(answers.asked().len(), asked, "{user}: {:?}", answers.asked());
    }
}

#[tokio::test]
async fn ways_that_do_not_lead_to_root_are_told_apart() {
    let Some(server) = server() else { return };
    for (user, password, expected) in [
        ("asked", Some("mellon"), NotRoot::WrongPassword),
        ("tty", Some("mellon"), NotRoot::WrongPassword),
        ("asked", None, NotRoot::NoPassword),
        ("plain", Some(PASSWORD), NotRoot::NotAllowed("plain is not in the sudoers file.".into())),
    ] {
        let mut client = client(&server, user);
        client.sudo_password = password.map(Secret::new);
        let session = client.connect().await.unwrap();
        let error = run(&session, SCRIPT, &Document::new()).await.unwrap_err();
        let RemoteError::NotRoot { reason, .. } = error else { panic!("{user}: {error:?}") };
        match (reason, expected) {
            // Newer versions add a sentence.
            (NotRoot::NotAllowed(said), NotRoot::NotAllowed(begin)) => {
                assert!(said.starts_with(&begin), "{said}");
            }
            (reason, expected) => assert_eq!(reason, expected, "{user}"),
        }
    }
}

#[tokio::test]
async fn an_account_without_a_shell_is_told() {
    let Some(server) = server() else { return };
    let session = client(&server, "nologin").connect().await.unwrap();
    let error = run(&session, SCRIPT, &Document::new()).await.unwrap_err();
    assert!(error.to_string().contains("not available"), "{error}");
}

#[tokio::test]
async fn a_secret_in_a_document_never_stands_in_a_command_line() {
    let Some(server) = server() else { return };
    let mut client = client(&server, "asked");
    client.sudo_password = Some(Secret::new(PASSWORD));
    let session = client.connect().await.unwrap();
    let script = "main() { echo '@rmachine ready'; cat >/dev/null; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'; }\nmain";
    let document = Document::new().with("key", "xyzzy-plugh");
    let ran = run(&session, script, &document).await.unwrap();
    assert!(ran.lines.len() > 10);
    for line in ran.out() {
        assert!(!line.contains("xyzzy-plugh"), "{line}");
        assert!(line != PASSWORD, "sudo's password stands in a command line");
    }
}
