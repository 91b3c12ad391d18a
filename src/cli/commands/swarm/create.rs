//! `swarm create`: from names, numbers or a list of hosts to a healthy swarm.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{
    members::{AddressArgs, MembersArgs, of_swarm, show_plan, tell},
    rm,
};
use crate::{
    cli::{
        app::App,
        commands::create,
        error::{CliError, Outcome},
    },
    machine::MachineName,
    ops::swarm::create::{Request, create as form},
    swarm::{
        record::Settings,
        topology::{self, Asked},
    },
};

/// Options of `swarm create`. New machines are made as `create` makes them, with its options.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    members: MembersArgs,

    #[command(flatten)]
    addresses: AddressArgs,

    #[command(flatten)]
    settings: SettingsArgs,

    /// Place tasks by this strategy; the engine's own is spread
    #[arg(long, value_name = "STRATEGY")]
    strategy: Option<String>,

    /// Take back what an unfinished create of this swarm did, with the machines it made
    #[arg(long, conflicts_with_all = ["managers", "workers", "hosts"])]
    rollback: bool,

    #[command(flatten)]
    pub create: create::Args,
}

/// What the swarm is to be like.
#[derive(clap::Args)]
#[group(skip)]
struct SettingsArgs {
    /// Let overlay traffic use this UDP port
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1024..=49151))]
    data_path_port: Option<u16>,

    /// Give overlay networks subnets of this network
    #[arg(long, value_name = "NETWORK")]
    address_pool: Vec<IpNet>,

    /// Make those subnets this large, as a prefix length (default: 24)
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u32).range(1..=29))]
    subnet_size: Option<u32>,

    /// Let managers start locked; the key is kept in the store
    #[arg(long)]
    autolock: bool,

    /// Give managers no tasks
    #[arg(long)]
    drain_managers: bool,

    /// Encrypt overlay networks unless they say otherwise (engines from 24.0 on, and kernels with ESP)
    #[arg(long)]
    encrypt: bool,

    /// Give every node this label, KEY=VALUE
    #[arg(long = "node-label", value_name = "LABEL")]
    node_labels: Vec<String>,
}

/// Forms it, or goes on forming it.
pub fn run(app: &App, args: &Args) -> Outcome {
    let name = args.create.only_name(app, "swarm create")?;
    if args.rollback {
        return rm::roll_back(app, &name);
    }
    if let Some(strategy) = &args.strategy {
        answer_strategy(app, strategy)?;
    }
    let request = Request {
        name: name.clone(),
        asked: args.members.asked(app)?,
        settings: args.settings.read()?,
        wishes: args.addresses.wishes(),
        template: args.create.template(app, &name)?,
        context: args.create.context(app),
        is_added: false,
    };
    let names = members(app, &request)?;
    let world = app.world_with(&names, args.create.sudo(app)?, "swarm create")?;
    if args.create.is_dry_run() {
        return show_plan(app, world, request);
    }
    let report = app.wait(async move { Ok(form(&world, request).await?) })?;
    tell(app, &name, report)
}

impl SettingsArgs {
    fn read(&self) -> Result<Settings, CliError> {
        Ok(Settings {
            data_path_port: self.data_path_port.unwrap_or_default(),
            pools: self.address_pool.clone(),
            subnet_size: self.subnet_size.unwrap_or_default(),
            autolock: self.autolock,
            drain_managers: self.drain_managers,
            encrypt: self.encrypt,
            labels: labels(&self.node_labels)?,
        })
    }
}

/// Labels as typed.
pub fn labels(typed: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let label = |label: &String| match label.split_once('=').filter(|(key, _)| !key.is_empty()) {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => {
            Err(CliError::usage(format!("{label:?} is no label"), "a label is KEY=VALUE, such as zone=east"))
        }
    };
    typed.iter().map(label).collect()
}

/// Classic swarm had three strategies; swarm mode has the first.
fn answer_strategy(app: &App, strategy: &str) -> Result<(), CliError> {
    match strategy {
        "spread" => {}
        "binpack" => app.ui.note(
            "swarm mode only spreads; nearest to binpack: reserve what a task needs (--reserve-memory, --reserve-cpu), keep nodes free with \
             --constraint node.labels.KEY==VALUE, or drain the emptiest node",
        ),
        "random" => app.ui.note("swarm mode spreads evenly, which random only came close to"),
        other => {
            return Err(CliError::usage(
                format!("there is no strategy {other:?}"),
                "spread is the engine's own; binpack and random are answered with what comes nearest",
            ));
        }
    }
    Ok(())
}

/// The machines that get a progress row: those asked for, else those recorded.
fn members(app: &App, request: &Request) -> Result<Vec<MachineName>, CliError> {
    let members = if request.asked == Asked::default() {
        let record = app.quiet_world()?.swarm_if_there(&request.name)?;
        record.map(|record| record.members()).unwrap_or_default()
    } else {
        topology::members(&request.name, &request.asked).map_err(of_swarm)?
    };
    Ok(members.into_iter().map(|member| member.machine).collect())
}
