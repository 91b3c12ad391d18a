//! A running plugin that can be asked: its process, its connection, its pulse.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    time::Duration,
};

use serde_json::Value as Json;

use super::{
    connection::{Connection, Fault, Line, Outcome},
    error::PluginError,
    find::Program,
    gob::{GobError, Type, Value},
    lines::Lines,
    process::{Pipe, Process},
    protocol,
    talk::Talk,
};
use crate::{
    env::Env,
    event::{Event, Events},
    retry::Deadline,
};

/// How long a plugin has to say where it listens, and then to answer for the first time: docker-machine's own patience.
pub const START: Duration = Duration::from_secs(10);
/// How often a plugin hears that we live: it ends itself after 10 s without.
const BEAT: Duration = Duration::from_secs(5);
/// The same for plugins of docker-machine 0.5.0, which are less patient.
const OLD_BEAT: Duration = Duration::from_millis(200);
/// How long a plugin may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A plugin that answers.
pub struct Client {
    program: Program,
    process: Arc<Process>,
    connection: Arc<dyn Line>,
    talk: Arc<Talk>,
    service: &'static str,
    is_closed: AtomicBool,
    /// Hangs up when this is dropped, which stops the pulse.
    pulse: Option<mpsc::Sender<()>>,
}

impl Client {
    /// Starts a plugin and waits until it answers. What it says goes to `events`.
    pub fn start(program: &Program, env: &Env, events: &Events) -> Result<Self, PluginError> {
        let deadline = Deadline::after(START);
        let name = program.file_name();
        if program.speaks_in_lines() {
            return Self::start_in_lines(program, env, events, deadline);
        }
        let (process, stdout, stderr) = Process::start(program, env, None)?;
        let process = Arc::new(process);
        let (talk, first_line) = Talk::listen(stdout, stderr, events);
        let line = first_line.recv_timeout(deadline.remaining()).map_err(|error| {
            let how = process.end();
            let (program, last_words) = (name.clone(), talk.last_words());
            match error {
                mpsc::RecvTimeoutError::Timeout => PluginError::Silent { program, after: START, last_words },
                mpsc::RecvTimeoutError::Disconnected => PluginError::Died {
                    program,
                    how: format!("{how} before it said where it listens"),
                    last_words,
                },
            }
        })?;
        // Whatever listens elsewhere is nobody to hand secrets to.
        let address =
            line.trim().parse().ok().filter(|address: &std::net::SocketAddr| address.ip().is_loopback());
        let address = address.ok_or_else(|| PluginError::NoAddress {
            program: name.clone(),
            line: line.chars().take(80).collect(),
        })?;
        let connection = Connection::open(address, deadline).map_err(|reason| PluginError::NoRpc {
            program: name,
            address: address.to_string(),
            reason,
        })?;
        let service = protocol::SERVICES[0];
        let program = program.clone();
        let client =
            Self { program, process, connection, talk, service, is_closed: false.into(), pulse: None };
        let client = client.checked(deadline)?;
        Ok(client.with_pulse())
    }

    /// The same for a program that speaks in lines.
    fn start_in_lines(
        program: &Program,
        env: &Env,
        events: &Events,
        deadline: Deadline,
    ) -> Result<Self, PluginError> {
        let failed = |source| PluginError::Start { program: program.file_name(), source: Arc::new(source) };
        let (pipe, stdin) = Pipe::make().map_err(failed)?;
        let (process, stdout, stderr) = Process::start(program, env, Some(pipe.path()))?;
        let (talk, _no_first_line) = Talk::listen(std::io::empty(), stderr, events);
        let connection = Lines::open(&program.driver, stdin, stdout, Arc::clone(&talk));
        let (process, program) = (Arc::new(process), program.clone());
        let service = protocol::SERVICES[0];
        Self { program, process, connection, talk, service, is_closed: false.into(), pulse: None }
            .checked(deadline)
    }

    /// A state that it says in the middle of its work must be saved.
    pub fn unsaved(&self) -> Option<Json> {
        self.connection.unsaved()
    }

    /// Asks it to end what it is doing, and waits for that for a while.
    pub fn cancel(&self, grace: Duration) {
        self.connection.cancel(grace);
    }

    /// The version is ours; finds out under which name the service answers.
    fn checked(mut self, deadline: Deadline) -> Result<Self, PluginError> {
        let mut version = self.ask("GetVersion", deadline);
        if matches!(version, Err(PluginError::Refused { .. })) {
            self.service = protocol::SERVICES[1];
            version = self.ask("GetVersion", deadline);
        }
        match version?.int() {
            Some(protocol::VERSION) => Ok(self),
            Some(version) => Err(PluginError::Version { program: self.name(), version }),
            None => Err(self.unexpected("GetVersion", "a number")),
        }
    }

    fn with_pulse(mut self) -> Self {
        let (pulse, stop) = mpsc::channel::<()>();
        let every = if self.service == protocol::SERVICES[0] { BEAT } else { OLD_BEAT };
        let (connection, method) = (Arc::clone(&self.connection), format!("{}.Heartbeat", self.service));
        std::thread::spawn(move || {
            while stop.recv_timeout(every) == Err(mpsc::RecvTimeoutError::Timeout) && !connection.is_over() {
                connection.call(&method, &Value::EMPTY, protocol::NOTHING, Box::new(drop));
            }
        });
        self.pulse = Some(pulse);
        self
    }

    /// From now on these hear what it says.
    pub fn tells(&self, events: &Events) {
        self.talk.tells(events);
    }

    /// Whether it can still be asked.
    pub fn is_alive(&self) -> bool {
        !self.connection.is_over()
    }

    /// Asks for something that takes no argument, and blocks until it is answered.
    pub fn ask(&self, method: &str, deadline: Deadline) -> Result<Value, PluginError> {
        self.ask_with(method, &Value::EMPTY, protocol::NOTHING, deadline)
    }

    /// Asks, and blocks until it is answered.
    pub fn ask_with(
        &self,
        method: &str,
        argument: &Value,
        of: Type,
        deadline: Deadline,
    ) -> Result<Value, PluginError> {
        let (send, answer) = mpsc::channel();
        // Nobody listens any more when it is late.
        self.call(method, argument, of, move |outcome| drop(send.send(outcome)));
        match answer.recv_timeout(deadline.remaining()) {
            Ok(outcome) => self.answered(method, outcome),
            Err(_) => Err(self.late(method, deadline)),
        }
    }

    /// Asks for something that takes no argument and perhaps long.
    pub async fn await_answer(
        self: &Arc<Self>,
        method: &str,
        deadline: Deadline,
    ) -> Result<Value, PluginError> {
        self.await_with(method, &Value::EMPTY, protocol::NOTHING, deadline).await
    }

    /// Asks for something that may take long.
    pub async fn await_with(
        self: &Arc<Self>,
        method: &str,
        argument: &Value,
        of: Type,
        deadline: Deadline,
    ) -> Result<Value, PluginError> {
        let (send, answer) = tokio::sync::oneshot::channel();
        self.call(method, argument, of, move |outcome| drop(send.send(outcome)));
        let Ok(outcome) = deadline.bound(method, answer).await else {
            return Err(self.late(method, deadline));
        };
        let outcome = outcome.unwrap_or_else(|_| Err(Fault::Over(Arc::new(GobError::Ended))));
        if matches!(outcome, Err(Fault::Over(_) | Fault::Nonsense(_))) {
            // How it ended takes a moment to find out.
            let (client, method) = (Arc::clone(self), method.to_owned());
            let told = tokio::task::spawn_blocking(move || client.answered(&method, outcome)).await;
            return told.unwrap_or_else(|_| Err(self.unexpected("it", "an end")));
        }
        self.answered(method, outcome)
    }

    fn call(&self, method: &str, argument: &Value, of: Type, answer: impl FnOnce(Outcome) + Send + 'static) {
        tracing::debug!(program = %self.name(), method, "asking");
        self.connection.call(&format!("{}.{method}", self.service), argument, of, Box::new(answer));
    }

    fn answered(&self, method: &str, outcome: Outcome) -> Result<Value, PluginError> {
        match outcome {
            Ok(value) => Ok(value),
            Err(Fault::Refused(text)) => {
                let mut lines = text.trim().lines().map(str::trim_end);
                let message = lines.next().unwrap_or_default().to_owned();
                // A panic brings its stack.
                lines.for_each(|line| self.talk.tell(Event::Output(line.to_owned())));
                Err(PluginError::Refused { message })
            }
            Err(Fault::Over(error)) => Err(self.gone(method, error)),
            Err(Fault::Nonsense(what)) => {
                self.process.end();
                Err(PluginError::Nonsense { program: self.name(), what })
            }
        }
    }

    fn gone(&self, method: &str, error: Arc<GobError>) -> PluginError {
        let how = self.process.end();
        match *error {
            GobError::Ended | GobError::Io(_) => PluginError::Died {
                program: self.name(),
                how: format!("{how} during {}", self.connection.word(method)),
                last_words: self.talk.last_words(),
            },
            _ => PluginError::Garbled { program: self.name(), source: error },
        }
    }

    fn late(&self, method: &str, deadline: Deadline) -> PluginError {
        let method = self.connection.word(method);
        PluginError::Late { program: self.name(), method, after: deadline.total() }
    }

    /// What is said when an answer is of the wrong kind.
    pub fn unexpected(&self, method: &str, expected: &'static str) -> PluginError {
        PluginError::Answer { program: self.name(), method: self.connection.word(method), expected }
    }

    fn name(&self) -> String {
        self.program.file_name()
    }

    /// Begins to say goodbye. Gives what tells that it was heard: the answer and the end are both good.
    pub fn say_goodbye(&self) -> mpsc::Receiver<()> {
        let (send, heard) = mpsc::channel();
        if !self.is_closed.swap(true, Ordering::Relaxed) && self.is_alive() {
            self.call("Close", &Value::EMPTY, protocol::NOTHING, move |_| drop(send));
        }
        heard
    }

    /// Says goodbye, waits a moment for the plugin to end by itself, and ends it.
    pub fn close(&self) {
        let _ = self.say_goodbye().recv_timeout(GOODBYE);
        self.end();
    }

    /// Ends it whatever it does.
    pub fn end(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        // The thread that beats ends with the connection.
        self.connection.hang_up();
        self.process.end();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if self.is_closed.load(Ordering::Relaxed) {
            self.end();
        } else {
            self.close();
        }
    }
}
