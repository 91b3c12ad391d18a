//! Settings of the engine that make its host easier or harder to take.

use std::net::IpAddr;

use serde_json::Value;

use super::{Cure, Finding, Severity};
use crate::{
    engine::options::{self, Options},
    provision::{
        facts::{Engine, Facts},
        plan,
    },
};

/// The default of insecure registries, which every engine has.
const LOOPBACK: &str = "127.0.0.0/8";

pub(super) fn judge(facts: &Facts) -> Vec<Finding> {
    let Some(engine) = &facts.engine else { return Vec::new() };
    let file = facts.config.as_ref().and_then(|file| options::parse(file.bytes.as_deref()?).ok());
    let settings = plan::in_force(Some(engine), &file.unwrap_or_default());
    let mut findings: Vec<Finding> = sockets(facts, engine, &settings);
    findings.extend(protections(engine, &settings));
    findings.extend(switches(engine, &settings));
    findings
}

fn is(settings: &Options, key: &str, value: bool) -> bool {
    settings.get(key).and_then(Value::as_bool) == Some(value)
}

/// TCP sockets of the engine that ask nobody for a certificate.
fn sockets(facts: &Facts, engine: &Engine, settings: &Options) -> Vec<Finding> {
    let hosts = settings.get("hosts").and_then(Value::as_array).into_iter().flatten();
    let told: Vec<String> = hosts.filter_map(Value::as_str).map(str::to_owned).collect();
    let mut findings = Vec::new();
    if !is(settings, "tlsverify", true) {
        for host in told.iter().filter(|host| host.starts_with("tcp://")) {
            let severity = if is_loopback(host.trim_start_matches("tcp://")) {
                Severity::Medium
            } else {
                Severity::High
            };
            let text = "anybody who reaches it is root on the host: it asks nobody for a certificate";
            let cure = closing(facts, engine, host);
            findings.push(Finding::new("tcp-without-tls", severity, text, cure).about(host));
        }
    }
    let metrics = settings.get("metrics-addr").and_then(Value::as_str);
    if let Some(address) = metrics.filter(|address| !is_loopback(address)) {
        let text = "metrics are shown to everybody who reaches that address";
        findings.push(
            Finding::new("metrics", Severity::Medium, text, Cure::Set("metrics-addr=127.0.0.1:9323"))
                .about(address),
        );
    }
    let ours = engine.our_socket.is_active;
    let everywhere = facts.listeners.iter().any(|one| one.port == 2376 && one.address.is_none());
    if ours && everywhere {
        let text = "the engine listens on every address of the host, guarded by TLS";
        let cure = Cure::ByHand("listen on one address only: engine set NAME hosts=tcp://IP".to_owned());
        findings.push(Finding::new("listens-everywhere", Severity::Low, text, cure));
    }
    findings
}

/// What closes a socket, or guards it: only those that we opened are ours to see to.
fn closing(facts: &Facts, engine: &Engine, host: &str) -> Cure {
    let ours = facts.state.as_ref().and_then(|state| state.daemon.get("hosts")?.as_array());
    if ours.is_some_and(|hosts| hosts.iter().any(|one| one == host)) {
        return Cure::Provision;
    }
    let is_flag = engine.flags.iter().any(|flag| flag.name == "host" && flag.value == host);
    let place = match engine.command.as_ref().filter(|_| is_flag) {
        None => facts.config_path.clone(),
        Some(command) if command.words.iter().any(|word| word.contains(host)) => command.path.clone(),
        Some(command) => format!("the file that {} takes variables from", command.path),
    };
    Cure::ByHand(format!("take {host} out of {place} on the host, then: provision NAME"))
}

fn is_loopback(address: &str) -> bool {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What keeps a container from becoming its host.
fn protections(engine: &Engine, settings: &Options) -> Vec<Finding> {
    let running = engine.running.as_ref();
    let has = |name: &str| {
        let list = running.and_then(|running| running.info["SecurityOptions"].as_array());
        list.is_none_or(|list| list.iter().filter_map(Value::as_str).any(|option| option.contains(name)))
    };
    let profile = settings.get("seccomp-profile").and_then(Value::as_str);
    let mut findings = Vec::new();
    if profile == Some("unconfined") || !has("name=seccomp") {
        let text = "containers may make every system call, also those that only attacks need";
        findings.push(Finding::new("seccomp", Severity::High, text, Cure::Unset("seccomp-profile")));
    }
    if !settings.contains_key("userns-remap") && !has("name=userns") && !has("name=rootless") {
        let text = "root in a container is root on the host, once it gets out";
        findings.push(Finding::new("userns", Severity::Medium, text, Cure::Set("userns-remap=default")));
    }
    if !is(settings, "no-new-privileges", true) {
        let text = "programs in containers may gain privileges, by setuid for one";
        findings.push(Finding::new(
            "no-new-privileges",
            Severity::Medium,
            text,
            Cure::Set("no-new-privileges=true"),
        ));
    }
    findings
}

fn switches(engine: &Engine, settings: &Options) -> Vec<Finding> {
    let is_in_swarm = engine.running.as_ref().is_some_and(|running| running.is_in_swarm);
    let mut findings = Vec::new();
    if !is(settings, "icc", false) {
        let text = "containers on the default bridge reach each other on every port";
        findings.push(Finding::new("icc", Severity::Medium, text, Cure::Set("icc=false")));
    }
    if is(settings, "iptables", false) {
        let text = "without rules of the firewall no network of containers is kept apart from another";
        findings.push(Finding::new("iptables", Severity::Medium, text, Cure::Set("iptables=true")));
    }
    let registries = settings.get("insecure-registries").and_then(Value::as_array).into_iter().flatten();
    for registry in registries.filter_map(Value::as_str).filter(|registry| *registry != LOOPBACK) {
        let text = "images of that registry are taken from whoever answers in its place";
        findings.push(
            Finding::new("insecure-registry", Severity::Medium, text, Cure::Unset("insecure-registries"))
                .about(registry),
        );
    }
    if !is(settings, "live-restore", true) && !is_in_swarm {
        let text = "containers end with the engine, at each of its updates";
        findings.push(Finding::new("live-restore", Severity::Low, text, Cure::Set("live-restore=true")));
    }
    if !is(settings, "userland-proxy", false) {
        let text = "a process of the host listens for each published port, where a rule of the firewall does";
        findings.push(Finding::new("userland-proxy", Severity::Low, text, Cure::Set("userland-proxy=false")));
    }
    if is(settings, "experimental", true) {
        let text = "experiments are on, which nobody promises anything about";
        findings.push(Finding::new("experimental", Severity::Low, text, Cure::Unset("experimental")));
    }
    findings
}
