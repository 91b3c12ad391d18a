//! What happens while an operation runs, as values: `ops` emits, the command line shows, tests collect.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use crate::machine::MachineName;

/// A stretch of a verb's work that begins, or ended. Our own voice tells steps; docker-machine's tells these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A CA is made, with this certificate.
    MakingAuthority(PathBuf),
    /// A client certificate is made.
    MakingClient(PathBuf),
    /// The driver's checks.
    Checks,
    /// The driver makes the host, or adopts it.
    MakingHost,
    /// The driver is done; the host is waited for until it runs.
    HostMade,
    /// The host runs; what it is will be found out.
    HostRuns,
    /// The first login is waited for.
    AwaitingLogin,
    /// The host is looked at.
    Looking,
    /// It is known what the host is: the `ID` of its os-release.
    Provisioning(String),
    /// The engine is going to be installed.
    Installing,
    /// Another engine is going to take the place of the one that is there.
    Upgrading,
    /// The new engine takes over.
    RestartingEngine,
    /// The machine's certificates are there.
    CertificatesMade,
    /// Certificates and settings are put in place on the host.
    Writing,
    /// The engine is asked the way clients will ask it.
    Checking,
    /// It answers.
    Answering,
    /// The driver acts on the host; until the next phase steps are its own.
    DriverActs,
    /// The host is going to be started.
    Starting,
    /// The host is down and going to be started, so that its engine can be upgraded.
    StartingToUpgrade,
    /// The host was started; its engine is waited for.
    Started,
    /// The host is going to be stopped.
    Stopping,
    /// The host is down.
    Stopped,
    /// The host is going to be restarted.
    Restarting,
    /// The host was restarted; its engine is waited for.
    Restarted,
    /// The host is going to lose its power.
    Killing,
    /// The host is without power.
    Killed,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A stretch of work began or ended.
    Phase(Phase),
    /// A step began. The text is a lower-case fragment, such as `installing the engine`.
    Step(String),
    /// Something is being waited for, at most this long.
    Waiting {
        /// What for, such as `the package lock held by apt-get (pid 312)`.
        what: String,
        /// The most it may take.
        at_most: Duration,
    },
    /// A line of output of the running step (kept, shown with -D or when the step fails).
    Output(String),
    /// A line that a driver's own program says to the user.
    Told(String),
    /// Something the user should know whatever the verbosity.
    Note(String),
    /// The machine's work ended well; the text says with what.
    Done(String),
    /// The machine's work failed; the text is the headline of the error.
    Failed(String),
}

/// Takes events; called from many tasks at once.
pub trait Sink: Send + Sync {
    /// Takes one event of one machine, or of no machine in particular.
    fn emit(&self, machine: Option<&MachineName>, event: Event);
}

/// A sink with the machine it is about, cheap to clone and to hand down.
#[derive(Clone)]
pub struct Events {
    sink: Arc<dyn Sink>,
    machine: Option<MachineName>,
}

impl Events {
    /// Events of no machine in particular.
    pub fn new(sink: Arc<dyn Sink>) -> Self {
        Self { sink, machine: None }
    }

    /// Events that nobody looks at.
    pub fn silent() -> Self {
        Self::new(Arc::new(Silent))
    }

    /// The same sink, for one machine.
    #[must_use]
    pub fn of(&self, machine: &MachineName) -> Self {
        Self { sink: Arc::clone(&self.sink), machine: Some(machine.clone()) }
    }

    /// The same sink, with somebody who looks at each event before it is passed on.
    #[must_use]
    pub fn watched(&self, watch: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        let sink = Watched { next: Arc::clone(&self.sink), watch };
        Self { sink: Arc::new(sink), machine: self.machine.clone() }
    }

    /// Emits any event.
    pub fn emit(&self, event: Event) {
        self.sink.emit(self.machine.as_ref(), event);
    }

    /// A stretch of work began or ended.
    pub fn phase(&self, phase: Phase) {
        self.emit(Event::Phase(phase));
    }

    /// A step began.
    pub fn step(&self, text: impl Into<String>) {
        self.emit(Event::Step(text.into()));
    }

    /// Something is being waited for.
    pub fn waiting(&self, what: impl Into<String>, at_most: Duration) {
        self.emit(Event::Waiting { what: what.into(), at_most });
    }

    /// A line of output of the running step.
    pub fn output(&self, line: impl Into<String>) {
        self.emit(Event::Output(line.into()));
    }

    /// Something the user should know.
    pub fn note(&self, text: impl Into<String>) {
        self.emit(Event::Note(text.into()));
    }
}

struct Watched<F> {
    next: Arc<dyn Sink>,
    watch: F,
}

impl<F: Fn(&Event) + Send + Sync> Sink for Watched<F> {
    fn emit(&self, machine: Option<&MachineName>, event: Event) {
        (self.watch)(&event);
        self.next.emit(machine, event);
    }
}

struct Silent;

impl Sink for Silent {
    fn emit(&self, _machine: Option<&MachineName>, _event: Event) {}
}

/// A sink that keeps what it gets, for tests and for JSON results.
#[derive(Default)]
pub struct Collected(Mutex<Vec<(Option<MachineName>, Event)>>);

impl Collected {
    /// What came so far.
    ///
    /// # Panics
    /// When a thread panicked while it emitted.
    pub fn events(&self) -> Vec<(Option<MachineName>, Event)> {
        self.0.lock().expect("no emitter panics").clone()
    }
}

impl Sink for Collected {
    fn emit(&self, machine: Option<&MachineName>, event: Event) {
        self.0.lock().expect("no emitter panics").push((machine.cloned(), event));
    }
}
