//! The engine's own process: logs, metrics, sockets, TLS.

use crate::engine::options::{
    form::{Form, Item},
    spec::OptionSpec as O,
};

const LISTENS: &str = "the engine keeps its socket, and listens on TCP where --engine-listen says";
const TLS: &str = "rmachine makes the engine's certificates and sets up mutual TLS with them";

/// The options.
pub(super) const OPTIONS: &[O] = &[
    O::new("labels", Form::List(Item::Pair), "Label the engine")
        .flag("label")
        .reload_keeping("[]")
        .example("rack=b7"),
    O::new("debug", Form::Switch, "Log everything").reload_keeping("false").default("false").example("true"),
    O::new(
        "log-level",
        Form::Choice(&["debug", "info", "warn", "error", "fatal"]),
        "Log what is at least this grave",
    )
    .default("info")
    .example("warn"),
    O::new("log-format", Form::Choice(&["text", "json"]), "Log in this format").since(25, 0).default("text"),
    O::new("raw-logs", Form::Switch, "Log with whole timestamps and without colors").default("false"),
    O::new("experimental", Form::Switch, "Turn experiments on").default("false"),
    O::new("metrics-addr", Form::Endpoint, "Show metrics at this address")
        .example("127.0.0.1:9323")
        .with_flag(),
    O::new("authorization-plugins", Form::List(Item::Text), "Ask this plugin whether a request is allowed")
        .flag("authorization-plugin"),
    O::new("group", Form::Text, "Let this group use the engine's socket").default("docker"),
    O::new("exec-root", Form::Path, "Keep what is only true while it runs in this folder")
        .default("/var/run/docker"),
    O::new("pidfile", Form::Path, "Keep the engine's process number in this file")
        .default("/var/run/docker.pid"),
    O::new("rootless", Form::Switch, "Run without root").default("false"),
    O::new("api-cors-header", Form::Text, "Send this header to browsers").until(28, 0),
    O::new(
        "oom-score-adjust",
        Form::Number { least: -1000, most: 1000 },
        "Have the kernel end the engine sooner or later when memory runs out",
    )
    .until(26, 0),
    O::new("hosts", Form::List(Item::Text), "Listen there").flag("host").managed(LISTENS),
    O::new("tls", Form::Switch, "Use TLS").managed(TLS),
    O::new("tlsverify", Form::Switch, "Use TLS and ask clients for certificates").managed(TLS),
    O::new("tlscacert", Form::Path, "Trust clients of this CA").managed(TLS),
    O::new("tlscert", Form::Path, "Show this certificate").managed(TLS),
    O::new("tlskey", Form::Path, "Use this key").managed(TLS),
];
