//! The header of `ls --format 'table ...'`: the template itself, given the fields' headers instead of a machine.
//!
//! docker-machine's header knew no fields of fields, so that `table {{.SwarmOptions.Discovery}}` was an error; here they have headers, too.

use std::rc::Rc;

use crate::template::{Element, Map, Method, Named, Value};

/// What the header is made from.
pub fn headers() -> Value {
    let entries = [
        ("Name", text("NAME")),
        ("Active", text("ACTIVE")),
        ("ActiveHost", text("ACTIVE_HOST")),
        ("ActiveSwarm", text("ACTIVE_SWARM")),
        ("DriverName", text("DRIVER")),
        ("State", with("STATE", &[])),
        ("URL", text("URL")),
        ("SwarmOptions", with("SWARM_OPTIONS", &SWARM)),
        ("Swarm", text("SWARM")),
        ("EngineOptions", with("ENGINE_OPTIONS", &ENGINE)),
        ("Error", text("ERRORS")),
        ("DockerVersion", text("DOCKER")),
        ("ResponseTime", with("RESPONSE", &TIME)),
    ];
    let entries = entries.into_iter().map(|(field, header)| (field.to_owned(), header)).collect();
    Value::Map(Map { element: Element::Text, entries: Rc::new(entries) })
}

fn text(header: &str) -> Value {
    Value::from(header)
}

/// Of a list: a list of one, to go over.
fn list(header: &str) -> Value {
    Value::texts(Some(&[header.to_owned()]))
}

/// A header whose fields have headers of their own.
fn with(header: &str, methods: &'static [Method]) -> Value {
    Value::Named(Rc::new(Named { type_name: "string", number: 0, text: header.to_owned(), methods }))
}

const SWARM: [Method; 14] = [
    ("IsSwarm", |_| text("IS_SWARM")),
    ("Address", |_| text("ADDRESS")),
    ("Discovery", |_| text("DISCOVERY")),
    ("Agent", |_| text("AGENT")),
    ("Master", |_| text("MASTER")),
    ("Host", |_| text("HOST")),
    ("Image", |_| text("IMAGE")),
    ("Strategy", |_| text("STRATEGY")),
    ("Heartbeat", |_| text("HEARTBEAT")),
    ("Overcommit", |_| text("OVERCOMMIT")),
    ("ArbitraryFlags", |_| list("ARBITRARY_FLAGS")),
    ("ArbitraryJoinFlags", |_| list("ARBITRARY_JOIN_FLAGS")),
    ("Env", |_| list("ENV")),
    ("IsExperimental", |_| text("IS_EXPERIMENTAL")),
];

const ENGINE: [Method; 13] = [
    ("ArbitraryFlags", |_| list("ARBITRARY_FLAGS")),
    ("DNS", |_| list("DNS")),
    ("GraphDir", |_| text("GRAPH_DIR")),
    ("Env", |_| list("ENV")),
    ("Ipv6", |_| text("IPV6")),
    ("InsecureRegistry", |_| list("INSECURE_REGISTRY")),
    ("Labels", |_| list("LABELS")),
    ("LogLevel", |_| text("LOG_LEVEL")),
    ("StorageDriver", |_| text("STORAGE_DRIVER")),
    ("SelinuxEnabled", |_| text("SELINUX_ENABLED")),
    ("TLSVerify", |_| text("TLS_VERIFY")),
    ("RegistryMirror", |_| list("REGISTRY_MIRROR")),
    ("InstallURL", |_| text("INSTALL_URL")),
];

const TIME: [Method; 6] = [
    ("Hours", |_| text("HOURS")),
    ("Minutes", |_| text("MINUTES")),
    ("Seconds", |_| text("SECONDS")),
    ("Milliseconds", |_| text("MILLISECONDS")),
    ("Microseconds", |_| text("MICROSECONDS")),
    ("Nanoseconds", |_| text("NANOSECONDS")),
];
