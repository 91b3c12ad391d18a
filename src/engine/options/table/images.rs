//! Images: where they come from, how, and where they are kept.

use crate::engine::options::{
    form::{Form, Item},
    spec::OptionSpec as O,
};

const COUNT: Form = Form::Number { least: 1, most: 1000 };

/// The options.
pub(super) const OPTIONS: &[O] = &[
    O::new("insecure-registries", Form::List(Item::Registry), "Trust this registry without TLS")
        .flag("insecure-registry")
        .reload_keeping("[]")
        .example("registry.example.org:5000"),
    O::new("registry-mirrors", Form::List(Item::Url), "Pull through this mirror")
        .flag("registry-mirror")
        .reload_keeping("[]")
        .example("https://mirror.example.org"),
    O::new(
        "allow-nondistributable-artifacts",
        Form::List(Item::Registry),
        "Push layers that are not for everybody to this registry",
    )
    .reload_keeping("[]"),
    O::new("proxies", Form::Proxies, "Have the engine itself go out through this proxy")
        .parts(&["http-proxy", "https-proxy", "no-proxy"])
        .since(23, 0)
        .example("http-proxy=http://proxy:3128")
        .with_flag(),
    O::new("max-concurrent-downloads", COUNT, "Pull this many layers at once").reload().default("3"),
    O::new("max-concurrent-uploads", COUNT, "Push this many layers at once").reload().default("5"),
    O::new("max-download-attempts", COUNT, "Try this often to pull a layer").reload().default("5"),
    O::new("data-root", Form::Path, "Keep images, containers and volumes in this folder")
        .default("/var/lib/docker")
        .example("/srv/docker")
        .with_flag(),
    O::new("storage-driver", Form::Text, "Keep images with this driver").example("overlay2"),
    O::new("storage-opts", Form::List(Item::Pair), "Give the storage driver this option")
        .flag("storage-opt")
        .example("overlay2.size=10G")
        .with_flag(),
    O::new("builder", Form::Object, "Set up the builder").example("{\"gc\": {\"enabled\": true}}"),
    O::new("features", Form::Map(Item::Switch), "Turn this feature on or off")
        .flag("feature")
        .reload()
        .example("buildkit=true")
        .with_flag(),
    O::new("containerd", Form::Path, "Use the containerd at this socket"),
    O::new("containerd-namespace", Form::Text, "Keep containers in this namespace of containerd")
        .default("moby"),
    O::new("containerd-plugins-namespace", Form::Text, "Keep plugins in this namespace of containerd")
        .default("plugins.moby"),
    O::new("cri-containerd", Form::Switch, "Start containerd for a kubelet too").default("false"),
    O::new("graph", Form::Path, "Keep images, containers and volumes in this folder, as data-root does")
        .until(23, 0),
];
