//! What a driver is told of `create`.

use super::Request;
use crate::driver::{FlagValue, Flags};

/// The driver's flags, and those of `create` itself that docker-machine told its drivers, too.
pub(super) fn told(request: &Request) -> Flags {
    let text = |text: &str| FlagValue::Text(text.to_owned());
    let (engine, swarm) = (&request.engine_options, &request.swarm_options);
    let shared = [
        ("driver", text(&request.driver)),
        ("engine-install-url", text(&engine.install_url)),
        ("engine-storage-driver", text(&engine.storage_driver)),
        ("swarm", FlagValue::Bool(swarm.agent)),
        ("swarm-addr", text(&swarm.address)),
        ("swarm-discovery", text(&swarm.discovery)),
        ("swarm-experimental", FlagValue::Bool(swarm.is_experimental)),
        ("swarm-host", text(&swarm.host)),
        ("swarm-image", text(&swarm.image)),
        ("swarm-master", FlagValue::Bool(swarm.master)),
        ("swarm-strategy", text(&swarm.strategy)),
    ];
    let mut flags = request.flags.clone();
    for (name, value) in shared {
        flags.0.entry(name.to_owned()).or_insert(value);
    }
    flags
}
