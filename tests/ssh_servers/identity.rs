//! Keys of every kind and form, the agent, and what people answer.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rmachine::ssh::{SshError, identity::KeyError};

use crate::{
    client::{Answers, Client},
    servers::{Kind, Server, available, keygen, run_tool},
};

/// Makes a key in the server's folder that may log in.
fn key(server: &Server, name: &str, arguments: &[&str]) -> PathBuf {
    let path = server.path(name);
    keygen(&path, arguments);
    server.allow(&path.with_extension("pub"));
    path
}

/// Puts a key file into another form, behind a passphrase or not.
fn convert(path: &Path, form: &[&str], passphrase: &str) {
    run_tool(
        Command::new("ssh-keygen")
            .args(["-q", "-p", "-P", "", "-N", passphrase])
            .args(form)
            .arg("-f")
            .arg(path),
    );
}

#[tokio::test]
async fn keys_of_every_kind_and_form_log_in() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let forms: [(&str, &[&str]); 3] =
        [("openssh", &[]), ("pem", &["-m", "PEM"]), ("pkcs8", &["-m", "PKCS8"])];
    for (kind, bits) in
        [("ed25519", None), ("ecdsa", Some("256")), ("ecdsa", Some("521")), ("rsa", Some("2048"))]
    {
        for (form, convert_arguments) in forms {
            if kind == "ed25519" && form != "openssh" {
                continue; // ssh-keygen writes these in OpenSSH's form whatever is asked.
            }
            let name = format!("{kind}-{}-{form}", bits.unwrap_or("256"));
            let arguments: Vec<_> =
                ["-t", kind].into_iter().chain(bits.iter().flat_map(|b| ["-b", b])).collect();
            let path = key(&server, &name, &arguments);
            if form != "openssh" {
                convert(&path, convert_arguments, "");
            }
            let session = Client::to(&server).identity(&path).connect().await;
            let session = session.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert_eq!(session.identity(), Some(path));
        }
    }
}

#[tokio::test]
async fn rsa_keys_log_in_where_only_one_hash_is_taken() {
    for taken in ["rsa-sha2-256", "rsa-sha2-512"] {
        let line = format!("PubkeyAcceptedAlgorithms {taken}");
        let Some(server) = Server::start(Kind::OpenSsh(&line)) else { return };
        let path = key(&server, "rsa", &["-t", "rsa", "-b", "2048"]);
        Client::to(&server).identity(path).connect().await.unwrap();
    }
    let Some(server) = Server::start(Kind::Dropbear(&[])) else { return };
    let path = key(&server, "rsa", &["-t", "rsa", "-b", "2048"]);
    Client::to(&server).identity(path).connect().await.unwrap();
}

#[tokio::test]
async fn encrypted_keys_of_every_form_are_unlocked_by_their_passphrase() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    for (name, kind, form) in [
        ("a", "ed25519", &[][..]),
        ("b", "rsa", &["-m", "PEM"]),
        ("c", "rsa", &["-m", "PKCS8"]),
        ("d", "ecdsa", &["-m", "PKCS8"]),
    ] {
        let path = key(&server, name, &["-t", kind]);
        convert(&path, form, "sesame");
        let right = Answers::secret("sesame");
        let mut client = Client::to(&server).identity(&path);
        client.prompt = right.clone();
        client.connect().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        client.connect().await.unwrap();
        assert_eq!(right.asked(), [format!("Passphrase of {}: ", path.display())], "asked once");

        let other = server.path(&format!("{name}-wrong"));
        fs::copy(&path, &other).unwrap();
        let mut client = Client::to(&server).identity(&other);
        assert!(matches!(client.refused().await, SshError::Key(KeyError::NoPassphrase { .. })), "{name}");
        client.prompt = Answers::secret("mellon");
        assert!(matches!(client.refused().await, SshError::Key(KeyError::WrongPassphrase { .. })), "{name}");
    }
    let path = key(&server, "e", &["-t", "ecdsa"]);
    convert(&path, &["-m", "PEM"], "sesame");
    let mut client = Client::to(&server).identity(&path);
    client.prompt = Answers::secret("sesame");
    let error = client.refused().await.to_string();
    assert!(error.contains("ssh-keygen -p"), "the form that cannot be read says what to do: {error}");
}

#[tokio::test]
async fn a_refused_key_is_named() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let path = server.path("stranger");
    keygen(&path, &["-t", "ed25519"]);
    let error = Client::to(&server).identity(&path).refused().await;
    let SshError::KeysRefused { tried, methods, .. } = &error else { panic!("{error:?}") };
    assert_eq!(tried, &[format!("{} (ssh-ed25519)", path.display())]);
    assert_eq!(methods, &["publickey"]);
}

#[tokio::test]
async fn a_server_that_takes_no_rsa_keys_refuses_them_by_name() {
    let Some(server) = Server::start(Kind::Tiny) else { return };
    let path = key(&server, "rsa", &["-t", "rsa", "-b", "2048"]);
    let error = Client::to(&server).identity(path).refused().await;
    assert!(matches!(error, SshError::KeysRefused { .. }), "{error:?}");
    assert!(error.to_string().contains("ssh-rsa"), "{error}");
}

#[tokio::test]
async fn default_identities_are_tried_where_nobody_names_one() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let mut client = Client::to(&server);
    client.endpoint.identity = None;
    assert!(client.refused().await.to_string().contains("there was no key to offer"));
    let default = client.home.path().join(".ssh/id_ed25519");
    fs::copy(server.path("key"), &default).unwrap();
    assert_eq!(client.connect().await.unwrap().identity(), Some(default));
}

#[tokio::test]
async fn an_encrypted_default_key_is_asked_about_only_if_the_server_takes_it() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let mut client = Client::to(&server);
    client.endpoint.identity = None;
    let default = client.home.path().join(".ssh/id_ed25519");
    keygen(&default, &["-t", "ed25519"]);
    convert(&default, &[], "sesame");
    let answers = Answers::secret("sesame");
    client.prompt = answers.clone();
    assert!(matches!(client.refused().await, SshError::KeysRefused { .. }));
    assert_eq!(answers.asked(), [] as [&str; 0]);
    server.allow(&default.with_extension("pub"));
    client.connect().await.unwrap();
    assert_eq!(answers.asked().len(), 1);
}

#[tokio::test]
async fn a_key_with_a_certificate_beside_it_logs_in_by_that() {
    let lines = "TrustedUserCAKeys FOLDER/authority.pub\nAuthorizedKeysFile none";
    for kind in ["ed25519", "rsa"] {
        let Some(server) = Server::start_prepared(Kind::OpenSsh(lines), |server| {
            keygen(&server.path("authority"), &["-t", "ed25519"]);
        }) else {
            return;
        };
        let path = server.path("signed");
        keygen(&path, &["-t", kind]);
        Client::to(&server).identity(&path).refused().await;
        let mut sign = Command::new("ssh-keygen");
        sign.args(["-q", "-s"]).arg(server.path("authority")).args(["-I", "me", "-n", "root"]);
        run_tool(sign.arg(path.with_extension("pub")));
        Client::to(&server).identity(&path).connect().await.unwrap_or_else(|error| panic!("{kind}: {error}"));
    }
}

/// An agent of the test's own.
struct Agent {
    process: Child,
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Agent {
    fn with(keys: &[PathBuf]) -> Option<Self> {
        let program = available("ssh-agent")?;
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent");
        let mut command = Command::new(program);
        let mut process = command.arg("-D").arg("-a").arg(&socket).stdout(Stdio::piped()).spawn().unwrap();
        let said = process.stdout.take().unwrap();
        let agent = Self { process, socket, _folder: folder };
        // It says where it listens once it does; the socket itself is there a moment before.
        BufReader::new(said).read_line(&mut String::new()).unwrap();
        for key in keys {
            run_tool(Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &agent.socket));
        }
        Some(agent)
    }

    fn serve(&self, client: &mut Client) {
        client.env.vars.insert("SSH_AUTH_SOCK".into(), self.socket.to_string_lossy().into_owned());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn keys_of_the_agent_log_in() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let Some(agent) = Agent::with(&[key(&server, &format!("agent-{kind}"), &["-t", kind])]) else {
            return;
        };
        let mut client = Client::to(&server);
        client.endpoint.identity = None;
        agent.serve(&mut client);
        let session = client.connect().await.unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(session.identity(), None, "it was no file");
    }
}

#[tokio::test]
async fn an_explicit_key_gets_through_where_an_agent_full_of_keys_would_not() {
    let Some(server) = Server::start(Kind::OpenSsh("MaxAuthTries 1")) else { return };
    let strangers: Vec<_> = (0..3)
        .map(|number| {
            let path = server.path(&format!("stranger{number}"));
            keygen(&path, &["-t", "ed25519"]);
            path
        })
        .collect();
    let Some(agent) = Agent::with(&strangers) else { return };
    let mut client = Client::to(&server);
    agent.serve(&mut client);
    client.connect().await.unwrap();
    client.endpoint.identity = None;
    let error = client.refused().await;
    let SshError::KeysRefused { said, .. } = &error else { panic!("{error:?}") };
    assert!(said.as_ref().is_some_and(|said| said.contains("Too many authentication failures")), "{error}");
    let line = format!("IdentitiesOnly yes\nIdentityFile {}\n", server.path("key").display());
    client.config(&line).connect().await.unwrap();
}

#[tokio::test]
async fn an_encrypted_key_that_the_agent_holds_needs_no_passphrase() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let path = key(&server, "both", &["-t", "ed25519"]);
    let Some(agent) = Agent::with(std::slice::from_ref(&path)) else { return };
    convert(&path, &[], "sesame");
    let mut client = Client::to(&server).identity(&path);
    agent.serve(&mut client);
    assert_eq!(client.connect().await.unwrap().identity(), Some(path));
}

#[tokio::test]
async fn an_agent_that_is_gone_is_no_obstacle() {
    let Some(server) = Server::start(Kind::OpenSsh("")) else { return };
    let mut client = Client::to(&server);
    client.env.vars.insert("SSH_AUTH_SOCK".into(), "/nonexistent/agent".into());
    client.connect().await.unwrap();
}
