//! Containers: what they may, what they get, and where their logs go.

use crate::engine::options::{
    form::{Form, Item},
    spec::OptionSpec as O,
};

const MICROSECONDS: Form = Form::Number { least: 0, most: i64::MAX };

/// The options.
pub(super) const OPTIONS: &[O] = &[
    O::new("live-restore", Form::Switch, "Let containers go on while the engine restarts")
        .reload_keeping("false")
        .default("false")
        .example("true")
        .with_flag(),
    O::new("log-driver", Form::Text, "Keep containers' output with this driver")
        .default("json-file")
        .example("journald")
        .with_flag(),
    O::new("log-opts", Form::Map(Item::Text), "Give the log driver this option")
        .flag("log-opt")
        .example("max-size=10m")
        .with_flag(),
    O::new("default-ulimits", Form::Ulimits, "Limit what containers may use of this")
        .flag("default-ulimit")
        .example("nofile=64000:64000")
        .with_flag(),
    O::new("default-shm-size", Form::Size, "Give containers this much shared memory")
        .reload_keeping("\"64M\"")
        .default("64M")
        .example("128M"),
    O::new(
        "default-ipc-mode",
        Form::Choice(&["private", "shareable"]),
        "Share containers' System V objects like this",
    )
    .reload_keeping("\"private\"")
    .default("private"),
    O::new(
        "default-cgroupns-mode",
        Form::Choice(&["private", "host"]),
        "Show containers their own control groups, or the host's",
    ),
    O::new("cgroup-parent", Form::Text, "Put containers' control groups below this one")
        .example("containers.slice")
        .with_flag(),
    O::new(
        "userns-remap",
        Form::Text,
        "Let root in containers be this user of the host; default: the user dockremap",
    )
    .example("default")
    .with_flag(),
    O::new("no-new-privileges", Form::Switch, "Let no program in a container gain privileges")
        .default("false")
        .example("true")
        .with_flag(),
    O::new(
        "seccomp-profile",
        Form::Text,
        "Let containers make the system calls of this file on the host, or unconfined",
    )
    .default("builtin")
    .example("/etc/docker/seccomp.json")
    .with_flag(),
    O::new("selinux-enabled", Form::Switch, "Label containers for SELinux").default("false"),
    O::new("init", Form::Switch, "Run an init in each container").default("false").example("true"),
    O::new("init-path", Form::Path, "Run this init"),
    O::new("default-runtime", Form::Text, "Run containers with this runtime")
        .reload_keeping("\"runc\"")
        .default("runc")
        .example("crun"),
    O::new("runtimes", Form::Runtimes, "Know this runtime")
        .flag("add-runtime")
        .reload_keeping("{}")
        .example("crun=/usr/bin/crun"),
    O::new("exec-opts", Form::List(Item::Pair), "Give the runtime this option")
        .flag("exec-opt")
        .example("native.cgroupdriver=systemd"),
    O::new("cdi-spec-dirs", Form::List(Item::Path), "Look for devices' descriptions in this folder")
        .flag("cdi-spec-dir")
        .since(25, 0)
        .example("/etc/cdi"),
    O::new("node-generic-resources", Form::List(Item::Pair), "Tell a swarm that this node has this resource")
        .flag("node-generic-resource")
        .example("gpu=UUID1"),
    O::new("cpu-rt-period", MICROSECONDS, "Set the period of containers' real time, in microseconds"),
    O::new("cpu-rt-runtime", MICROSECONDS, "Set the share of containers' real time, in microseconds"),
    O::new(
        "shutdown-timeout",
        Form::Number { least: -1, most: i64::MAX },
        "Give containers this many seconds to end when the engine does",
    )
    .reload_keeping("15")
    .default("15")
    .example("60"),
];
