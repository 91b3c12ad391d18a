//! Machines of drivers that are not ours: what a plugin once said of its host, else what every driver of docker-machine stores of it in the
//! same fields. Neither needs the plugin.

use serde::Deserialize;
use serde_json::Value;

use super::plugin::Kept;
use crate::{
    driver::{Base, Context, Identity, Origin, Profile},
    machine::SshEndpoint,
};

/// Where drivers keep the engine's port, those that have one.
const PORTS: [&str; 2] = ["EnginePort", "DockerPort"];
/// The engine's port where nothing is stored.
const PORT: u64 = 2376;
/// The key that docker-machine makes for a host, in the machine's folder.
const KEY: &str = "id_rsa";

/// What is known of such a driver without asking it.
pub(super) fn profile(summary: &'static str) -> Profile {
    Profile {
        summary,
        origin: Origin::Made,
        provisions: true,
        identity: Identity::Users,
        names_host: true,
        is_local: false,
        adopts: None,
    }
}

/// The engine's URL.
pub(super) fn url(state: &Value) -> Option<String> {
    Kept::of(state).url.or_else(|| url_in_fields(state))
}

/// The host's address.
pub(super) fn ip(state: &Value) -> Option<String> {
    Kept::of(state).ip.or_else(|| address(state))
}

/// Where SSH answers.
pub(super) fn ssh(context: &Context, state: &Value) -> Option<SshEndpoint> {
    Kept::of(state).endpoint().or_else(|| ssh_in_fields(context, state))
}

fn url_in_fields(state: &Value) -> Option<String> {
    let stored = state["URL"].as_str().filter(|url| url.starts_with("tcp://"));
    if let Some(url) = stored {
        return Some(url.to_owned());
    }
    let port = PORTS.iter().find_map(|key| state[*key].as_u64()).filter(|port| *port != 0).unwrap_or(PORT);
    address(state).map(|host| {
        if host.contains(':') { format!("tcp://[{host}]:{port}") } else { format!("tcp://{host}:{port}") }
    })
}

fn address(state: &Value) -> Option<String> {
    state["IPAddress"].as_str().filter(|address| !address.is_empty()).map(str::to_owned)
}

/// What is not stored is what docker-machine takes.
fn ssh_in_fields(context: &Context, state: &Value) -> Option<SshEndpoint> {
    let base = Base::deserialize(state).ok()?;
    let key = Some(base.ssh_key_path).filter(|path| !path.is_empty()).map(Into::into);
    Some(SshEndpoint {
        host: Some(base.ip_address).filter(|address| !address.is_empty())?,
        port: Some(base.ssh_port).filter(|port| *port != 0),
        user: Some(base.ssh_user).filter(|user| !user.is_empty()),
        identity: key.or_else(|| Some(context.file(KEY))),
        host_keys: Vec::new(),
        fingerprint: None,
        use_ssh_config: false,
    })
}
