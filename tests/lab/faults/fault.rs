//! What can go wrong on a host, once and at a given step. `at-step.sh` does it there.

use crate::support::Host;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No packet comes or goes for some seconds, which a connection survives.
    NetworkSilent,
    /// The connection is reset.
    NetworkReset,
    /// The engine is killed with SIGKILL.
    EngineKilled,
    /// Not a byte is left on the disk until the change has ended.
    DiskFilled,
    /// Somebody writes half a `daemon.json`.
    ConfigBroken,
}

/// How long the network is silent where the connection is to survive it.
const SHORT_SILENCE: u32 = 5;

impl Fault {
    pub const ALL: [Self; 5] =
        [Self::NetworkSilent, Self::NetworkReset, Self::EngineKilled, Self::DiskFilled, Self::ConfigBroken];

    fn name(self) -> &'static str {
        match self {
            Self::NetworkSilent => "network-silent",
            Self::NetworkReset => "network-reset",
            Self::EngineKilled => "engine-killed",
            Self::DiskFilled => "disk-filled",
            Self::ConfigBroken => "config-broken",
        }
    }

    /// For the results.
    pub fn words(self) -> &'static str {
        match self {
            Self::NetworkSilent => "network silent for 5 s",
            Self::NetworkReset => "connection reset",
            Self::EngineKilled => "dockerd killed",
            Self::DiskFilled => "disk filled",
            Self::ConfigBroken => "daemon.json broken",
        }
    }

    /// Lets it happen when the next change comes to that step.
    pub fn arm(self, host: &Host, step: &str) {
        self.arm_for(host, step, SHORT_SILENCE);
    }

    /// Where it is a silence, one of so many seconds.
    pub fn arm_for(self, host: &Host, step: &str, seconds: u32) {
        host.sh("rm -rf /run/rmachine; mkdir -m 755 /run/rmachine");
        host.put("/run/rmachine/at-step.new", include_bytes!("at-step.sh"));
        host.sh(&format!(
            "echo '{step} {}' >/run/rmachine/wanted; echo {seconds} >/run/rmachine/seconds",
            self.name()
        ));
        host.sh("cd /run/rmachine && chmod 755 at-step.new && mv at-step.new at-step");
    }

    /// Whether it is one at that step: no engine runs before it is installed.
    pub fn can_happen(self, step: &str) -> bool {
        self != Self::EngineKilled || !matches!(step, "wait" | "install")
    }

    /// Whether a container that runs without live-restore, which the change switches on for a while, can survive it: an engine that is
    /// killed and started again ends it otherwise, whoever killed the engine.
    pub fn spares_containers(self, step: &str) -> bool {
        self != Self::EngineKilled || matches!(step, "swap" | "restart" | "health" | "settle")
    }
}

/// Takes away what a fault left, but for a broken `daemon.json`; says whether one happened at all.
pub fn heal(host: &Host) -> bool {
    let happened = host.run("test -e /run/rmachine/went-wrong").status.success();
    host.sh("rm -rf /run/rmachine /var/tmp/filled /var/tmp/filled-too");
    happened
}
