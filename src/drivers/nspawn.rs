//! `nspawn`: a full systemd host in namespaces of its own, on this machine, without virtualization.
//!
//! An image is made once with mmdebstrap from this machine's own apt configuration; each host lays its own files over it, has an
//! address on a bridge, and an SSH host key that was made before its first start. systemd-nspawn(1) runs it. It is no
//! isolation boundary: whoever is root inside can become root outside.

mod cgroup;
mod check;
mod files;
mod image;
mod lease;
mod net;
mod proc;
mod resolve;
mod run;
mod subnet;

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use self::{files::Layout, lease::Holder, net::Network, proc::Process, subnet::Subnet};
use crate::{
    checkpoint::Checkpoint,
    driver::{Base, BuiltIn, Context, DriverError, FlagSpec, Flags, Identity, Origin, Profile, Result},
    drivers::local::{
        keys,
        recipe::{self, Recipe, Wanted},
        routes,
    },
    env::Env,
    machine::{SshEndpoint, State},
};

/// Where the engine listens.
const ENGINE_PORT: u16 = 2376;
/// Where sshd listens.
const SSH_PORT: u16 = 22;
/// Least memory that boots, in MiB.
const LEAST_MEMORY: u64 = 128;

/// The driver.
pub(super) struct Nspawn;

/// What is stored of a machine.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Nspawned {
    #[serde(flatten)]
    base: Base,
    /// Names the host outside: its process, its interface, its control group.
    #[serde(default)]
    id: String,
    #[serde(default)]
    suite: String,
    #[serde(default)]
    mirrors: Vec<String>,
    #[serde(default)]
    packages: Vec<String>,
    #[serde(rename = "CPU", default)]
    cpus: u64,
    /// In MiB.
    #[serde(default)]
    memory: u64,
    #[serde(default)]
    subnet: Option<Subnet>,
    /// Whether the image has no engine.
    #[serde(rename = "BareImage", default)]
    is_bare: bool,
    /// Whether `create` still has to make a new image.
    #[serde(rename = "RebuildImage", default)]
    wants_new_image: bool,
    /// The image it stands on; empty until it is chosen.
    #[serde(default)]
    image: String,
    /// The host's public key; empty until it is made.
    #[serde(default)]
    host_key: String,
    /// The topmost process as last known.
    #[serde(default)]
    process: Option<Process>,
}

/// What a host may use; 0 is no limit.
#[derive(Clone, Copy, Debug)]
struct Limits {
    memory_mib: u64,
    cpus: u64,
}

impl Nspawned {
    /// What its image is made from.
    async fn recipe(&self, context: &Context) -> Result<Recipe> {
        let wanted = Wanted {
            driver: Nspawn::NAME,
            suite: &self.suite,
            mirrors: &self.mirrors,
            own: &[],
            packages: &self.packages,
            is_bare: self.is_bare,
        };
        Recipe::of(context, wanted).await
    }
}

type Save<'a> = &'a (dyn Fn(&Nspawned) -> Result<()> + Send + Sync);

impl BuiltIn for Nspawn {
    type State = Nspawned;
    const NAME: &'static str = "nspawn";

    fn profile(&self) -> Profile {
        Profile {
            summary: "a Linux host in namespaces of this machine",
            origin: Origin::Made,
            provisions: true,
            identity: Identity::KnownBeforehand,
            names_host: true,
            is_local: true,
            adopts: None,
        }
    }

    fn flags(&self) -> Vec<FlagSpec> {
        vec![
            FlagSpec::text("nspawn-suite", "Make the image of this Debian or Ubuntu suite (this machine's own, whose mirror and keys it has)")
                .env("NSPAWN_SUITE"),
            FlagSpec::list("nspawn-mirror", "Take packages from this mirror, an address or a whole apt line, instead of this machine's"),
            FlagSpec::list("nspawn-packages", "Put these further packages into the image"),
            FlagSpec::int("nspawn-cpus", 0, "Limit the host to so many processors, 0 for all").env("NSPAWN_CPUS"),
            FlagSpec::int("nspawn-memory", 0, "Limit the host to so many MiB of memory, 0 for all").env("NSPAWN_MEMORY"),
            FlagSpec::text("nspawn-subnet", "Take the host's address from this private network (the first free one of 10.47.0.0/24 to 10.47.31.0/24)")
                .env("NSPAWN_SUBNET"),
            FlagSpec::switch("nspawn-bare-image", "Leave the engine out of the image, so that it is installed on each host"),
            FlagSpec::switch("nspawn-rebuild-image", "Make a new image even if there is one; hosts that stand on the old one keep it"),
        ]
    }

    fn available(&self, env: &Env) -> std::result::Result<(), String> {
        check::available(env)
    }

    fn configure(&self, context: &Context, flags: &Flags) -> Result<Nspawned> {
        let subnet = flags.text("nspawn-subnet").map(str::parse::<Subnet>).transpose();
        let memory = count("nspawn-memory", flags)?;
        if memory != 0 && memory < LEAST_MEMORY {
            return Err(usage(format!(
                "--nspawn-memory {memory} is too little: {LEAST_MEMORY} MiB are the least, 0 is no limit"
            )));
        }
        Ok(Nspawned {
            base: Base { ssh_user: "root".to_owned(), ssh_port: SSH_PORT, ..Base::new(context) },
            id: format!("{:08x}", rand::random::<u32>()),
            suite: recipe::suite(Self::NAME, flags.text("nspawn-suite"))?,
            mirrors: recipe::mirrors(Self::NAME, flags.list("nspawn-mirror"))?,
            packages: recipe::packages(Self::NAME, flags.list("nspawn-packages"))?,
            cpus: count("nspawn-cpus", flags)?,
            memory,
            subnet: subnet.map_err(|error| usage(format!("--nspawn-subnet: {error}")))?,
            is_bare: flags.is_on("nspawn-bare-image"),
            wants_new_image: flags.is_on("nspawn-rebuild-image"),
            image: String::new(),
            host_key: String::new(),
            process: None,
        })
    }

    /// Until there is an image nothing stands on what was said; a wrong suite or package may have been the mistake.
    fn take_up(&self, context: &Context, recorded: Nspawned, flags: &Flags) -> Result<Nspawned> {
        if !recorded.image.is_empty() {
            return Ok(recorded);
        }
        Ok(Nspawned { id: recorded.id, ..self.configure(context, flags)? })
    }

    async fn preflight(&self, context: &Context, state: &Nspawned) -> Result<()> {
        check::preflight(context, state).await
    }

    async fn create(&self, context: &Context, state: &mut Nspawned, save: Save<'_>) -> Result<()> {
        choose_image(context, state, save).await?;
        choose_address(context, state, save).await?;
        let (key, public) = keys::login_key(context)?;
        state.base.ssh_key_path = key.to_string_lossy().into_owned();
        state.host_key = files::prepare(context, &format!("{public}\n")).await?;
        save(state)?;
        context.events.step(format!("starting the host at {}", state.base.ip_address));
        power_on(context, state).await?;
        context.checkpoints.reach(Checkpoint::HostHalfMade);
        save(state)
    }

    async fn state(&self, context: &Context, state: &mut Nspawned) -> Result<State> {
        state.process = run::find(&state.id, state.process);
        Ok(match state.process {
            Some(top) if run::has_init(top) => State::Running,
            Some(_) => State::Starting,
            None if Layout::of(context).folder().is_dir() => State::Stopped,
            None => State::NotFound,
        })
    }

    fn ssh(&self, _context: &Context, state: &Nspawned) -> Option<SshEndpoint> {
        let base = &state.base;
        (!base.ip_address.is_empty()).then(|| SshEndpoint {
            host: base.ip_address.clone(),
            port: Some(base.ssh_port),
            user: Some(base.ssh_user.clone()),
            identity: Some(base.ssh_key_path.clone().into()),
            host_keys: vec![state.host_key.clone()],
            fingerprint: None,
            use_ssh_config: false,
        })
    }

    fn url(&self, context: &Context, state: &Nspawned) -> Option<String> {
        self.ip(context, state).map(|address| format!("tcp://{address}:{ENGINE_PORT}"))
    }

    fn ip(&self, _context: &Context, state: &Nspawned) -> Option<String> {
        Some(state.base.ip_address.clone()).filter(|address| !address.is_empty())
    }

    async fn start(&self, context: &Context, state: &mut Nspawned) -> Result<()> {
        if !Layout::of(context).folder().is_dir() {
            return Err(DriverError::Gone);
        }
        power_on(context, state).await
    }

    async fn stop(&self, context: &Context, state: &mut Nspawned) -> Result<()> {
        if let Some(top) = run::find(&state.id, state.process) {
            run::power_off(context, &state.id, top).await?;
        }
        sweep(context, state).await
    }

    async fn kill(&self, context: &Context, state: &mut Nspawned) -> Result<()> {
        if let Some(top) = run::find(&state.id, state.process) {
            run::pull_plug(context, &state.id, top).await?;
        }
        sweep(context, state).await
    }

    async fn remove(&self, context: &Context, state: &mut Nspawned) -> Result<()> {
        self.kill(context, state).await?;
        if let Some(subnet) = state.subnet {
            Network::new(context, subnet).release(&state.id).await?;
        }
        image::give_back(context, &state.image, &state.id).await?;
        files::remove(context).await
    }
}

/// The image of the machine's recipe; a half-made host keeps the one it has. It is recorded before the host is noted as
/// its user, so that `remove` knows where to take the note away.
async fn choose_image(context: &Context, state: &mut Nspawned, save: Save<'_>) -> Result<()> {
    loop {
        if !image::exists(context, &state.image) {
            let recipe = state.recipe(context).await?;
            state.image = image::ensure(context, &recipe, state.wants_new_image).await?;
            state.wants_new_image = false;
        }
        save(state)?;
        context.checkpoints.reach(Checkpoint::HostBegun);
        if image::take(context, &state.image, &state.id).await? {
            return Ok(());
        }
    }
}

/// The network is recorded before an address is claimed in it, so that `remove` knows where to give it back.
async fn choose_address(context: &Context, state: &mut Nspawned, save: Save<'_>) -> Result<()> {
    let subnet = check::subnet(state.subnet, &routes::of_this_computer())?;
    state.subnet = Some(subnet);
    save(state)?;
    let holder = Holder { id: state.id.clone(), folder: context.folder.clone() };
    state.base.ip_address = Network::new(context, subnet).claim(&holder).await?.to_string();
    save(state)
}

/// Starts the host unless it runs, and waits until sshd listens in it.
async fn power_on(context: &Context, state: &mut Nspawned) -> Result<()> {
    let started = try_power_on(context, state).await;
    if started.is_err() {
        // The first error counts; what is left over here is removed by `rm` or completed by `start`.
        let _ = sweep_if_dead(context, state).await;
    }
    started
}

async fn try_power_on(context: &Context, state: &mut Nspawned) -> Result<()> {
    let (subnet, address) = placed(state)?;
    let network = Network::new(context, subnet);
    let _hold = network.up().await?;
    let top = match run::find(&state.id, state.process) {
        Some(top) => top,
        None => launch(context, state, subnet, address).await?,
    };
    state.process = Some(run::wait_until_up(context, &state.id, top, address).await?);
    Ok(())
}

async fn launch(
    context: &Context,
    state: &mut Nspawned,
    subnet: Subnet,
    address: Ipv4Addr,
) -> Result<Process> {
    check::still_free(subnet)?;
    // A host that powered itself off left its control groups.
    run::sweep(context, &state.id).await?;
    ensure_image(context, state).await?;
    files::refresh(context, subnet, address)?;
    let host = run::Host {
        id: &state.id,
        image: &image::root(context, &state.image),
        bridge: &subnet.bridge(),
        limits: Limits { memory_mib: state.memory, cpus: state.cpus },
    };
    run::launch(context, &host).await
}

/// Images live in the cache, which people empty: one that is gone is made again from the same recipe.
async fn ensure_image(context: &Context, state: &mut Nspawned) -> Result<()> {
    if image::exists(context, &state.image) {
        return Ok(());
    }
    context.events.note(format!("the image of {} is gone and is made again", context.name));
    choose_image(context, state, &|_| Ok(())).await
}

fn placed(state: &Nspawned) -> Result<(Subnet, Ipv4Addr)> {
    match (state.subnet, state.base.ip_address.parse()) {
        (Some(subnet), Ok(address)) => Ok((subnet, address)),
        (None, _) | (_, Err(_)) => Err(DriverError::BadState {
            driver: Nspawn::NAME.to_owned(),
            reason: "it holds no network or no address".to_owned(),
        }),
    }
}

async fn sweep_if_dead(context: &Context, state: &mut Nspawned) -> Result<()> {
    if run::find(&state.id, state.process).is_some() {
        return Ok(());
    }
    sweep(context, state).await
}

/// Removes what a host that does not run any more leaves outside, and the network after the last one.
async fn sweep(context: &Context, state: &mut Nspawned) -> Result<()> {
    state.process = None;
    run::sweep(context, &state.id).await?;
    match state.subnet {
        Some(subnet) => Network::new(context, subnet).down_if_unused().await,
        None => Ok(()),
    }
}

fn count(flag: &str, flags: &Flags) -> Result<u64> {
    let given = flags.int(flag).unwrap_or(0);
    u64::try_from(given).map_err(|_| usage(format!("--{flag} {given} must be 0 or more")))
}

fn usage(message: impl Into<String>) -> DriverError {
    DriverError::Usage { message: message.into() }
}
