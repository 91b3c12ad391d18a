//! Every reason not to touch a host, found before anything is changed.

mod holder;
mod judge;

use std::net::IpAddr;

pub use self::holder::Holder;
pub(super) use self::judge::{judge, judge_room_for};
use super::facts::Container;
use crate::engine::options::{OptionError, ParseError};

/// Why a host is left alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The login does not lead to root.
    #[error("the scripts do not run as root there")]
    NotRoot,
    /// Neither systemd nor OpenRC.
    #[error("{os} is run by neither systemd nor OpenRC, and no other init system is supported")]
    NoInit {
        /// The host's operating system.
        os: String,
    },
    /// No engine, and nothing we know to install one with.
    #[error("there is no engine, and installing one on {os} is not supported")]
    UnsupportedOs {
        /// The host's operating system.
        os: String,
    },
    /// The engine is part of the system, and is not there.
    #[error("{os} has the engine built in, and it is switched off there")]
    BuiltInIsOff {
        /// The host's operating system.
        os: String,
    },
    /// The vendor's script refuses the system.
    #[error("the vendor's installer does not support {os}")]
    ScriptDoesNotFit {
        /// The host's operating system.
        os: String,
    },
    /// The archive is for another computer.
    #[error("the engine in the archive is for {archive}, and the host is {host}")]
    WrongArch {
        /// The archive's.
        archive: String,
        /// The host's.
        host: String,
    },
    /// No iptables, and no way to get it.
    #[error("the engine needs iptables, which the host does not have")]
    NoIptables,
    /// There is no such version.
    #[error("{offered_by} has no engine {version}{}", neighbours(.nearest))]
    NoSuchVersion {
        /// What was asked for.
        version: String,
        /// What was asked.
        offered_by: String,
        /// The versions next to it.
        nearest: Vec<String>,
    },
    /// Nobody says which versions there are.
    #[error("the versions that {offered_by} has cannot be seen: {reason}")]
    NoOffers {
        /// What was asked.
        offered_by: String,
        /// Why.
        reason: String,
    },
    /// Another version is there.
    #[error("the engine that is there is {there}, and {version} is asked for")]
    OtherVersion {
        /// The version that is there.
        there: String,
        /// What was asked for.
        version: String,
    },
    /// A URL of neither an archive nor a folder.
    #[error("{url} is neither an archive (docker-VERSION.tgz) nor a folder (with a slash at its end)")]
    OddArchive {
        /// The URL.
        url: String,
    },
    /// Nothing is known of the version before.
    #[error("there is no way back: nothing was kept of an engine before this one")]
    NoWayBack,
    /// The engine came in a way that we cannot follow.
    #[error("how the engine {path} came to be on {os} is not known")]
    NotUpgradable {
        /// The host's operating system.
        os: String,
        /// The engine.
        path: String,
    },
    /// The engine came in packages, or with the system, and there would be no way back.
    #[error(
        "on {os} an engine is not upgraded from here, because there would be no way back; on the host: {command}"
    )]
    UpgradedThere {
        /// The host's operating system.
        os: String,
        /// What upgrades the engine there.
        command: String,
    },
    /// No engine, and none was to be installed.
    #[error("there is no engine, and none is to be installed")]
    NoEngine,
    /// The engine is not reached by TLS, so there is nothing to renew.
    #[error("the engine there has no certificates")]
    NoCertificates,
    /// No client on the host, which access over SSH needs.
    #[error("access over SSH needs the docker client on the host, and there is none")]
    NoClient,
    /// The login cannot use the engine's socket, which access over SSH needs.
    #[error(
        "access over SSH needs a login that may use the engine's socket, and {user} is not in the group docker"
    )]
    NoSocketAccess {
        /// The login.
        user: String,
    },
    /// The installer cannot be had.
    #[error("the installer {url} cannot be fetched from there: {reason}")]
    NoInstaller {
        /// Its URL.
        url: String,
        /// Why.
        reason: String,
    },
    /// A file system is read-only.
    #[error("{path} is read-only")]
    ReadOnly {
        /// Where.
        path: String,
    },
    /// A disk is full.
    #[error("{path} has {free_mib} MiB free, and {needed_mib} MiB are needed")]
    DiskFull {
        /// Where.
        path: String,
        /// What is free.
        free_mib: u64,
        /// What is needed.
        needed_mib: u64,
    },
    /// snap's docker.
    #[error(
        "docker is installed as a snap, which cannot see most of the host and keeps its own configuration"
    )]
    SnapDocker,
    /// The engine's unit is masked.
    #[error("docker.service is masked")]
    Masked,
    /// There is an engine without a unit.
    #[error("the engine {path} has no docker.service that starts it")]
    NoUnit {
        /// dockerd's path.
        path: String,
    },
    /// An engine runs, and its program is gone.
    #[error("an engine runs (pid {pid}) whose program is gone")]
    Leftover {
        /// Its process.
        pid: u32,
    },
    /// daemon.json is broken.
    #[error("{path} cannot be read: {source}")]
    BrokenConfig {
        /// Where it is.
        path: String,
        /// Where in it, and what.
        source: ParseError,
    },
    /// daemon.json is something else.
    #[error("{path} is too large to be what it should be")]
    HugeConfig {
        /// Where it is.
        path: String,
    },
    /// The engine reads another file.
    #[error(
        "{unit} starts the engine with --config-file={path}, and only /etc/docker/daemon.json is supported"
    )]
    OtherConfig {
        /// The unit file.
        unit: String,
        /// The file it names.
        path: String,
    },
    /// A path that no script should get.
    #[error("the path {path:?} holds characters that are not supported")]
    OddPath {
        /// The path.
        path: String,
    },
    /// A setting that the engine would refuse.
    #[error(transparent)]
    BadOption(#[from] OptionError),
    /// A setting that the unit gives as a flag too.
    #[error(
        "{key} cannot be set: {unit} starts the engine with --{flag}, and the engine refuses to get it twice"
    )]
    FlagConflict {
        /// The key in daemon.json.
        key: String,
        /// The flag.
        flag: String,
        /// The unit file.
        unit: String,
    },
    /// docker-machine's drop-in holds a flag that has no place in daemon.json.
    #[error("{unit} starts the engine with --{flag}={value}, which cannot be taken over")]
    UnknownFlag {
        /// The drop-in.
        unit: String,
        /// The flag.
        flag: String,
        /// Its value.
        value: String,
    },
    /// The engine serves TLS with certificates of somebody else's.
    #[error("{path} sets up TLS with certificates of its own ({key}); its clients would be shut out")]
    OwnTls {
        /// Where.
        path: String,
        /// Which setting.
        key: String,
    },
    /// The engine listens on TCP already.
    #[error("{path} makes the engine listen on {address}, and TLS would apply to that too")]
    OwnListener {
        /// Where.
        path: String,
        /// The address.
        address: String,
    },
    /// The unit names sockets, and none that we could add to.
    #[error("{unit} starts the engine with --host={host}, so no other address can be added in daemon.json")]
    OwnHosts {
        /// The unit file.
        unit: String,
        /// The address.
        host: String,
    },
    /// Somebody else has the port.
    #[error("port {port} is taken{}", .by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default())]
    PortTaken {
        /// The port.
        port: u16,
        /// Who has it, where that is known.
        by: Option<String>,
    },
    /// Another machine has the host.
    #[error("the host belongs to {holder}")]
    Held {
        /// Which.
        holder: Holder,
    },
    /// Another machine has taken the host over.
    #[error("the host has been taken over by {holder}")]
    TakenOver {
        /// Which.
        holder: Holder,
        /// Whether our record can go while the host stays.
        can_forget: bool,
    },
    /// Containers would stop.
    #[error("restarting the engine would stop {}: {reason}", names(.containers))]
    ContainersWouldStop {
        /// Which.
        containers: Vec<Container>,
        /// Why they cannot be kept.
        reason: String,
    },
    /// An environment variable that is none.
    #[error("{text:?} is not an environment variable such as HTTP_PROXY=http://proxy:3128")]
    BadVariable {
        /// What was given.
        text: String,
    },
    /// An earlier transaction has not ended.
    #[error("a change of the host is under way there (step {step})")]
    Unfinished {
        /// Where it is.
        step: String,
    },
    /// An address to listen on that the host does not have.
    #[error("the host does not have the address {address}; it has {}", addresses(.own))]
    ForeignAddress {
        /// The address.
        address: IpAddr,
        /// The host's own.
        own: Vec<IpAddr>,
    },
    /// An address to listen on that cannot be.
    #[error("{address} cannot be listened on")]
    BadAddress {
        /// The address.
        address: IpAddr,
    },
}

impl Refusal {
    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotRoot => "log in as root, or as a user with sudo",
            Self::UnsupportedOs { .. } => "install an engine there by hand, then run the same command again",
            Self::NoWayBack => "choose a version: --engine-version VERSION",
            Self::NotUpgradable { .. } => "upgrade it there, as it was installed",
            Self::UpgradedThere { .. } => {
                "upgrade it with that command there; certificates, options and `provision` go on as before"
            }
            Self::NoIptables => "install iptables there, or use --engine-opt iptables=false",
            Self::NoSuchVersion { .. } => "choose one of those with --engine-version",
            Self::NoOffers { .. } => "use --engine-install bundle, which asks nobody",
            Self::OtherVersion { .. } => {
                "adopt it as it is, then: rmachine upgrade NAME --engine-version VERSION"
            }
            Self::OddArchive { .. } => "give the whole URL, or --engine-version VERSION with it",
            Self::WrongArch { .. } => "take the archive for that computer",
            Self::BuiltInIsOff { .. } => {
                "switch it on there (it is a system extension), then run the same command again"
            }
            Self::NoEngine => "use --engine-install auto",
            Self::NoCertificates => "provision the machine first",
            Self::NoClient => "install the docker client there",
            Self::ScriptDoesNotFit { .. } | Self::NoInstaller { .. } => "use --engine-install distro",
            Self::SnapDocker => "run `snap remove docker` there, then run the same command again",
            Self::Masked => "run `systemctl unmask docker.service` there",
            Self::OwnTls { .. } | Self::OwnListener { .. } | Self::OwnHosts { .. } => {
                "use --engine-access ssh, or take that setting out first"
            }
            Self::ForeignAddress { .. } => "listen on one of those, or on all: --engine-listen 0.0.0.0",
            Self::PortTaken { .. } => {
                "end that, or choose another port: --generic-engine-port PORT; or open none: --engine-access ssh"
            }
            Self::ContainersWouldStop { .. } => "use --yes to let them stop",
            Self::FlagConflict { .. } => {
                "take the flag out of the unit, or of the file that the unit takes variables from, such as /etc/default/docker"
            }
            Self::Leftover { .. } => {
                "end it there: systemctl stop docker.service docker.socket (rc-service docker stop)"
            }
            Self::BrokenConfig { .. } => "mend that file there, or move it away",
            Self::DiskFull { .. } => "make room there, then run the same command again",
            Self::NoSocketAccess { .. } => {
                "log in as root, or let that login in (which makes it as good as root): usermod -aG docker LOGIN"
            }
            // What to type names machines.
            Self::Held { .. }
            | Self::TakenOver { .. }
            | Self::NoInit { .. }
            | Self::ReadOnly { .. }
            | Self::NoUnit { .. }
            | Self::HugeConfig { .. }
            | Self::OtherConfig { .. }
            | Self::OddPath { .. }
            | Self::BadOption(_)
            | Self::UnknownFlag { .. }
            | Self::BadVariable { .. }
            | Self::Unfinished { .. }
            | Self::BadAddress { .. } => return None,
        })
    }
}

fn addresses(own: &[IpAddr]) -> String {
    own.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Names as people list them.
pub(super) fn names(containers: &[Container]) -> String {
    let names: Vec<&str> = containers.iter().map(|container| container.name.as_str()).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        [one] => format!("the container {one}"),
        many => format!("{} containers ({})", many.len(), many.join(", ")),
    }
}

fn neighbours(nearest: &[String]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; the nearest are {}", nearest.join(", ")) }
}
