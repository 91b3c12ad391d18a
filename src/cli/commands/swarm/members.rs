//! Who takes part, and at which addresses: what `swarm create` and `swarm add` share.

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        table,
    },
    machine::MachineName,
    ops::{
        OpsError, World,
        swarm::{
            SwarmError,
            create::{Report, Request, plan},
        },
    },
    retry::seconds,
    swarm::{
        addresses::{Wish, Wishes},
        discovery::Source,
        topology::{self, Asked, Origin, Part},
    },
};

/// Who takes part.
#[derive(clap::Args)]
#[group(skip)]
pub struct MembersArgs {
    /// Managers: a number of new machines, names of machines that exist, or both (3; n1,n2,n3; n1,2)
    #[arg(long, value_name = "N|NAMES")]
    managers: Option<String>,

    /// Workers, likewise
    #[arg(long, value_name = "N|NAMES")]
    workers: Option<String>,

    /// Adopt these hosts, the first ones as managers: `nodes://10.0.0.[10:20],host` or `file://PATH`
    #[arg(long, value_name = "LIST")]
    hosts: Option<String>,

    /// Accept an even number of managers
    #[arg(long)]
    force: bool,
}

impl MembersArgs {
    /// What they ask for.
    pub fn asked(&self, app: &App) -> Result<Asked, CliError> {
        let parts = |text: &Option<String>| {
            topology::parts(text.as_deref().unwrap_or_default()).map_err(CliError::from)
        };
        let hosts = match &self.hosts {
            None => Vec::new(),
            Some(list) => {
                let source: Source = list.parse().map_err(of_swarm)?;
                source.hosts(&app.env.cwd).map_err(of_swarm)?
            }
        };
        let asked = Asked {
            managers: parts(&self.managers)?,
            workers: parts(&self.workers)?,
            hosts,
            force: self.force,
        };
        unambiguous(app, &asked)?;
        Ok(asked)
    }
}

/// A machine may be called 3; then nobody can know what was meant.
fn unambiguous(app: &App, asked: &Asked) -> Result<(), CliError> {
    let store = app.store()?;
    for part in asked.managers.iter().chain(&asked.workers) {
        if let Part::New(count) = part
            && count.to_string().parse().is_ok_and(|name: MachineName| store.exists(&name))
        {
            return Err(CliError::usage(
                format!("{count} may mean so many new machines, or the machine called {count}"),
                "give that machine another name, or make the new ones first and name them",
            ));
        }
    }
    Ok(())
}

/// Which addresses to use.
#[derive(clap::Args)]
#[group(skip)]
pub struct AddressArgs {
    /// Let the others dial this address: an interface, a network such as 10.0.0.0/8, or NAME=ADDRESS for one machine
    #[arg(long, value_name = "WISH")]
    advertise: Vec<Wish>,

    /// Let managers listen on this address, said in the same forms (default: the one that is dialled)
    #[arg(long, value_name = "WISH")]
    listen: Vec<Wish>,

    /// Let overlay traffic use this address, said in the same forms (default: the one that is dialled)
    #[arg(long, value_name = "WISH")]
    data_path: Vec<Wish>,
}

impl AddressArgs {
    /// What they wish for.
    pub fn wishes(&self) -> Wishes {
        let Self { advertise, listen, data_path } = self;
        Wishes { advertise: advertise.clone(), listen: listen.clone(), data_path: data_path.clone() }
    }
}

/// An error of the rules of swarms.
pub fn of_swarm(error: impl Into<SwarmError>) -> CliError {
    OpsError::from(error.into()).into()
}

/// Who would take part, once everything was looked at that can be before a host is touched.
pub fn show_plan(app: &App, world: World, request: Request) -> Outcome {
    let nodes = app.wait(async move { Ok(plan(&world, &request).await?) })?;
    for node in nodes {
        let origin = match (&node.id, &node.origin) {
            (Some(_), _) => "a node already".to_owned(),
            (None, Origin::Existing) => "a machine that exists".to_owned(),
            (None, Origin::New) => "a new machine".to_owned(),
            (None, Origin::Listed { address, .. }) => format!("a new machine at {address}"),
        };
        app.ui.data(format_args!("{}: {origin}, {}", node.machine, node.role));
    }
    Ok(code::DONE)
}

/// Says what came of it: every host that is not in, and how to go on.
pub fn tell(app: &App, name: &MachineName, report: Report) -> Outcome {
    let Report { cluster, table: lines, results, changed, took } = report;
    if !lines.is_empty() && app.ui.manners().debug {
        let mut rows = vec![["FROM", "TO", "PORT", "OUTCOME"].map(str::to_owned)];
        rows.extend(lines.iter().map(|line| {
            [line.from.to_string(), line.to.to_string(), line.port.to_string(), line.outcome.to_string()]
        }));
        app.ui.note(table::aligned(&rows).trim_end());
    } else if !lines.is_empty() {
        app.ui.say(format_args!("the hosts reach each other: {} ways tried", lines.len()));
    }
    let all = results.len();
    let failures: Vec<(MachineName, CliError)> =
        results.into_iter().filter_map(|(machine, outcome)| Some((machine, outcome.err()?.into()))).collect();
    if failures.is_empty() {
        let how = if changed {
            format!("formed in {}", seconds(took))
        } else {
            "already as it should be".to_owned()
        };
        app.ui.say(format_args!("swarm {name} ({cluster}) {how}"));
        app.ui.say(format_args!("point docker at it: eval \"$({} env --swarm {name})\"", app.program()));
        return Ok(code::DONE);
    }
    let failed = failures.len();
    app.ui.note(format_args!(
        "{} of {all} hosts are in swarm {name}; to go on: {} swarm create {name}",
        all - failed,
        app.program()
    ));
    Err(CliError::Machines { failures, done: all - failed })
}
