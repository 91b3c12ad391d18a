//! What becomes of running containers when the engine restarts.

use super::Fate;
use crate::{
    engine::options::{self, Options},
    provision::facts::{Container, Engine, Facts, Running},
};

/// Options that decide to what network containers of the default bridge are attached: with another value, those that went on
/// would be cut off. <https://docs.docker.com/engine/daemon/live-restore/>
const OF_THE_BRIDGE: [&str; 8] =
    ["bip", "bip6", "bridge", "default-gateway", "default-gateway-v6", "fixed-cidr", "fixed-cidr-v6", "ipv6"];
/// Options that decide where the engine keeps its containers: with another value, it does not know those any more.
const OF_THE_PLACE: [&str; 6] =
    ["containerd-namespace", "data-root", "exec-root", "graph", "storage-driver", "userns-remap"];

/// The settings that a running engine has, whoever gave them: its flags, the file, and for some its own word.
pub(in crate::provision) fn in_force(engine: Option<&Engine>, file: &Options) -> Options {
    let Some(engine) = engine else { return file.clone() };
    let flags = engine.flags.iter().map(|flag| (flag.name.as_str(), flag.value.as_str()));
    let mut settings = options::merge(options::from_flags(flags), file);
    let info = engine.running.as_ref().map(|running| &running.info);
    for (key, said) in [("storage-driver", "Driver"), ("data-root", "DockerRootDir")] {
        if let Some(value) = info.map(|info| &info[said]).filter(|value| value.is_string()) {
            settings.insert(key.to_owned(), value.clone());
        }
    }
    settings
}

/// The options that will have another value than the running engine has.
pub(in crate::provision) fn changing(facts: &Facts, before: &Options, after: &Options) -> Vec<String> {
    let mut now = in_force(facts.engine.as_ref(), before);
    // What is only the engine's own word does not change by not being said in the file.
    now.retain(|key, _| before.contains_key(key) || after.contains_key(key));
    options::changed_keys(&now, after)
}

/// What a restart does to running containers, where these options change.
pub(in crate::provision) fn fate(facts: &Facts, changed: &[String]) -> Fate {
    let Some(engine) = &facts.engine else { return Fate::NoneRun };
    let Some(running) = &engine.running else {
        return of_unknown(&engine.tasks);
    };
    let containers = running.containers.clone();
    let flagged = engine.flags.iter().any(|flag| flag.name == "live-restore");
    let among = |options: &[&str]| changed.iter().find(|key| options.contains(&key.as_str()));
    let is_on_bridge = || containers.iter().any(|container| container.is_on_bridge);
    match running {
        _ if containers.is_empty() => Fate::NoneRun,
        _ if among(&OF_THE_PLACE).is_some() => Fate::Stop {
            reason: format!(
                "the engine will not find them where it looks with the new {}",
                among(&OF_THE_PLACE).map_or("", String::as_str)
            ),
            containers: containers
                .into_iter()
                .map(|container| Container { restart: None, ..container })
                .collect(),
        },
        _ if among(&OF_THE_BRIDGE).is_some() && is_on_bridge() => Fate::Stop {
            reason: format!(
                "{} changes the network that they are attached to",
                among(&OF_THE_BRIDGE).map_or("", String::as_str)
            ),
            containers,
        },
        Running { live_restore: true, .. } => Fate::GoOn { containers },
        Running { is_in_swarm: true, .. } => {
            Fate::Stop { containers, reason: "a swarm is active, which rules out live-restore".to_owned() }
        }
        _ if flagged => {
            Fate::Stop { containers, reason: "the unit's flags switch live-restore off".to_owned() }
        }
        _ => Fate::Held { containers },
    }
}

fn of_unknown(tasks: &[String]) -> Fate {
    if tasks.is_empty() {
        return Fate::NoneRun;
    }
    let container = |id: &String| Container {
        id: id.clone(),
        name: id.chars().take(12).collect(),
        restart: None,
        is_on_bridge: true,
        is_task: false,
    };
    Fate::Stop {
        containers: tasks.iter().map(container).collect(),
        reason: "the engine does not answer, so live-restore cannot be switched on".to_owned(),
    }
}
