//! docker-machine's voice against what docker-machine printed (tests/fixtures/docker-machine), by the real binary under its name.

mod framework;
mod messages;
mod stored;
mod swarm;

use serde_json::json;

use crate::home::{Home, config};

/// A recorded text.
macro_rules! recorded {
    ($file:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/docker-machine/", $file))
    };
}
pub(crate) use recorded;

/// An engine where nobody listens.
pub const URL: &str = "tcp://127.0.0.1:1";

/// A store with a machine of each kind: `n1` whose engine does not answer, `down` whose host is down, `kvm1` whose driver is
/// missing, `stuck` whose host cannot be removed, `future` whose record is of a later version.
pub fn store() -> Home {
    let of_driver = |name: &str, driver: &str, state: &serde_json::Value| {
        config(name, state).to_string().replace("\"none\"", &format!("{driver:?}"))
    };
    let down = json!({ "IPAddress": "127.0.0.1", "EnginePort": 1, "SSHPort": 1 });
    Home::classic()
        .with_machine("n1", URL)
        .with_certificates("n1")
        .with_config("down", &of_driver("down", "generic", &down))
        .with_config("kvm1", &of_driver("kvm1", "kvm", &json!({})))
        .with_config(
            "stuck",
            &of_driver("stuck", "rehearsal", &json!({ "Folder": "/nowhere", "Fault": "remove" })),
        )
        .with_config("future", r#"{ "ConfigVersion": 4 }"#)
}
