//! From the script's sections to [`Facts`].

mod listeners;

use std::{collections::BTreeMap, net::IpAddr};

use serde::Deserialize;

use super::{
    CloudInit, Container, Disk, Engine, EngineProcess, Facts, FileState, HostFile, Init, Installer, Login,
    Origin, Process, Published, Running, Tools, Unfinished, Unit,
    wire::{Sections, WireError},
};
use crate::{
    machine::EngineVersion,
    provision::{
        os::OsRelease,
        state::{self, STATE_PATH, State},
        unit::{self, TextFile},
    },
};

const ORIGIN: &str = "/var/lib/rmachine/origin/index";

/// Reads all of them.
pub(super) fn facts(sections: &Sections) -> Result<Facts, WireError> {
    let at = Reader(sections);
    let os = at.text("file /etc/os-release").or_else(|| at.text("file /usr/lib/os-release"));
    let config_path = at.text("config").unwrap_or_else(|| "/etc/docker/daemon.json".to_owned());
    let units = units(&at.text("units").unwrap_or_default());
    let texts = unit_texts(at, &units);
    Ok(Facts {
        os: OsRelease::parse(&os.ok_or(WireError::Missing("os-release file"))?),
        arch: at.needed("arch", "architecture")?,
        kernel: at.text("kernel").unwrap_or_default(),
        init: init(at)?,
        is_root: at.needed("uid", "user id")? == "0",
        login: login(at),
        hostname: at.text("hostname").unwrap_or_default(),
        hostname_file: at.host_file("/etc/hostname"),
        hosts_file: at.host_file("/etc/hosts"),
        clock: at.number("clock", "clock")?,
        addresses: at.words("addresses").iter().filter_map(|word| word.parse().ok()).collect(),
        disks: at
            .lines("disks")
            .iter()
            .zip(["", "/", "/etc", "/var/lib", "/opt"])
            .skip(1)
            .filter_map(disk)
            .collect(),
        read_only: at.names("read-only "),
        engine: engine(at, &units, &texts),
        leftover: leftover(at),
        client: at.text("client"),
        has_snap_docker: sections.contains_key("snap"),
        config: at.host_file(&config_path),
        listeners: listeners::listeners(at),
        package_lock: at.text("lock").and_then(|text| process(&text)),
        cloud_init: match at.text("cloud-init").as_deref() {
            Some("running") => CloudInit::Running,
            Some(_over) => CloudInit::Finished,
            None => CloudInit::Absent,
        },
        tools: Tools {
            fetcher: sections.contains_key("curl") || sections.contains_key("wget"),
            iptables: sections.contains_key("iptables"),
        },
        offers: None,
        installer: match at.text("installer") {
            None => Installer::NotAsked,
            Some(said) if said == "yes" => Installer::Answers,
            Some(said) => Installer::Silent(said),
        },
        unfinished: at.text("unfinished").and_then(|text| unfinished(&text)),
        origin: origin(at, &config_path),
        state: state(at),
        files: files(at),
        config_path,
        texts,
    })
}

#[derive(Clone, Copy)]
struct Reader<'a>(&'a Sections);

impl Reader<'_> {
    fn text(self, name: &str) -> Option<String> {
        self.0.get(name).map(|bytes| String::from_utf8_lossy(bytes).trim_end().to_owned())
    }

    fn needed(self, name: &str, what: &'static str) -> Result<String, WireError> {
        self.text(name).ok_or(WireError::Missing(what))
    }

    fn number(self, name: &str, what: &'static str) -> Result<i64, WireError> {
        let text = self.needed(name, what)?;
        text.parse().map_err(|_| WireError::Senseless { name: what, value: text })
    }

    fn lines(self, name: &str) -> Vec<String> {
        self.text(name).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn words(self, name: &str) -> Vec<String> {
        self.text(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }

    /// What follows this prefix in the names of sections.
    fn names(self, prefix: &str) -> Vec<String> {
        self.0.keys().filter_map(|name| name.strip_prefix(prefix)).map(str::to_owned).collect()
    }

    fn mode(self, path: &str) -> Option<u32> {
        let stat = self.text(&format!("stat {path}"))?;
        u32::from_str_radix(stat.split(' ').next()?, 8).ok()
    }

    fn host_file(self, path: &str) -> Option<HostFile> {
        let mode = self.mode(path)?;
        Some(HostFile { bytes: self.0.get(&format!("file {path}")).cloned(), mode })
    }
}

fn init(at: Reader<'_>) -> Result<Init, WireError> {
    Ok(match at.needed("init", "init system")?.as_str() {
        "systemd" => Init::Systemd,
        "openrc" => Init::OpenRc,
        _ => Init::Other,
    })
}

fn login(at: Reader<'_>) -> Option<Login> {
    let mut words = at.words("login").into_iter();
    Some(Login { user: words.next()?, groups: words.collect() })
}

fn disk((line, path): (&String, &str)) -> Option<Disk> {
    let free = line.split_whitespace().nth(3)?;
    Some(Disk { path: path.to_owned(), free_kib: free.parse().ok()? })
}

fn process(text: &str) -> Option<Process> {
    let (pid, name) = text.split_once(' ')?;
    Some(Process { pid: pid.parse().ok()?, name: name.to_owned() })
}

/// The blocks of `systemctl show`, by unit.
fn units(text: &str) -> BTreeMap<String, Unit> {
    text.split("\n\n").filter_map(one_unit).collect()
}

fn one_unit(block: &str) -> Option<(String, Unit)> {
    let one = |key: &str| {
        block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or_default()
    };
    let id = Some(one("Id")).filter(|id| !id.is_empty())?;
    let unit = Unit {
        load: one("LoadState").to_owned(),
        is_active: matches!(one("ActiveState"), "active" | "activating" | "reloading"),
        enabled: one("UnitFileState").to_owned(),
        fragment: Some(one("FragmentPath").to_owned()).filter(|path| !path.is_empty()),
        drop_ins: one("DropInPaths").split_whitespace().map(str::to_owned).collect(),
    };
    Some((id.to_owned(), unit))
}

/// The units' files in the order systemd reads them: the unit, then its drop-ins.
fn unit_texts(at: Reader<'_>, units: &BTreeMap<String, Unit>) -> Vec<TextFile> {
    let paths = units.values().flat_map(|unit| unit.fragment.iter().chain(&unit.drop_ins));
    let texts = paths.filter_map(|path| {
        let text = at.text(&format!("file {path}"))?;
        Some(TextFile { path: path.clone(), text: text + "\n" })
    });
    texts.collect()
}

fn engine(at: Reader<'_>, units: &BTreeMap<String, Unit>, texts: &[TextFile]) -> Option<Engine> {
    let unit = |name: &str| units.get(name).cloned().unwrap_or_default();
    let service = unit("docker.service");
    let info = at.0.get("info").and_then(|bytes| serde_json::from_slice::<Info>(bytes).ok());
    let of_service: Vec<TextFile> = service
        .fragment
        .iter()
        .chain(&service.drop_ins)
        .filter_map(|path| texts.iter().find(|file| file.path == *path).cloned())
        .collect();
    let command = if init(at).ok()? == Init::OpenRc {
        service.drop_ins.first().map(|settings| unit::openrc_command(settings))
    } else {
        unit::exec_start(&of_service)
    };
    let variables = unit::environment(&of_service, &environment_files(at));
    let flags = command.as_ref().map(|command| unit::flags(command, &variables)).unwrap_or_default();
    Some(Engine {
        path: at.text("dockerd")?,
        version: version(at, info.as_ref()),
        socket: unit("docker.socket"),
        our_socket: unit("rmachine-docker.socket"),
        service,
        command,
        variables,
        flags,
        process: at.text("process").and_then(|stat| engine_process(&stat)),
        running: info.and_then(|info| running(at, &info)),
        tasks: at.words("tasks"),
    })
}

fn leftover(at: Reader<'_>) -> Option<u32> {
    match at.text("dockerd") {
        Some(_) => None,
        None => engine_process(&at.text("process")?).map(|process| process.pid),
    }
}

fn environment_files(at: Reader<'_>) -> Vec<TextFile> {
    let shown = at.lines("units");
    let paths = shown.iter().filter_map(|line| line.strip_prefix("EnvironmentFiles=")?.split(' ').next());
    let texts = paths
        .filter_map(|path| Some(TextFile { path: path.to_owned(), text: at.text(&format!("file {path}"))? }));
    texts.collect()
}

fn version(at: Reader<'_>, info: Option<&Info>) -> Option<EngineVersion> {
    let said = match info {
        Some(info) => info.server_version.clone(),
        // "Docker version 20.10.24+dfsg1, build 5d6db84"
        None => at.text("version")?.split_whitespace().nth(2)?.trim_end_matches(',').to_owned(),
    };
    said.parse().ok()
}

/// proc_pid_stat(5): the name stands in parentheses and may hold anything; the start time is the 22nd field.
fn engine_process(stat: &str) -> Option<EngineProcess> {
    let pid = stat.split(' ').next()?.parse().ok()?;
    let after_name = &stat[stat.rfind(')')? + 1..];
    let started = after_name.split_whitespace().nth(19)?.parse().ok()?;
    Some(EngineProcess { pid, started })
}

#[derive(Deserialize)]
struct Info {
    #[serde(rename = "ServerVersion", default)]
    server_version: String,
    #[serde(rename = "LiveRestoreEnabled", default)]
    live_restore: bool,
    #[serde(rename = "Swarm", default)]
    swarm: Swarm,
    #[serde(rename = "CgroupDriver", default)]
    cgroup_driver: Option<String>,
}

#[derive(Default, Deserialize)]
struct Swarm {
    #[serde(rename = "LocalNodeState", default)]
    state: String,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Names", default)]
    names: Vec<String>,
    #[serde(rename = "NetworkSettings", default)]
    network: Networks,
    #[serde(rename = "Labels", default)]
    labels: BTreeMap<String, String>,
    #[serde(rename = "Ports", default)]
    ports: Vec<Port>,
}

#[derive(Deserialize)]
struct Port {
    #[serde(rename = "IP", default)]
    address: String,
    #[serde(rename = "PublicPort", default)]
    public: Option<u16>,
    #[serde(rename = "Type", default)]
    protocol: String,
}

#[derive(Default, Deserialize)]
struct Networks {
    #[serde(rename = "Networks", default)]
    named: Option<BTreeMap<String, serde_json::Value>>,
}

impl Listed {
    fn name(&self) -> String {
        let short = self.id.get(..12).unwrap_or(&self.id);
        self.names.first().map_or(short, |name| name.trim_start_matches('/')).to_owned()
    }

    fn published(&self) -> impl Iterator<Item = Published> {
        let of_tcp = self.ports.iter().filter(|port| port.protocol == "tcp");
        of_tcp.filter_map(|port| {
            Some(Published {
                container: self.name(),
                address: specific(port.address.parse().ok()),
                port: port.public?,
            })
        })
    }
}

fn running(at: Reader<'_>, info: &Info) -> Option<Running> {
    let listed: Vec<Listed> = serde_json::from_slice(at.0.get("containers")?).ok()?;
    let policies = at.lines("policies");
    let policy = |id: &str| {
        let line = policies.iter().find(|line| line.contains(id))?;
        line.rsplit('"').nth(1).map(str::to_owned)
    };
    let published = listed.iter().flat_map(Listed::published).collect();
    let container = |listed: Listed| {
        let name = listed.name();
        let is_on_bridge = listed.network.named.is_some_and(|named| named.contains_key("bridge"));
        let is_task = listed.labels.contains_key("com.docker.swarm.task.id");
        Container { restart: policy(&listed.id), name, id: listed.id, is_on_bridge, is_task }
    };
    Some(Running {
        published,
        containers: listed.into_iter().map(container).collect(),
        is_in_swarm: !matches!(info.swarm.state.as_str(), "" | "inactive"),
        live_restore: info.live_restore,
        cgroup_driver: info.cgroup_driver.clone(),
        info: serde_json::from_slice(at.0.get("info")?).ok()?,
    })
}

fn specific(address: Option<IpAddr>) -> Option<IpAddr> {
    address.filter(|address| !address.is_unspecified())
}

fn unfinished(text: &str) -> Option<Unfinished> {
    let mut words = text.split(' ');
    let is_running = words.next()? == "running";
    let id = words.next()?.to_owned();
    Some(Unfinished { id, is_running, step: words.next().unwrap_or_default().to_owned() })
}

fn origin(at: Reader<'_>, config_path: &str) -> Option<Origin> {
    let index = at.text(&format!("file {ORIGIN}"))?;
    let entries: Vec<[&str; 4]> = index
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(4, ' ');
            Some([parts.next()?, parts.next()?, parts.next()?, parts.next()?])
        })
        .collect();
    let config = entries
        .iter()
        .find(|[kind, .., path]| *kind == "file" && *path == config_path)
        .and_then(|[_, number, ..]| at.0.get(&format!("file /var/lib/rmachine/origin/{number}")).cloned());
    Some(Origin {
        paths: entries.iter().map(|[.., path]| (*path).to_owned()).collect(),
        config,
        was_active: !at.0.contains_key("origin inactive"),
        installed: at.0.contains_key("origin installed"),
    })
}

fn state(at: Reader<'_>) -> Option<State> {
    serde_json::from_slice(at.0.get(&format!("file {STATE_PATH}"))?).ok()
}

fn files(at: Reader<'_>) -> BTreeMap<String, FileState> {
    let summed = at.names("sum ").into_iter().filter_map(|path| {
        let sum = at.text(&format!("sum {path}"))?;
        let sha256 = sum.split(' ').next()?.to_owned();
        let mode = at.mode(&path)?;
        Some((path, FileState { sha256, mode }))
    });
    let read = at.names("file ").into_iter().filter_map(|path| {
        let sha256 = state::sha256(at.0.get(&format!("file {path}"))?);
        let mode = at.mode(&path)?;
        Some((path, FileState { sha256, mode }))
    });
    read.chain(summed).collect()
}
