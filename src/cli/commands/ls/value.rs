//! A machine as templates see it: docker-machine's own types and names, field for field.

use std::rc::Rc;

use super::item::Item;
use crate::{
    machine::State,
    store::{EngineOptions, SwarmOptions},
    template::{Field, Named, Struct, Value, duration},
};

/// What a machine's row is made from.
pub fn item(item: &Item<'_>) -> Value {
    let active = item.active.unwrap_or_default();
    let options = item.record.map(|record| &record.config.host_options);
    structure(
        "commands.HostListItem",
        false,
        vec![
            Field::new("Name", item.name),
            Field::new("Active", item.active_cell()),
            Field::new("ActiveHost", active.host),
            Field::new("ActiveSwarm", active.swarm),
            Field::new("DriverName", item.driver.as_str()),
            Field::new("State", state(item.state.unwrap_or(State::None))),
            Field::new("URL", item.url.as_str()),
            Field::new(
                "SwarmOptions",
                options.map_or(Value::NilPointer("swarm.Options"), |options| swarm(&options.swarm_options)),
            ),
            Field::new("Swarm", item.swarm.as_str()),
            Field::new(
                "EngineOptions",
                options
                    .map_or(Value::NilPointer("engine.Options"), |options| engine(&options.engine_options)),
            ),
            Field::new("Error", item.error.as_str()),
            Field::new("DockerVersion", item.docker.as_str()),
            Field::new("ResponseTime", duration(item.took)),
        ],
    )
}

fn structure(type_name: &'static str, is_pointer: bool, fields: Vec<Field>) -> Value {
    Value::Struct(Rc::new(Struct { type_name, is_pointer, fields }))
}

/// docker-machine counts its states; the one it does not have comes after them.
fn state(state: State) -> Value {
    let number = match state {
        State::None => 0,
        State::Running => 1,
        State::Paused => 2,
        State::Saved => 3,
        State::Stopped => 4,
        State::Stopping => 5,
        State::Starting => 6,
        State::Error => 7,
        State::Timeout => 8,
        State::NotFound => 9,
    };
    Value::Named(Rc::new(Named { type_name: "state.State", number, text: state.to_string(), methods: &[] }))
}

fn swarm(options: &SwarmOptions) -> Value {
    let texts = |texts: &Option<Vec<String>>| Value::texts(texts.as_deref());
    structure(
        "swarm.Options",
        true,
        vec![
            Field::new("IsSwarm", options.is_swarm),
            Field::new("Address", options.address.as_str()),
            Field::new("Discovery", options.discovery.as_str()),
            Field::new("Agent", options.agent),
            Field::new("Master", options.master),
            Field::new("Host", options.host.as_str()),
            Field::new("Image", options.image.as_str()),
            Field::new("Strategy", options.strategy.as_str()),
            Field::new("Heartbeat", options.heartbeat),
            Field::new("Overcommit", options.overcommit.as_f64().unwrap_or_default()),
            Field::new("ArbitraryFlags", texts(&options.arbitrary_flags)),
            Field::new("ArbitraryJoinFlags", texts(&options.arbitrary_join_flags)),
            Field::new("Env", texts(&options.env)),
            Field::new("IsExperimental", options.is_experimental),
        ],
    )
}

fn engine(options: &EngineOptions) -> Value {
    let texts = |texts: &Option<Vec<String>>| Value::texts(texts.as_deref());
    structure(
        "engine.Options",
        true,
        vec![
            Field::new("ArbitraryFlags", texts(&options.arbitrary_flags)),
            Field { name: "DNS", json: "Dns", value: texts(&options.dns) },
            Field::new("GraphDir", options.graph_dir.as_str()),
            Field::new("Env", texts(&options.env)),
            Field::new("Ipv6", options.ipv6),
            Field::new("InsecureRegistry", texts(&options.insecure_registry)),
            Field::new("Labels", texts(&options.labels)),
            Field::new("LogLevel", options.log_level.as_str()),
            Field::new("StorageDriver", options.storage_driver.as_str()),
            Field::new("SelinuxEnabled", options.selinux_enabled),
            Field { name: "TLSVerify", json: "TlsVerify", value: options.tls_verify.into() },
            Field::new("RegistryMirror", texts(&options.registry_mirror)),
            Field::new("InstallURL", options.install_url.as_str()),
        ],
    )
}
