//! `swarm`: sets of machines as swarms of the engine's own swarm mode.

mod add;
mod autolock;
mod change;
mod create;
mod deploy;
mod graph;
mod label;
mod ls;
mod members;
mod ps;
mod rm;
mod rm_node;
mod rotate;
mod status;
mod unlock;

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome},
    },
    engine::api::swarm::{Availability, Role},
    machine::MachineName,
    ops::swarm::change::Change,
};

/// Options of `swarm`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

impl Args {
    /// The options of the command that makes machines, where it is one.
    pub fn created(&mut self) -> Option<&mut super::create::Args> {
        match &mut self.command {
            Command::Create(args) => Some(&mut args.create),
            Command::Add(args) => Some(&mut args.create),
            _ => None,
        }
    }
}

/// What to do with swarms.
#[derive(clap::Subcommand)]
enum Command {
    /// Make a swarm of new machines, of machines that exist, or of a list of hosts; run again, it goes on where it ended
    Create(Box<create::Args>),
    /// Add new machines, machines that exist, or a list of hosts
    Add(Box<add::Args>),
    /// List swarms
    Ls(ls::Args),
    /// Show a swarm's nodes and its quorum; exits with 4 when a node is not as it should be, with 1 when nobody can say
    Status(status::Args),
    /// Show what runs on which node
    Ps(ps::Args),
    /// Draw nodes, roles and tasks as an SVG picture
    Graph(graph::Args),
    /// Deploy a stack of a compose file through a manager that answers, with docker's own client
    Deploy(deploy::Args),
    /// Make workers into managers
    Promote(change::Args),
    /// Make managers into workers
    Demote(change::Args),
    /// Let nodes get tasks again
    Activate(change::Args),
    /// Let nodes keep their tasks and get no new ones
    Pause(change::Args),
    /// Move the tasks of nodes away
    Drain(change::Args),
    /// Set and remove labels of nodes
    Label(label::Args),
    /// Take nodes out: their tasks move first
    RmNode(rm_node::Args),
    /// Make join tokens anew
    RotateTokens(rotate::TokensArgs),
    /// Replace the swarm's own CA and the certificates of all nodes
    RotateCa(rotate::CaArgs),
    /// Let managers start locked, or unlocked
    Autolock(autolock::Args),
    /// Unlock all locked managers with the key of the store
    Unlock(unlock::Args),
    /// End a swarm
    Rm(rm::Args),
}

/// Does it.
pub fn run(app: &App, args: &Args) -> Outcome {
    let availability = |args, to| change::run(app, args, Change::Availability(to));
    match &args.command {
        Command::Create(args) => create::run(app, args),
        Command::Add(args) => add::run(app, args),
        Command::Ls(args) => ls::run(app, args),
        Command::Status(args) => status::run(app, args),
        Command::Ps(args) => ps::run(app, args),
        Command::Graph(args) => graph::run(app, args),
        Command::Deploy(args) => deploy::run(app, args),
        Command::Promote(args) => change::run(app, args, Change::Role(Role::Manager)),
        Command::Demote(args) => change::run(app, args, Change::Role(Role::Worker)),
        Command::Activate(args) => availability(args, Availability::Active),
        Command::Pause(args) => availability(args, Availability::Pause),
        Command::Drain(args) => availability(args, Availability::Drain),
        Command::Label(args) => label::run(app, args),
        Command::RmNode(args) => rm_node::run(app, args),
        Command::RotateTokens(args) => rotate::tokens(app, args),
        Command::RotateCa(args) => rotate::ca(app, args),
        Command::Autolock(args) => autolock::run(app, args),
        Command::Unlock(args) => unlock::run(app, args),
        Command::Rm(args) => rm::run(app, args),
    }
}

/// A swarm by its name as typed.
fn named(app: &App, typed: &str) -> Result<MachineName, CliError> {
    let name: MachineName = typed.parse()?;
    let store = app.store()?;
    if store.has_swarm(&name) { Ok(name) } else { Err(store.no_swarm(name.as_str()).into()) }
}

/// Members by their names as typed.
fn machines(typed: &[String]) -> Result<Vec<MachineName>, CliError> {
    typed.iter().map(|name| Ok(name.parse()?)).collect()
}
