//! `qemu`: a virtual machine on this computer, with the processor's help where that works and without it where not.
//!
//! Its disk is what differs from an image that machines share. It is reached by ports of this computer's loopback, so no root is needed;
//! its host key is made beforehand. What it is doing is asked of QEMU by QMP each time.

mod arch;
mod args;
mod image;
mod ports;
mod proof;
mod qmp;
mod run;
mod seed;

use serde::{Deserialize, Serialize};

use self::{
    arch::{Accel, Arch, Wish},
    args::Files,
    ports::Forward,
};
use crate::{
    checkpoint::Checkpoint,
    driver::{self, BuiltIn, Context, DriverError, FlagSpec, Flags, Identity, Origin, Profile, Result},
    drivers::local::{
        keys, ports as local_ports, recipe,
        source::{self, Source},
    },
    env::Env,
    machine::{SshEndpoint, State},
};

/// The driver's name.
const NAME: &str = "qemu";
/// Where sshd listens inside.
const SSH_PORT: u16 = 22;
/// Where a machine is reached.
const LOOPBACK: &str = "127.0.0.1";
/// Least memory that boots, in MiB.
const LEAST_MEMORY: u64 = 256;
/// Least disk that an image and an engine fit on, in GiB.
const LEAST_DISK: u64 = 3;
/// The longest path of a unix socket, in bytes (unix(7); macOS has 104).
const LONGEST_SOCKET: usize = 103;

/// The driver.
pub(super) struct Qemu;

/// What is stored of a machine.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Virtual {
    #[serde(flatten)]
    base: driver::Base,
    /// Tells its boots from those of another machine of its name.
    #[serde(default)]
    id: String,
    /// `build`, an address, or a file.
    #[serde(default)]
    image: String,
    /// The checksum that the image must have; empty for none.
    #[serde(rename = "ImageSHA256", default)]
    sha256: String,
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
    /// In GiB.
    #[serde(rename = "DiskSize", default)]
    disk: u64,
    /// Port of the engine, outside and inside.
    #[serde(default)]
    engine_port: u16,
    /// Further ports.
    #[serde(default)]
    forwards: Vec<Forward>,
    #[serde(rename = "Accelerator", default)]
    accel: Wish,
    /// The accelerator under which it has run.
    #[serde(rename = "ProvenAccelerator", default)]
    proven: Option<Accel>,
    /// The name of its image in the cache; empty until it is chosen.
    #[serde(default)]
    cached_image: String,
    /// Its public host key; empty until it is made.
    #[serde(default)]
    host_key: String,
}

type Save<'a> = &'a (dyn Fn(&Virtual) -> Result<()> + Send + Sync);

impl BuiltIn for Qemu {
    type State = Virtual;
    const NAME: &'static str = NAME;

    fn profile(&self) -> Profile {
        Profile {
            summary: "a virtual machine on this machine",
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
            FlagSpec::text(
                "qemu-image",
                "Stand the machine on this image: an address, a file, or `build` for one of Debian's packages (Debian's current cloud image)",
            )
            .env("QEMU_IMAGE"),
            FlagSpec::text("qemu-image-sha256", "Demand that the image has this SHA-256 checksum").env("QEMU_IMAGE_SHA256"),
            FlagSpec::text("qemu-suite", "Build the image of this Debian suite (this machine's own)").env("QEMU_SUITE"),
            FlagSpec::list("qemu-mirror", "Build from this mirror, an address or a whole apt line, instead of this machine's"),
            FlagSpec::list("qemu-packages", "Put these further packages into the image that is built"),
            FlagSpec::int("qemu-cpus", 2, "Give the machine so many processors").env("QEMU_CPUS"),
            FlagSpec::int("qemu-memory", 1024, "Give the machine so many MiB of memory").env("QEMU_MEMORY"),
            FlagSpec::int("qemu-disk", 20, "Give the machine a disk of so many GiB, which takes only the room it uses").env("QEMU_DISK"),
            FlagSpec::text("qemu-accel", "Run guests by kvm, hvf or tcg; auto takes what is seen to work").or("auto").env("QEMU_ACCEL"),
            FlagSpec::text("qemu-ssh-user", "Log in as this user, who is made in the machine").or("root").env("QEMU_SSH_USER"),
            FlagSpec::list("qemu-forward", "Reach this port of the machine by a port of this computer's loopback: 8080:80, or 8080 for both"),
        ]
    }

    fn available(&self, env: &Env) -> std::result::Result<(), String> {
        let arch = own_arch()?;
        for (program, package) in [(arch.program(), arch.package()), ("qemu-img", "qemu-utils")] {
            if env.find_program(program).is_none() {
                return Err(format!("{program} is not installed (apt install {package})"));
            }
        }
        Ok(())
    }

    fn configure(&self, context: &Context, flags: &Flags) -> Result<Virtual> {
        let image = image_flag(context, flags.text("qemu-image"))?;
        let suite = match flags.text("qemu-suite") {
            None if image != image::BUILD => String::new(),
            given => recipe::suite(NAME, given)?,
        };
        let forwards = ports::parse(flags.list("qemu-forward")).map_err(usage)?;
        Ok(Virtual {
            base: driver::Base {
                ip_address: LOOPBACK.to_owned(),
                ssh_user: login(flags.text("qemu-ssh-user").unwrap_or("root"))?,
                ..driver::Base::new(context)
            },
            id: format!("{:08x}", rand::random::<u32>()),
            sha256: source::checksum("qemu-image-sha256", flags.text("qemu-image-sha256"))?,
            image,
            suite,
            mirrors: recipe::mirrors(NAME, flags.list("qemu-mirror"))?,
            packages: recipe::packages(NAME, flags.list("qemu-packages"))?,
            cpus: at_least("qemu-cpus", 1, flags)?,
            memory: at_least("qemu-memory", LEAST_MEMORY, flags)?,
            disk: at_least("qemu-disk", LEAST_DISK, flags)?,
            engine_port: 0,
            forwards,
            accel: flags.text("qemu-accel").unwrap_or("auto").parse().map_err(usage)?,
            proven: None,
            cached_image: String::new(),
            host_key: String::new(),
        })
    }

    async fn preflight(&self, context: &Context, state: &Virtual) -> Result<()> {
        let refused = |message: String, hint: Option<&str>| DriverError::Preflight {
            message,
            hint: hint.map(str::to_owned),
        };
        self.available(&context.env)
            .map_err(|reason| refused(format!("the qemu driver cannot be used here: {reason}"), None))?;
        let socket = Files::of(&context.folder).socket();
        if socket.as_os_str().len() > LONGEST_SOCKET {
            let message = format!("the path {} is too long for a socket", socket.display());
            return Err(refused(message, Some("a shorter --storage-path or a shorter name")));
        }
        let is_there = image::find(context, &state.cached_image, arch()?)?.is_some();
        if !is_there && state.image == image::BUILD && context.env.find_program("mmdebstrap").is_none() {
            return Err(refused(
                "mmdebstrap, which builds images, is not installed".to_owned(),
                Some("apt install mmdebstrap"),
            ));
        }
        if state.image != image::BUILD && !is_there {
            Source::of(&state.image, &state.sha256).judge()?;
        }
        ports::judge(&state.forwards)
            .map_err(|message| refused(message, Some("--qemu-forward with another port")))
    }

    async fn create(&self, context: &Context, state: &mut Virtual, save: Save<'_>) -> Result<()> {
        let arch = arch()?;
        state.cached_image = image::ensure(context, state, arch).await?;
        if state.engine_port == 0 {
            let taken: Vec<u16> = state.forwards.iter().map(|forward| forward.outside).collect();
            [state.base.ssh_port, state.engine_port] =
                local_ports::free(&taken).map_err(|error| DriverError::failed("find free ports", error))?;
        }
        let (key, public) = keys::login_key(context)?;
        state.base.ssh_key_path = key.to_string_lossy().into_owned();
        state.host_key = seed::write(context, state, &public)?;
        save(state)?;
        context.checkpoints.reach(Checkpoint::HostBegun);
        let base = base(context, state, arch)?;
        let files = Files::of(&context.folder);
        image::lay_over(context, &base, &files.disk(), state.disk).await?;
        context.events.step("starting the machine");
        state.proven = Some(run::power_on(context, state, &base, arch).await?);
        context.checkpoints.reach(Checkpoint::HostHalfMade);
        save(state)
    }

    async fn state(&self, context: &Context, _state: &mut Virtual) -> Result<State> {
        run::state(&Files::of(&context.folder)).await
    }

    fn ssh(&self, _context: &Context, state: &Virtual) -> Option<SshEndpoint> {
        let base = &state.base;
        (base.ssh_port != 0).then(|| SshEndpoint {
            host: LOOPBACK.to_owned(),
            port: Some(base.ssh_port),
            user: Some(base.ssh_user.clone()),
            identity: Some(base.ssh_key_path.clone().into()),
            host_keys: vec![state.host_key.clone()],
            fingerprint: None,
            use_ssh_config: false,
        })
    }

    fn url(&self, _context: &Context, state: &Virtual) -> Option<String> {
        (state.engine_port != 0).then(|| format!("tcp://{LOOPBACK}:{}", state.engine_port))
    }

    fn ip(&self, _context: &Context, state: &Virtual) -> Option<String> {
        (state.engine_port != 0).then(|| LOOPBACK.to_owned())
    }

    async fn start(&self, context: &Context, state: &mut Virtual) -> Result<()> {
        if !Files::of(&context.folder).disk().is_file() {
            return Err(DriverError::Gone);
        }
        let arch = arch()?;
        let base = base(context, state, arch)?;
        state.proven = Some(run::power_on(context, state, &base, arch).await?);
        Ok(())
    }

    async fn stop(&self, context: &Context, _state: &mut Virtual) -> Result<()> {
        run::power_off(context, &Files::of(&context.folder)).await
    }

    async fn kill(&self, context: &Context, _state: &mut Virtual) -> Result<()> {
        run::pull_plug(context, &Files::of(&context.folder)).await
    }

    async fn remove(&self, context: &Context, _state: &mut Virtual) -> Result<()> {
        let files = Files::of(&context.folder);
        run::pull_plug(context, &files).await?;
        match tokio::fs::remove_dir_all(files.folder()).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(DriverError::failed("remove the machine's disk", error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// The image that a machine's disk stands on. Without it the disk is worth nothing, so a lost one is said plainly.
fn base(context: &Context, state: &Virtual, arch: Arch) -> Result<image::Base> {
    image::find(context, &state.cached_image, arch)?.ok_or_else(|| {
        let place = context.cache.join(NAME).join(&state.cached_image);
        DriverError::failed(
            "find the machine's image",
            format!("{} is gone, and the machine's disk is only what differs from it", place.display()),
        )
    })
}

fn own_arch() -> std::result::Result<Arch, String> {
    Arch::own().ok_or_else(|| "it knows machines with x86_64 and aarch64 processors only".to_owned())
}

fn arch() -> Result<Arch> {
    own_arch().map_err(|message| DriverError::Preflight { message, hint: None })
}

fn image_flag(context: &Context, given: Option<&str>) -> Result<String> {
    match given {
        None => Ok(source::debian("genericcloud", arch()?.debian())),
        Some(image::BUILD) => Ok(image::BUILD.to_owned()),
        Some(other) => source::place(context, "qemu-image", other),
    }
}

fn login(given: &str) -> Result<String> {
    let is_first = |c: char| c.is_ascii_lowercase() || c == '_';
    let is_other = |c: char| is_first(c) || c.is_ascii_digit() || c == '-';
    if given.len() <= 32 && given.starts_with(is_first) && given.chars().all(is_other) {
        return Ok(given.to_owned());
    }
    Err(usage(format!("--qemu-ssh-user {given:?} is not a login name such as docker")))
}

fn at_least(flag: &str, least: u64, flags: &Flags) -> Result<u64> {
    let given = flags.int(flag).unwrap_or_default();
    match u64::try_from(given) {
        Ok(number) if number >= least => Ok(number),
        _ => Err(usage(format!("--{flag} {given} is too little: {least} is the least"))),
    }
}

fn usage(message: impl Into<String>) -> DriverError {
    DriverError::Usage { message: message.into() }
}
