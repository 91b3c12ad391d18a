//! What every driver of docker-machine stores of its host in the same fields: for drivers that are not here, and for machines whose plugin
//! was not asked yet.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    driver::{Base, Context},
    machine::SshEndpoint,
};

/// Where drivers keep the engine's port, those that have one.
const PORTS: [&str; 2] = ["EnginePort", "DockerPort"];
/// The engine's port where nothing is stored.
const PORT: u64 = 2376;
/// The key that docker-machine makes for a host, in the machine's folder.
const KEY: &str = "id_rsa";

/// The engine's URL.
pub(super) fn url(state: &Value) -> Option<String> {
    let stored = state["URL"].as_str().filter(|url| url.starts_with("tcp://"));
    if let Some(url) = stored {
        return Some(url.to_owned());
    }
    let port = PORTS.iter().find_map(|key| state[*key].as_u64()).filter(|port| *port != 0).unwrap_or(PORT);
    ip(state).map(|host| {
        if host.contains(':') { format!("tcp://[{host}]:{port}") } else { format!("tcp://{host}:{port}") }
    })
}

/// The host's address.
pub(super) fn ip(state: &Value) -> Option<String> {
    state["IPAddress"].as_str().filter(|address| !address.is_empty()).map(str::to_owned)
}

/// Where SSH answers; what is not stored is what docker-machine takes.
pub(super) fn ssh(context: &Context, state: &Value) -> Option<SshEndpoint> {
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
