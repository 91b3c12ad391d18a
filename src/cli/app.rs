//! What every command works with: the printer, the store, and ways to make a world for the verbs.

use std::sync::{Arc, OnceLock};

use super::{
    ask::Terminal,
    classic::{habits::Habit, narrator::Narrator},
    error::CliError,
    globals::Globals,
    progress::Progress,
    runtime,
    ui::{Manners, Ui},
};
use crate::{
    contexts::Contexts,
    drivers::Drivers,
    env::{Env, Voice},
    event::{Events, Sink},
    machine::MachineName,
    ops::{World, archives::Archives, create::AuthorityPaths},
    prompt::{Nobody, Prompt},
    secret::Secret,
    store::Store,
};

/// What every command works with.
pub struct App {
    /// The process's surroundings.
    pub env: Env,
    /// The printer.
    pub ui: Arc<Ui>,
    globals: Globals,
    terminal: Arc<Terminal>,
    docker_host: OnceLock<Option<String>>,
}

impl App {
    /// For one command line.
    pub fn new(env: &Env, globals: Globals, stdout_is_data: bool) -> Self {
        let manners = Manners { quiet: globals.quiet, debug: globals.debug, stdout_is_data };
        let ui = Arc::new(Ui::new(env, manners));
        let terminal = Arc::new(Terminal::new(env, Arc::clone(&ui)));
        Self { env: env.clone(), ui, globals, terminal, docker_host: OnceLock::new() }
    }

    /// Whose manners we have.
    pub fn voice(&self) -> Voice {
        self.ui.voice()
    }

    /// Whether we have this habit, which is docker-machine's.
    pub fn has(&self, _habit: Habit) -> bool {
        self.voice() == Voice::DockerMachine
    }

    /// The name we were called by, for things to type.
    pub fn program(&self) -> &str {
        self.env.program()
    }

    /// The URL that docker goes to: `DOCKER_HOST`, else that of its context; docker-machine knew of no contexts.
    pub fn docker_host(&self) -> Option<&str> {
        let of_context =
            || Contexts::locate(&self.env).ok()?.target(&self.env).filter(|_| !self.has(Habit::NoContexts));
        let host = || self.env.var("DOCKER_HOST").map(str::to_owned).or_else(of_context);
        self.docker_host.get_or_init(host).as_deref()
    }

    /// The store.
    pub fn store(&self) -> Result<Store, CliError> {
        Ok(Store::locate(&self.env, self.globals.storage_path.as_deref())?)
    }

    /// All drivers that there are.
    pub fn drivers(&self) -> Drivers {
        Drivers::new(&self.env, self.store().ok().map(|store| store.root().to_owned()))
    }

    /// `--tls-ca-cert` and its kin.
    pub fn authority(&self) -> AuthorityPaths {
        let Globals { tls_ca_cert, tls_ca_key, tls_client_cert, tls_client_key, .. } = self.globals.clone();
        AuthorityPaths {
            ca_certificate: tls_ca_cert,
            ca_key: tls_ca_key,
            client_certificate: tls_client_cert,
            client_key: tls_client_key,
        }
    }

    /// A world without progress, for looking.
    pub fn quiet_world(&self) -> Result<World, CliError> {
        self.world_with(&[], None, "")
    }

    /// A world for a verb on these machines, one progress row each. Others who wait for our locks are told the verb.
    pub fn world(&self, verb: &'static str, names: &[MachineName]) -> Result<World, CliError> {
        self.world_with(names, None, verb)
    }

    /// The same, with sudo's password.
    pub fn world_with(
        &self,
        names: &[MachineName],
        sudo_password: Option<Secret>,
        verb: &'static str,
    ) -> Result<World, CliError> {
        Ok(World {
            env: self.env.clone(),
            store: self.store()?.acting(verb),
            events: Events::new(self.teller(names)),
            prompt: self.prompt(),
            sudo_password,
            archives: Archives::default(),
        })
    }

    /// Who tells the user what happens.
    fn teller(&self, names: &[MachineName]) -> Arc<dyn Sink> {
        match self.voice() {
            Voice::Rmachine => Arc::new(Progress::new(Arc::clone(&self.ui), names)),
            Voice::DockerMachine => Arc::new(Narrator::new(Arc::clone(&self.ui))),
        }
    }

    /// Who to ask: docker-machine asked nothing beyond what its commands say.
    fn prompt(&self) -> Arc<dyn Prompt> {
        match self.voice() {
            Voice::Rmachine => Arc::clone(&self.terminal) as Arc<dyn Prompt>,
            Voice::DockerMachine => Arc::new(Nobody),
        }
    }

    /// The terminal itself, for a command's own questions.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Waits for work that needs the network or other programs; SIGINT ends it.
    pub fn wait<T, F>(&self, work: F) -> Result<T, CliError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, CliError>> + Send + 'static,
    {
        runtime::wait(&self.ui, &self.terminal, work)
    }
}
