//! The network outside of the hosts: a bridge per subnet, NAT, forwarding, and their end when the last host has gone.
//!
//! Everything is looked at before it is changed, so that what an interrupted run left is completed, and a reboot is no special case.
//! Kernel settings that are not ours are remembered under /run before they are changed, and put back.

use std::{
    collections::BTreeMap,
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    lease::{self, Holder, LEASES, Leases},
    subnet::Subnet,
};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::{lock::Lock, routes},
    process::Command,
    retry::Deadline,
};

/// Locks and remembered settings; gone after a reboot, as what they are about.
const RUN: &str = "/run/rmachine/nspawn";
/// How long `ip` and `iptables` may take.
const PROGRAM_AT_MOST: Duration = Duration::from_secs(20);
/// How long others may hold the lock; they hold it for some program calls.
const LOCK_AT_MOST: Duration = Duration::from_secs(60);
/// Bytes of a packet where the default route's interface does not say.
const USUAL_MTU: u32 = 1500;

/// Settings of the kernel that hosts need. Bridged packets that iptables sees as well pass connection tracking twice when they are
/// routed with NAT afterwards, which loses every other one of two parallel DNS queries.
const SETTINGS: [(&str, &str); 2] =
    [("/proc/sys/net/ipv4/ip_forward", "1"), ("/proc/sys/net/bridge/bridge-nf-call-iptables", "0")];

/// The network of one subnet.
pub(super) struct Network<'a> {
    context: &'a Context,
    subnet: Subnet,
}

/// Keeps the network from being taken down while a host is on its way into it.
#[derive(Debug)]
pub(super) struct Hold {
    _shared: Lock,
}

/// The largest packet that gets out of this machine.
pub(super) fn mtu() -> u32 {
    let routes = routes::of_this_computer();
    let interface = routes::default_interface(&routes);
    let text = interface.and_then(|name| fs::read_to_string(format!("/sys/class/net/{name}/mtu")).ok());
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(USUAL_MTU)
}

impl<'a> Network<'a> {
    /// The network of a machine.
    pub(super) fn new(context: &'a Context, subnet: Subnet) -> Self {
        Self { context, subnet }
    }

    /// An address for a machine, its own forever after.
    pub(super) async fn claim(&self, holder: &Holder) -> Result<Ipv4Addr> {
        let _lock = self.lock().await?;
        let named = lease::named_by_others(self.context);
        let claimed = Leases::of(Path::new(LEASES), self.subnet).claim(holder, &named);
        match claimed {
            Ok(Some(address)) => Ok(address),
            Ok(None) => Err(DriverError::Preflight {
                message: format!("every address of {} is taken", self.subnet),
                hint: Some("--nspawn-subnet with a larger or another network".to_owned()),
            }),
            Err(error) => Err(DriverError::failed("give the host an address", error)),
        }
    }

    /// Gives a machine's address back.
    pub(super) async fn release(&self, id: &str) -> Result<()> {
        let _lock = self.lock().await?;
        let released = Leases::of(Path::new(LEASES), self.subnet).release(id);
        released.map_err(|error| DriverError::failed("give the host's address back", error))
    }

    /// Makes what is missing, and keeps it until the hold is dropped.
    pub(super) async fn up(&self) -> Result<Hold> {
        let what = "another rmachine that takes the network down";
        let shared = Lock::shared(&self.use_file(), what, LOCK_AT_MOST, &self.context.events).await?;
        let _lock = self.lock().await?;
        set_settings()?;
        self.make_bridge().await?;
        for rule in self.rules() {
            if !self.iptables("-C", &rule).await? {
                self.iptables_must("-I", &rule).await?;
            }
        }
        Ok(Hold { _shared: shared })
    }

    /// Takes everything away unless a host uses it or is on its way into it.
    pub(super) async fn down_if_unused(&self) -> Result<()> {
        let _lock = self.lock().await?;
        let Some(_alone) = Lock::alone_now(&self.use_file()) else { return Ok(()) };
        if self.has_ports() {
            return Ok(());
        }
        for rule in self.rules() {
            while self.iptables("-D", &rule).await? {}
        }
        if self.exists() {
            self.ip(["link", "delete", &self.subnet.bridge()]).await?;
        }
        restore_settings()
    }

    async fn lock(&self) -> Result<Lock> {
        let what = "another rmachine that changes the network";
        Lock::alone(&Path::new(RUN).join("lock"), what, LOCK_AT_MOST, &self.context.events).await
    }

    fn use_file(&self) -> PathBuf {
        Path::new(RUN).join(format!("{}.lock", self.subnet.bridge()))
    }

    fn interface(&self) -> PathBuf {
        Path::new("/sys/class/net").join(self.subnet.bridge())
    }

    fn exists(&self) -> bool {
        self.interface().exists()
    }

    fn has_ports(&self) -> bool {
        fs::read_dir(self.interface().join("brif")).is_ok_and(|mut ports| ports.next().is_some())
    }

    async fn make_bridge(&self) -> Result<()> {
        let bridge = self.subnet.bridge();
        let gateway = self.subnet.gateway();
        if !self.exists() {
            // A bridge without an address of its own takes its lowest port's, and changes it as hosts come and go.
            let [a, b, c, d] = gateway.octets();
            let mac = format!("02:52:{a:02x}:{b:02x}:{c:02x}:{d:02x}");
            self.ip(["link", "add", "name", &bridge, "address", &mac, "type", "bridge"]).await?;
        }
        let address = format!("{gateway}/{}", self.subnet.prefix());
        self.ip(["address", "replace", &address, "dev", &bridge]).await?;
        self.ip(["link", "set", "dev", &bridge, "mtu", &mtu().to_string(), "up"]).await
    }

    async fn ip<const N: usize>(&self, args: [&str; N]) -> Result<()> {
        let command = Command::new(&self.context.env, "ip").args(args);
        let done = command.run(Deadline::after(PROGRAM_AT_MOST)).await;
        done.map(drop).map_err(|error| {
            DriverError::failed(format!("set up the bridge {}", self.subnet.bridge()), error)
        })
    }

    /// NAT towards everywhere else, and forwarding where the policy is to drop, as it is beside an engine.
    fn rules(&self) -> [Vec<String>; 3] {
        let bridge = self.subnet.bridge();
        let subnet = self.subnet.to_string();
        let rule = |words: &[&str]| {
            let comment = format!("rmachine {bridge}");
            let mut rule: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            rule.splice(2..2, ["-m".to_owned(), "comment".to_owned(), "--comment".to_owned(), comment]);
            rule
        };
        [
            rule(&["nat", "POSTROUTING", "-s", &subnet, "!", "-d", &subnet, "-j", "MASQUERADE"]),
            rule(&["filter", "FORWARD", "-i", &bridge, "-j", "ACCEPT"]),
            rule(&["filter", "FORWARD", "-o", &bridge, "-j", "ACCEPT"]),
        ]
    }

    /// Whether the rule was there (`-C`), or could be taken away (`-D`).
    async fn iptables(&self, action: &str, rule: &[String]) -> Result<bool> {
        let output = self.iptables_command(action, rule).output(Deadline::after(PROGRAM_AT_MOST)).await;
        output
            .map(|output| output.status.success())
            .map_err(|error| DriverError::failed("ask iptables for a rule", error))
    }

    async fn iptables_must(&self, action: &str, rule: &[String]) -> Result<()> {
        let done = self.iptables_command(action, rule).run(Deadline::after(PROGRAM_AT_MOST)).await;
        done.map(drop).map_err(|error| DriverError::failed("add a rule of iptables", error))
    }

    fn iptables_command(&self, action: &str, rule: &[String]) -> Command {
        let (table, rest) =
            rule.split_first().map_or(("filter", rule), |(table, rest)| (table.as_str(), rest));
        Command::new(&self.context.env, "iptables").args(["-w", "10", "-t", table, action]).args(rest)
    }
}

fn set_settings() -> Result<()> {
    let mut remembered = remembered();
    let failed = |name: &str, error: io::Error| DriverError::failed(format!("set {name}"), error);
    for (name, wanted) in SETTINGS {
        let Ok(now) = fs::read_to_string(name) else { continue };
        if now.trim() == wanted {
            continue;
        }
        remembered.entry(name.to_owned()).or_insert_with(|| now.trim().to_owned());
        remember(&remembered).map_err(|error| failed(name, error))?;
        fs::write(name, wanted).map_err(|error| failed(name, error))?;
    }
    Ok(())
}

/// Puts back what was there before the first host, unless another bridge of ours still needs it, or somebody
/// else changed it meanwhile.
fn restore_settings() -> Result<()> {
    if other_bridges() {
        return Ok(());
    }
    let remembered = remembered();
    for (name, wanted) in SETTINGS {
        let is_ours = fs::read_to_string(name).is_ok_and(|now| now.trim() == wanted);
        if let (Some(before), true) = (remembered.get(name), is_ours) {
            fs::write(name, before)
                .map_err(|error| DriverError::failed(format!("put {name} back"), error))?;
        }
    }
    match fs::remove_file(remembered_file()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(DriverError::failed("forget the kernel's former settings", error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

fn other_bridges() -> bool {
    let interfaces = fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    interfaces.into_iter().any(|entry| {
        entry.file_name().to_string_lossy().starts_with("rm-") && entry.path().join("bridge").exists()
    })
}

fn remembered_file() -> PathBuf {
    Path::new(RUN).join("settings.json")
}

fn remembered() -> BTreeMap<String, String> {
    let bytes = fs::read(remembered_file()).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn remember(settings: &BTreeMap<String, String>) -> io::Result<()> {
    let file = tempfile::NamedTempFile::new_in(RUN)?;
    serde_json::to_writer(&file, settings)?;
    file.persist(remembered_file())?;
    Ok(())
}
