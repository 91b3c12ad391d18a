//! `virtualbox`: a VM of VirtualBox on this computer, as docker-machine made them, with the image of a disk instead of boot2docker's ISO.
//!
//! It has two adapters: one leads out by NAT, over which a port of this computer's loopback is forwarded to SSH; by the other, on a
//! host-only network, this computer reaches its engine. Everything is done by VBoxManage
//! (<https://www.virtualbox.org/manual/topics/vboxmanage.html>): 7.2 is proven, 6.0 to 7.1 are served by their documentation.

mod check;
mod cidr;
mod disk;
mod flags;
mod make;
mod manage;
mod network;
mod parse;
mod run;
mod seed;
mod vm;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use self::{cidr::HostOnly, manage::Manage};
use crate::{
    driver::{Base, BuiltIn, Context, DriverError, FlagSpec, Flags, Identity, Origin, Profile, Result},
    env::Env,
    machine::{SshEndpoint, State},
};

/// Who logs in; boot2docker's images have this login, and others get it.
const USER: &str = "docker";
/// Where a machine's SSH is reached.
const LOOPBACK: &str = "127.0.0.1";
/// Where the engine listens.
const ENGINE_PORT: u16 = 2376;
/// The most processors a VM of docker-machine's got.
const MOST_CPUS: usize = 32;
/// The login key that docker-machine made, in the machine's folder.
const OLD_KEY: &str = "id_rsa";
/// The login key of boot2docker's own VMs, in the user's home.
const IMPORT_KEY: &str = ".ssh/id_boot2docker";

/// The driver.
pub(super) struct VirtualBox;

/// What is stored of a machine; docker-machine's fields first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[allow(clippy::struct_excessive_bools, reason = "docker-machine stores them so")]
pub(super) struct Boxed {
    #[serde(flatten)]
    base: Base,
    /// docker-machine keeps two empty objects.
    #[serde(rename = "VBoxManager", default)]
    manager: Map<String, Value>,
    #[serde(rename = "HostInterfaces", default)]
    interfaces: Map<String, Value>,
    #[serde(rename = "CPU", default)]
    cpu: i64,
    /// In MB.
    #[serde(default)]
    memory: u64,
    /// In MB.
    #[serde(default)]
    disk_size: u64,
    #[serde(default = "default_nic")]
    nat_nic_type: String,
    #[serde(rename = "Boot2DockerURL", default)]
    boot2docker_url: String,
    #[serde(rename = "Boot2DockerImportVM", default)]
    import_vm: String,
    #[serde(rename = "HostDNSResolver", default)]
    host_dns_resolver: bool,
    #[serde(rename = "HostOnlyCIDR")]
    host_only: HostOnly,
    #[serde(default = "default_nic")]
    host_only_nic_type: String,
    #[serde(default = "default_promiscuity")]
    host_only_promisc_mode: String,
    #[serde(rename = "UIType", default = "default_ui")]
    ui_type: String,
    #[serde(rename = "HostOnlyNoDHCP", default)]
    host_only_no_dhcp: bool,
    #[serde(default)]
    no_share: bool,
    #[serde(rename = "DNSProxy", default)]
    dns_proxy: bool,
    #[serde(rename = "NoVTXCheck", default)]
    no_vtx_check: bool,
    #[serde(default)]
    share_folder: String,
    #[serde(default)]
    nested_virtualization: bool,
    /// An address, or a file; empty where an ISO is booted.
    #[serde(default)]
    image: String,
    /// The checksum that the image must have; empty for none.
    #[serde(rename = "ImageSHA256", default)]
    sha256: String,
    /// The name of its image in the cache; empty until it is chosen.
    #[serde(default)]
    cached_image: String,
    /// Its public host key; empty until it is known.
    #[serde(default)]
    host_key: String,
}

fn default_nic() -> String {
    "82540EM".to_owned()
}

fn default_promiscuity() -> String {
    "deny".to_owned()
}

fn default_ui() -> String {
    "headless".to_owned()
}

/// A folder of this computer that the machine sees.
struct Share {
    folder: PathBuf,
    name: String,
    /// Whether nobody asked for it.
    is_default: bool,
}

impl Boxed {
    /// Whether it boots an ISO, as every machine of docker-machine's does.
    fn has_iso(&self) -> bool {
        self.image.is_empty()
    }

    fn cpus(&self) -> usize {
        let own = std::thread::available_parallelism().map_or(1, usize::from);
        usize::try_from(self.cpu).ok().filter(|count| *count != 0).unwrap_or(own).min(MOST_CPUS)
    }

    /// What is shared: what was asked for, `FOLDER:NAME` with the last colon between them, or the homes.
    fn share(&self) -> Result<Option<Share>> {
        let shared = |folder: &str, name: &str, is_default| {
            Ok(Some(Share { folder: folder.into(), name: name.to_owned(), is_default }))
        };
        if self.no_share {
            return Ok(None);
        }
        if self.share_folder.is_empty() {
            return if cfg!(target_os = "macos") {
                shared("/Users", "Users", true)
            } else {
                shared("/home", "hosthome", true)
            };
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        match self.share_folder.rsplit_once(':') {
            Some((folder, name))
                if folder.starts_with('/')
                    && name.starts_with(is_plain)
                    && !name.starts_with(['-', '.'])
                    && name.chars().all(is_plain) =>
            {
                shared(folder, name, false)
            }
            _ => Err(flags::usage(format!(
                "--virtualbox-share-folder {:?} must be a whole path and a name of letters, digits, dots and dashes: /srv/data:data",
                self.share_folder
            ))),
        }
    }
}

/// The login key of a VM that is imported.
fn import_key(context: &Context) -> Result<PathBuf> {
    let home = context.env.home.as_ref();
    home.map(|home| home.join(IMPORT_KEY)).ok_or_else(|| DriverError::Preflight {
        message: "there is no home folder, where the key of the VM to import would be".to_owned(),
        hint: None,
    })
}

type Save<'a> = &'a (dyn Fn(&Boxed) -> Result<()> + Send + Sync);

impl BuiltIn for VirtualBox {
    type State = Boxed;
    const NAME: &'static str = "virtualbox";

    fn profile(&self) -> Profile {
        Profile {
            summary: "a virtual machine of VirtualBox on this machine",
            origin: Origin::Made,
            provisions: true,
            identity: Identity::KnownBeforehand,
            names_host: true,
            is_local: true,
            adopts: None,
        }
    }

    fn flags(&self) -> Vec<FlagSpec> {
        flags::specs()
    }

    fn available(&self, env: &Env) -> std::result::Result<(), String> {
        check::available(env)
    }

    fn configure(&self, context: &Context, flags: &Flags) -> Result<Boxed> {
        flags::read(context, flags)
    }

    async fn preflight(&self, context: &Context, state: &Boxed) -> Result<()> {
        check::preflight(context, state).await
    }

    async fn create(&self, context: &Context, state: &mut Boxed, save: Save<'_>) -> Result<()> {
        let manage = Manage::of(context);
        let made = make::host(manage, state, save).await;
        if made.is_err() {
            // The first error counts; what stays is removed by `rm`.
            let _ = self.remove(context, state).await;
        }
        made
    }

    async fn state(&self, context: &Context, state: &mut Boxed) -> Result<State> {
        let found = vm::find(Manage::of(context), state).await?;
        Ok(found.map_or(State::NotFound, |(_, info)| info.state()))
    }

    fn ssh(&self, context: &Context, state: &Boxed) -> Option<SshEndpoint> {
        endpoint(context, state)
    }

    fn url(&self, context: &Context, state: &Boxed) -> Option<String> {
        self.ip(context, state).map(|address| format!("tcp://{address}:{ENGINE_PORT}"))
    }

    fn ip(&self, _context: &Context, state: &Boxed) -> Option<String> {
        Some(state.base.ip_address.clone()).filter(|address| !address.is_empty())
    }

    async fn start(&self, context: &Context, state: &mut Boxed) -> Result<()> {
        let manage = Manage::of(context);
        let (id, info) = vm::find(manage, state).await?.ok_or(DriverError::Gone)?;
        match info.state() {
            State::Running | State::Starting => {}
            State::Paused => {
                let resume = manage::Call::new(["controlvm", &id, "resume"]);
                manage.call("wake the VM", resume).await?;
            }
            // Nothing else of a saved VM can be changed.
            State::Saved => {
                make::forward(manage, state, &id).await?;
                return make::wake(manage, state, &id).await;
            }
            _ => {
                make::image_is_there(context, state)?;
                make::connect(manage, state, &id).await?;
                return make::wake(manage, state, &id).await;
            }
        }
        run::wait_until_up(manage, state, &id).await?;
        make::learn_address(manage, state, &id).await
    }

    async fn stop(&self, context: &Context, state: &mut Boxed) -> Result<()> {
        let manage = Manage::of(context);
        match vm::find(manage, state).await? {
            Some((id, info)) => run::power_off(manage, &id, info.state()).await,
            None => Err(DriverError::Gone),
        }
    }

    async fn kill(&self, context: &Context, state: &mut Boxed) -> Result<()> {
        let manage = Manage::of(context);
        match vm::find(manage, state).await? {
            Some((id, _)) => run::pull_plug(manage, &id).await,
            None => Err(DriverError::Gone),
        }
    }

    async fn remove(&self, context: &Context, state: &mut Boxed) -> Result<()> {
        let manage = Manage::of(context);
        if let Some((id, info)) = vm::find(manage, state).await?
            && !matches!(info.state(), State::Stopped | State::Saved)
        {
            run::pull_plug(manage, &id).await?;
        }
        vm::take_away(manage, state).await
    }
}

/// Where SSH answers, once a port is chosen for it.
fn endpoint(context: &Context, state: &Boxed) -> Option<SshEndpoint> {
    let base = &state.base;
    let key = Some(&base.ssh_key_path).filter(|path| !path.is_empty()).map(PathBuf::from);
    (base.ssh_port != 0).then(|| SshEndpoint {
        host: LOOPBACK.to_owned(),
        port: Some(base.ssh_port),
        user: Some(Some(&base.ssh_user).filter(|user| !user.is_empty()).map_or(USER, |user| user).to_owned()),
        identity: Some(key.unwrap_or_else(|| context.file(OLD_KEY))),
        host_keys: Some(state.host_key.clone()).filter(|key| !key.is_empty()).into_iter().collect(),
        fingerprint: None,
        use_ssh_config: false,
    })
}
