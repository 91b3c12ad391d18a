//! The commands: one file each, with what it takes and what it does.

pub mod active;
pub mod config;
pub mod create;
pub mod driver;
pub mod engine;
pub mod env;
pub mod exec;
pub mod export;
pub mod import;
pub mod inspect;
pub mod install_links;
pub mod ip;
pub mod kill;
pub mod ls;
pub mod mount;
pub mod provision;
pub mod regenerate_certs;
pub mod release;
pub mod restart;
pub mod rm;
pub mod scp;
pub mod ssh;
pub mod start;
pub mod status;
pub mod stop;
pub mod store;
pub mod swarm;
pub mod trust;
pub mod upgrade;
pub mod url;
pub mod use_;
pub mod version;
pub mod wait;

use super::{app::App, error::Outcome};

/// What to do.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Print the machine that docker goes to, by DOCKER_HOST or its context
    Active(active::Args),
    /// Print the docker client's options for a machine
    Config(config::Args),
    /// Create a machine: make or adopt a host and its engine
    Create(Box<create::Args>),
    /// List drivers and plugins, and their flags
    Driver(driver::Args),
    /// Show, set and check the options of engines
    Engine(engine::Args),
    /// Print the variables that point the docker client at a machine
    Env(env::Args),
    /// Run a command on many hosts at once
    Exec(exec::Args),
    /// Pack machines with keys and certificates into a file for a colleague
    Export(export::Args),
    /// Take machines in out of a file that was exported
    Import(import::Args),
    /// Print everything that is stored about a machine
    Inspect(inspect::Args),
    /// Answer to `docker-machine` and `docker machine`, too
    InstallLinks(install_links::Args),
    /// Print addresses of machines
    Ip(ip::Args),
    /// Take the power away from hosts
    Kill(kill::Args),
    /// List machines
    Ls(ls::Args),
    /// Bring engines to what was asked for at create, changing only what differs
    Provision(provision::Args),
    /// Renew certificates of engines and of the client, while containers go on
    RegenerateCerts(regenerate_certs::Args),
    /// Put adopted hosts back as they were and forget the machines
    Release(release::Args),
    /// Restart hosts
    Restart(restart::Args),
    /// Remove machines, with the hosts that were made for them
    Rm(rm::Args),
    /// Log in to a host, or run a command on it
    Ssh(ssh::Args),
    /// Copy files to, from or between hosts
    Scp(scp::Args),
    /// Mount a folder of a host here
    Mount(mount::Args),
    /// Start hosts
    Start(start::Args),
    /// Print what a host is doing
    Status(status::Args),
    /// Stop hosts
    Stop(stop::Args),
    /// Check the store, and mend what is broken
    Store(store::Args),
    /// Make machines into a swarm and keep it healthy
    Swarm(swarm::Args),
    /// Pin the host key that a host shows now, after it was made anew
    Trust(trust::Args),
    /// Upgrade engines, and keep the way back
    Upgrade(upgrade::Args),
    /// Print URLs of engines
    Url(url::Args),
    /// Make a machine or a swarm docker's current context
    Use(use_::Args),
    /// Print the version of this program, or of a machine's engine
    Version(version::Args),
    /// Wait until hosts run, engines answer, or machines are gone
    Wait(wait::Args),
}

impl Command {
    /// Does it.
    pub fn run(&self, app: &App) -> Outcome {
        match self {
            Self::Active(args) => active::run(app, args),
            Self::Config(args) => config::run(app, args),
            Self::Create(args) => create::run(app, args),
            Self::Driver(args) => driver::run(app, args),
            Self::Engine(args) => engine::run(app, args),
            Self::Env(args) => env::run(app, args),
            Self::Exec(args) => exec::run(app, args),
            Self::Export(args) => export::run(app, args),
            Self::Import(args) => import::run(app, args),
            Self::Inspect(args) => inspect::run(app, args),
            Self::InstallLinks(args) => install_links::run(app, args),
            Self::Ip(args) => ip::run(app, args),
            Self::Kill(args) => kill::run(app, args),
            Self::Ls(args) => ls::run(app, args),
            Self::Provision(args) => provision::run(app, args),
            Self::RegenerateCerts(args) => regenerate_certs::run(app, args),
            Self::Release(args) => release::run(app, args),
            Self::Restart(args) => restart::run(app, args),
            Self::Rm(args) => rm::run(app, args),
            Self::Ssh(args) => ssh::run(app, args),
            Self::Scp(args) => scp::run(app, args),
            Self::Mount(args) => mount::run(app, args),
            Self::Start(args) => start::run(app, args),
            Self::Status(args) => status::run(app, args),
            Self::Stop(args) => stop::run(app, args),
            Self::Store(args) => store::run(app, args),
            Self::Swarm(args) => swarm::run(app, args),
            Self::Trust(args) => trust::run(app, args),
            Self::Upgrade(args) => upgrade::run(app, args),
            Self::Url(args) => url::run(app, args),
            Self::Use(args) => use_::run(app, args),
            Self::Version(args) => version::run(app, args),
            Self::Wait(args) => wait::run(app, args),
        }
    }

    /// Whether it is about this program alone, so that no default of a flag matters.
    pub fn needs_no_settings(&self) -> bool {
        matches!(self, Self::Version(args) if args.is_about_us())
    }

    /// The options of the command that makes machines, where it is one.
    pub fn created(&mut self) -> Option<&mut create::Args> {
        match self {
            Self::Create(args) => Some(args),
            Self::Swarm(args) => args.created(),
            _ => None,
        }
    }

    /// Whether stdout is for a shell to evaluate.
    pub fn stdout_is_data(&self) -> bool {
        matches!(self, Self::Env(_) | Self::Config(_))
    }
}
