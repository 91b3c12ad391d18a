//! Our side: an endpoint with everything a connection needs, built for a test.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use rmachine::{
    env::Env,
    event::{Collected, Event, Events},
    machine::SshEndpoint,
    prompt::{Nobody, Prompt},
    remote::{Document, Exit, Line, Remote, RemoteError, Script},
    retry::Deadline,
    secret::Secret,
    ssh::{Connect, Session, SshError},
};

use crate::servers::Server;

/// Builds connections.
pub struct Client {
    pub endpoint: SshEndpoint,
    pub env: Env,
    pub home: tempfile::TempDir,
    pub prompt: Arc<dyn Prompt>,
    pub pinned: Vec<String>,
    pub sudo_password: Option<Secret>,
    pub patience: Duration,
    pub collected: Arc<Collected>,
}

impl Client {
    /// To a port on loopback, with nothing known.
    pub fn to_port(port: u16) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".ssh")).unwrap();
        Self {
            endpoint: SshEndpoint {
                host: "127.0.0.1".into(),
                port: Some(port),
                user: Some("root".into()),
                identity: None,
                host_keys: Vec::new(),
                fingerprint: None,
                use_ssh_config: true,
            },
            env: Env::for_tests(home.path()),
            home,
            prompt: Arc::new(Nobody),
            pinned: Vec::new(),
            sudo_password: None,
            patience: Duration::from_secs(20),
            collected: Arc::default(),
        }
    }

    /// To a server, with its key.
    pub fn to(server: &Server) -> Self {
        let mut client = Self::to_port(server.port);
        client.endpoint.identity = Some(server.path("key"));
        client
    }

    pub fn identity(mut self, path: impl Into<PathBuf>) -> Self {
        self.endpoint.identity = Some(path.into());
        self
    }

    pub fn config(self, text: &str) -> Self {
        self.home_file("config", text)
    }

    pub fn known_hosts(self, text: &str) -> Self {
        self.home_file("known_hosts", text)
    }

    fn home_file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.home.path().join(".ssh").join(name), text).unwrap();
        self
    }

    pub async fn connect(&self) -> Result<Session, SshError> {
        self.with(Session::connect).await
    }

    pub async fn wait(&self) -> Result<Session, SshError> {
        self.with(Session::wait).await
    }

    async fn with(
        &self,
        login: impl AsyncFn(&SshEndpoint, &Connect<'_>) -> Result<Session, SshError>,
    ) -> Result<Session, SshError> {
        let sink: Arc<Collected> = Arc::clone(&self.collected);
        let events = Events::new(sink);
        let connect = Connect {
            env: &self.env,
            prompt: Arc::clone(&self.prompt),
            events: &events,
            pinned: &self.pinned,
            sudo_password: self.sudo_password.clone(),
            deadline: Deadline::after(self.patience),
        };
        login(&self.endpoint, &connect).await
    }

    /// The error of a connection that must not come about.
    pub async fn refused(&self) -> SshError {
        match self.connect().await {
            Ok(_) => panic!("the connection must not come about"),
            Err(error) => error,
        }
    }

    pub fn notes(&self) -> Vec<String> {
        let events = self.collected.events().into_iter();
        events
            .filter_map(|(_, event)| if let Event::Note(note) = event { Some(note) } else { None })
            .collect()
    }
}

/// What a script said and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub exit: Exit,
    pub lines: Vec<Line>,
}

impl Ran {
    pub fn out(&self) -> Vec<&str> {
        let out = self.lines.iter().filter_map(|line| match line {
            Line::Out(text) => Some(text.as_str()),
            Line::Err(_) => None,
        });
        out.collect()
    }
}

/// Runs a script with a document.
pub async fn run(session: &Session, text: &'static str, document: &Document) -> Result<Ran, RemoteError> {
    run_within(session, text, document, Duration::from_secs(30)).await
}

pub async fn run_within(
    session: &Session,
    text: &'static str,
    document: &Document,
    patience: Duration,
) -> Result<Ran, RemoteError> {
    let mut lines = Vec::new();
    let script = Script { name: "test.sh", text };
    let exit = session.run(script, document, Deadline::after(patience), &mut |line| lines.push(line)).await?;
    Ok(Ran { exit, lines })
}

/// Answers every question of one sort with the same, and remembers the questions; others nobody answers.
pub struct Answers {
    pub secret: Option<&'static str>,
    pub confirm: Option<bool>,
    pub asked: Mutex<Vec<String>>,
}

impl Answers {
    pub fn secret(secret: &'static str) -> Arc<Self> {
        Arc::new(Self { secret: Some(secret), confirm: None, asked: Mutex::default() })
    }

    pub fn confirm(confirm: bool) -> Arc<Self> {
        Arc::new(Self { secret: None, confirm: Some(confirm), asked: Mutex::default() })
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Prompt for Answers {
    fn secret(&self, question: &str) -> Option<Secret> {
        self.asked.lock().unwrap().push(question.to_owned());
        self.secret.map(Secret::new)
    }

    fn confirm(&self, question: &str) -> Option<bool> {
        if self.confirm.is_some() {
            self.asked.lock().unwrap().push(question.to_owned());
        }
        self.confirm
    }
}
