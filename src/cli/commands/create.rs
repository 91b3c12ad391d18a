//! `create`: from names and wishes to working machines.

mod engine;
mod option_flags;
mod swarm;

use std::time::Duration;

use crate::{
    cli::{
        app::App,
        classic::habits::{Habit, goodbye},
        error::{CliError, Outcome, classic::CREATING},
        many,
        sudo::SudoArgs,
    },
    contexts::Wish,
    driver::Flags,
    event::Event,
    machine::MachineName,
    ops::{
        World,
        create::{Certificates, Outcome as Made, Request, create},
        provision::May,
        ssh_config,
    },
    retry::seconds,
};

/// How long a create may take when nobody says: images and packages come over slow lines too.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// Options of `create` that every driver shares.
#[derive(clap::Args)]
#[group(skip)]
pub struct Args {
    /// Names of the new machines
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Make or adopt the host with this driver
    #[arg(long, short)]
    driver: Option<String>,

    /// The driver and its flags, found beside clap's derive
    #[arg(skip)]
    pub chosen: Option<Chosen>,

    #[command(flatten)]
    engine: engine::EngineArgs,

    /// Add this name or address to the server certificate
    #[arg(long, value_name = "NAME")]
    tls_san: Vec<String>,

    /// Give the host this name (default: a new host takes the machine's, an adopted one keeps its own)
    #[arg(long)]
    hostname: Option<MachineName>,

    /// Make no context of that name for the docker client
    #[arg(long)]
    no_context: bool,

    /// Print the plan and change nothing
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    may: MayArgs,

    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,

    #[command(flatten)]
    sudo: SudoArgs,

    #[command(flatten)]
    swarm: swarm::SwarmArgs,
}

/// What adoption may cost others.
#[derive(clap::Args)]
#[group(skip)]
struct MayArgs {
    /// Stop running containers where adoption cannot avoid it
    #[arg(long, short)]
    yes: bool,

    /// Adopt a host that another machine has, which loses it then
    #[arg(long)]
    take_over: bool,
}

/// A driver with its flags, and why it is this one where the user did not say.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Its name.
    pub driver: String,
    /// What to tell the user.
    pub because: Option<String>,
    /// Its flags.
    pub flags: Flags,
}

impl Args {
    /// The one name of a command that takes these options for many machines.
    pub fn only_name(&self, app: &App, command: &'static str) -> Result<MachineName, CliError> {
        match self.names.as_slice() {
            [] => Err(CliError::NoNames { command }),
            [name] => Ok(name.parse()?),
            [_, extra @ ..] => Err(CliError::usage(
                format!("one name is meant, not {} more", extra.len()),
                format!("{} {command} NAME", app.program()),
            )),
        }
    }

    /// How machines are made with these options, where a driver is chosen; the name stands in for those to come.
    pub fn template(&self, app: &App, name: &MachineName) -> Result<Option<Request>, CliError> {
        let of = |_: &Chosen| Ok(request(app, self, std::slice::from_ref(name))?.0);
        self.chosen.as_ref().map(of).transpose()
    }

    /// Whether only the plan is wanted.
    pub fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// Whether docker gets a context for what is made.
    pub fn context(&self, app: &App) -> Wish {
        context(app, self.no_context)
    }

    /// sudo's password, where one was given.
    pub fn sudo(&self, app: &App) -> Result<Option<crate::secret::Secret>, CliError> {
        self.sudo.read(&app.env)
    }
}

/// Creates one machine, or several alike at once.
pub fn run(app: &App, args: &Args) -> Outcome {
    let names = names(app, &args.names)?;
    let (template, because) = request(app, args, &names)?;
    let world = app.world_with(&names, args.sudo.read(&app.env)?, "create")?;
    if let Some(because) = because {
        app.ui.say(because);
    }
    let results = many::each(app, world, names, move |world, name| {
        let request = Request { name: name.clone(), ..template.clone() };
        one(world, request)
    })?;
    for made in results.iter().filter_map(|(_, result)| result.as_ref().ok()) {
        tell(app, made);
    }
    many::ended(results).map_err(CliError::classic(CREATING))
}

fn names(app: &App, typed: &[String]) -> Result<Vec<MachineName>, CliError> {
    match typed {
        [] => return Err(CliError::NoNames { command: "create" }),
        [_, extra @ ..] if app.has(Habit::OneMachine) && !extra.is_empty() => {
            let message = format!("Invalid command line. Found extra arguments [{}]", extra.join(" "));
            return Err(CliError::Usage { message, hint: None });
        }
        _ => {}
    }
    let parsed: Result<Vec<MachineName>, _> = typed.iter().map(|name| name.parse()).collect();
    let names = parsed.map_err(CliError::classic(CREATING))?;
    match names.iter().enumerate().find(|(place, name)| names[..*place].contains(name)) {
        Some((_, twice)) => {
            Err(CliError::usage(format!("{twice} is named twice"), "each machine needs a name of its own"))
        }
        None => Ok(names),
    }
}

/// What is asked for, for the first of the names, and why it is this driver.
fn request(app: &App, args: &Args, names: &[MachineName]) -> Result<(Request, Option<String>), CliError> {
    let Args {
        names: _,
        driver: _,
        chosen,
        engine,
        tls_san,
        hostname,
        no_context,
        dry_run,
        may,
        timeout,
        sudo: _,
        swarm,
    } = args;
    swarm.check()?;
    swarm.refuse(app, names, chosen.as_ref())?;
    if hostname.is_some() && names.len() > 1 {
        return Err(CliError::usage(
            "several hosts cannot have one name",
            "leave --hostname away, or create one machine",
        ));
    }
    let Chosen { driver, because, flags } =
        chosen.clone().ok_or_else(|| CliError::usage("no driver is named", "--driver DRIVER"))?;
    let mut wishes = engine.wishes(app.program(), &app.env.cwd)?;
    wishes.hostname = hostname.as_ref().map(ToString::to_string);
    let request = Request {
        name: names[0].clone(),
        driver,
        flags,
        wishes,
        tls_sans: tls_san.clone(),
        authority: app.authority(),
        engine_options: engine.stored(),
        swarm_options: swarm.stored(),
        context: context(app, *no_context),
        // docker-machine provisioned any host anew, and its scripts count on it.
        may: May { stop_containers: may.yes, take_over: may.take_over || app.has(Habit::TakesOver) },
        dry_run: *dry_run,
        certificates: if app.has(Habit::CertificatesBeforeChecks) {
            Certificates::BeforeChecks
        } else {
            Certificates::AfterChecks
        },
        may_resume: !app.has(Habit::NeverResumes),
        timeout: timeout.map_or(PATIENCE, Duration::from_secs),
    };
    Ok((request, because))
}

fn context(app: &App, is_unwanted: bool) -> Wish {
    if is_unwanted {
        Wish::Unwanted
    } else if app.has(Habit::NoContexts) {
        Wish::Unasked
    } else {
        Wish::Wanted
    }
}

async fn one(world: World, request: Request) -> Result<Made, CliError> {
    let name = request.name.clone();
    let made = create(&world, request).await?;
    if let Made::Created { url, took, .. } = &made {
        let place = url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
        world.events.of(&name).emit(Event::Done(format!("ready{place} in {}", seconds(*took))));
    }
    Ok(made)
}

fn tell(app: &App, made: &Made) {
    match made {
        Made::Planned(plan) => app.ui.data_raw(plan),
        Made::Created { name, .. } if app.has(Habit::LongGoodbye) => {
            let program = app.env.args.first().map_or("docker-machine", String::as_str);
            app.ui.say(goodbye(program, name.as_str()));
        }
        Made::Created { name, .. } => {
            app.ui.say(format_args!("point docker at it: eval \"$({} env {name})\"", app.program()));
            let record = app.store().and_then(|store| Ok((store.load(name)?, store)));
            let line =
                record.ok().and_then(|(record, store)| ssh_config::missing_line(&app.env, &store, &record));
            if let Some(line) = line {
                app.ui.say(format_args!(
                    "the docker client needs this line at the top of ~/.ssh/config: {line}"
                ));
            }
        }
    }
}
