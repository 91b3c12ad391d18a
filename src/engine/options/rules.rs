//! Options that exclude each other or need one another, known before the engine is asked to start with them.
//!
//! From the engine's own checks (`daemon/daemon_unix.go`, `daemon/config`), and from what it accepts and then cannot do.

use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::Value;

use super::{Options, error::OptionError, form::Mistake};
use crate::machine::EngineVersion;

/// What decides about some pairs.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The engine's version, where it is known.
    pub version: Option<EngineVersion>,
    /// Whether the engine is part of a swarm.
    pub is_in_swarm: bool,
    /// `systemd` or `cgroupfs`, where it is known.
    pub cgroup_driver: Option<String>,
    /// The log drivers that the engine has; empty where that is not known.
    pub log_drivers: Vec<String>,
}

/// Judges all options that an engine would have, whoever set them.
pub fn judge(options: &Options, around: &Surroundings) -> Result<(), OptionError> {
    exclusive(options)?;
    firewall(options, around)?;
    swarm(options, around)?;
    bridge_networks(options)?;
    ipv6(options, around)?;
    containers(options, around)?;
    logs(options, around)
}

/// An engine that looks for a log driver that it does not have takes a quarter of a minute to give up.
fn logs(options: &Options, around: &Surroundings) -> Result<(), OptionError> {
    let Some(driver) = text(options, "log-driver") else { return Ok(()) };
    // Plugins, which may not be listed, have a repository or a tag in their names.
    let is_plugin = driver.contains(['/', ':']);
    if around.log_drivers.is_empty() || is_plugin || around.log_drivers.iter().any(|known| known == driver) {
        return Ok(());
    }
    let expected = format!("one of {}", around.log_drivers.join(", "));
    let mistake = Mistake { expected, meant: None };
    Err(OptionError::WrongForm { key: "log-driver".to_owned(), mistake, found: driver.to_owned() })
}

fn text<'a>(options: &'a Options, key: &str) -> Option<&'a str> {
    options.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn is(options: &Options, key: &str, value: bool) -> bool {
    options.get(key).and_then(Value::as_bool) == Some(value)
}

fn said(options: &Options, key: &str) -> String {
    let value = options.get(key).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    format!("{key}={}", value.unwrap_or_default())
}

fn pair(options: &Options, one: &str, other: &str, reason: &'static str) -> OptionError {
    OptionError::Pair { one: said(options, one), other: said(options, other), reason }
}

fn exclusive(options: &Options) -> Result<(), OptionError> {
    const OWN_BRIDGE: &str = "the engine gives an address only to a bridge that it makes itself";
    for key in ["bip", "bip6"] {
        if text(options, "bridge").is_some() && text(options, key).is_some() {
            return Err(pair(options, key, "bridge", OWN_BRIDGE));
        }
    }
    if options.contains_key("host-gateway-ip") && options.contains_key("host-gateway-ips") {
        return Err(pair(options, "host-gateway-ip", "host-gateway-ips", "the second replaces the first"));
    }
    Ok(())
}

fn firewall(options: &Options, around: &Surroundings) -> Result<(), OptionError> {
    const BY_RULES: &str = "containers are kept apart by rules of the firewall";
    if is(options, "icc", false) && is(options, "iptables", false) {
        return Err(pair(options, "icc", "iptables", BY_RULES));
    }
    if is(options, "icc", false) && is(options, "ipv6", true) && is(options, "ip6tables", false) {
        return Err(pair(options, "icc", "ip6tables", BY_RULES));
    }
    let is_old = around.version.as_ref().is_some_and(|version| !version.is_at_least(27, 0));
    if is_old && is(options, "ip6tables", true) && !is(options, "experimental", true) {
        return Err(OptionError::Needs {
            one: said(options, "ip6tables"),
            needs: "experimental=true",
            reason: "engines before 27.0 have it only as an experiment",
        });
    }
    Ok(())
}

fn swarm(options: &Options, around: &Surroundings) -> Result<(), OptionError> {
    let swarm = || "a swarm".to_owned();
    if around.is_in_swarm && is(options, "live-restore", true) {
        let reason = "a swarm moves containers itself, and the engine refuses to start with both";
        return Err(OptionError::Pair { one: said(options, "live-restore"), other: swarm(), reason });
    }
    if around.is_in_swarm && text(options, "firewall-backend") == Some("nftables") {
        let reason = "swarm networks are made with iptables";
        return Err(OptionError::Pair { one: said(options, "firewall-backend"), other: swarm(), reason });
    }
    Ok(())
}

/// What must lie within the network of the default bridge.
fn bridge_networks(options: &Options) -> Result<(), OptionError> {
    const OUTSIDE: &str = "it must lie within the bridge's network";
    for (bridge, parts) in
        [("bip", ["fixed-cidr", "default-gateway"]), ("bip6", ["fixed-cidr-v6", "default-gateway-v6"])]
    {
        let Some(net) = text(options, bridge).and_then(|text| text.parse::<IpNet>().ok()) else { continue };
        for part in parts {
            let is_outside = |text: &str| match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
                (Ok(inner), _) => !net.trunc().contains(&inner),
                (_, Ok(address)) => !net.contains(&address),
                (Err(_), Err(_)) => false,
            };
            if text(options, part).is_some_and(is_outside) {
                return Err(pair(options, part, bridge, OUTSIDE));
            }
        }
    }
    Ok(())
}

fn ipv6(options: &Options, around: &Surroundings) -> Result<(), OptionError> {
    let is_old = around.version.as_ref().is_some_and(|version| !version.is_at_least(27, 0));
    if is_old && is(options, "ipv6", true) && text(options, "fixed-cidr-v6").is_none() {
        return Err(OptionError::Needs {
            one: said(options, "ipv6"),
            needs: "fixed-cidr-v6=fd00:9::/64 or another network of yours",
            reason: "engines before 27.0 choose none themselves",
        });
    }
    Ok(())
}

fn containers(options: &Options, around: &Surroundings) -> Result<(), OptionError> {
    if let Some(name) = text(options, "default-runtime") {
        let own =
            options.get("runtimes").and_then(Value::as_object).is_some_and(|map| map.contains_key(name));
        // A dot makes it the name of a shim, which the engine looks for on PATH.
        if name != "runc" && !name.contains('.') && !own {
            return Err(OptionError::Needs {
                one: said(options, "default-runtime"),
                needs: "runtimes to name it",
                reason: "the engine knows only runc by itself",
            });
        }
    }
    let chosen = options
        .get("exec-opts")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find_map(|value| value.as_str()?.strip_prefix("native.cgroupdriver=").map(str::to_owned));
    let is_systemd = chosen.or_else(|| around.cgroup_driver.clone()).as_deref() == Some("systemd");
    let parent = text(options, "cgroup-parent");
    if is_systemd && parent.is_some_and(|parent| parent.strip_suffix(".slice").is_none_or(str::is_empty)) {
        return Err(OptionError::Needs {
            one: said(options, "cgroup-parent"),
            needs: "the form NAME.slice",
            reason: "systemd keeps the engine's control groups",
        });
    }
    Ok(())
}
