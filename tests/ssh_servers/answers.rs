//! Passwords and questions, against a server of our own that asks what PAM asks: real accounts would need passwords that
//! somebody could guess.

use std::{sync::Arc, time::Duration};

use rmachine::{prompt::Nobody, ssh::SshError};
use russh::{
    MethodKind, MethodSet,
    keys::{Algorithm, PrivateKey, key::safe_rng},
    server::{self, Auth, Response, VerifiedPublicKey},
};
use tokio::net::TcpListener;

use crate::client::{Answers, Client};

/// What the server wants of a login.
#[derive(Clone, Copy)]
enum Wants {
    Password,
    Interactive,
    KeyAndInteractive,
}

struct Asking {
    wants: Wants,
    has_key: bool,
    round: usize,
}

impl Asking {
    fn refusal(&self, partial_success: bool) -> Auth {
        let methods = match self.wants {
            Wants::Password => MethodKind::Password,
            Wants::KeyAndInteractive if !self.has_key => MethodKind::PublicKey,
            Wants::Interactive | Wants::KeyAndInteractive => MethodKind::KeyboardInteractive,
        };
        Auth::Reject { proceed_with_methods: Some(MethodSet::from(&[methods][..])), partial_success }
    }
}

impl server::Handler for Asking {
    type Error = russh::Error;

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, russh::Error> {
        Ok(self.refusal(false))
    }

    async fn auth_password(&mut self, _user: &str, password: &str) -> Result<Auth, russh::Error> {
        let is_right = matches!(self.wants, Wants::Password) && password == "sesame";
        Ok(if is_right { Auth::Accept } else { self.refusal(false) })
    }

    async fn auth_publickey(
        &mut self,
        _user: &str,
        _key: VerifiedPublicKey<'_>,
    ) -> Result<Auth, russh::Error> {
        self.has_key = true;
        Ok(self.refusal(matches!(self.wants, Wants::KeyAndInteractive)))
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _user: &str,
        _submethods: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let answers: Vec<_> = response.into_iter().flatten().map(|bytes| bytes.to_vec()).collect();
        self.round += 1;
        let ask = |prompts: Vec<(std::borrow::Cow<'static, str>, bool)>| Auth::Partial {
            name: "".into(),
            instructions: "".into(),
            prompts: prompts.into(),
        };
        Ok(match (self.round, answers.as_slice()) {
            (1, []) => ask(vec![("Password: ".into(), false)]),
            (2, [answer]) if answer == b"sesame" => ask(Vec::new()),
            (3, []) => Auth::Accept,
            _ => self.refusal(false),
        })
    }
}

/// Starts a server; answers its port.
async fn serve(wants: Wants) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(server::Config {
        keys: vec![PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).unwrap()],
        auth_rejection_time: Duration::ZERO,
        ..server::Config::default()
    });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let asking = Asking { wants, has_key: false, round: 0 };
            tokio::spawn(server::run_stream(Arc::clone(&config), stream, asking));
        }
    });
    port
}

fn with_key(mut client: Client) -> Client {
    let path = client.home.path().join("key");
    crate::servers::keygen(&path, &["-t", "ed25519"]);
    client.endpoint.identity = Some(path);
    client
}

#[tokio::test]
async fn a_password_logs_in_and_a_wrong_one_is_told() {
    let mut client = Client::to_port(serve(Wants::Password).await);
    client.prompt = Answers::secret("sesame");
    client.connect().await.unwrap();
    client.prompt = Answers::secret("mellon");
    let SshError::KeysRefused { tried, methods, .. } = client.refused().await else { panic!() };
    assert_eq!((tried, methods), (vec!["password".to_owned()], vec!["password".to_owned()]));
}

#[tokio::test]
async fn without_a_person_no_password_is_tried() {
    let mut client = Client::to_port(serve(Wants::Password).await);
    client.prompt = Arc::new(Nobody);
    let error = client.refused().await.to_string();
    assert!(error.ends_with("there was no key to offer; it would take password"), "{error}");
}

#[tokio::test]
async fn questions_are_answered_and_an_empty_round_as_well() {
    let mut client = Client::to_port(serve(Wants::Interactive).await);
    let answers = Answers::secret("sesame");
    client.prompt = answers.clone();
    client.connect().await.unwrap();
    assert_eq!(answers.asked(), ["root@127.0.0.1: Password: "]);
    client.prompt = Answers::secret("mellon");
    assert!(matches!(client.refused().await, SshError::KeysRefused { .. }));
}

#[tokio::test]
async fn a_key_that_is_only_half_of_the_login_is_followed_by_the_other_half() {
    let mut client = with_key(Client::to_port(serve(Wants::KeyAndInteractive).await));
    client.prompt = Answers::secret("sesame");
    let session = client.connect().await.unwrap();
    assert_eq!(session.identity(), client.endpoint.identity);
    client.prompt = Answers::secret("mellon");
    let error = client.refused().await.to_string();
    assert!(error.contains("(ssh-ed25519), keyboard-interactive"), "{error}");
}
