//! The two ways into a machine: SSH to its host, and the Engine API the way the user's client will come.

use std::{net::IpAddr, path::Path, sync::Arc};

use super::{OpsError, World};
use crate::{
    driver::{Driver, Origin},
    engine::api::{Api, Dial, Endpoint},
    machine::SshEndpoint,
    retry::Deadline,
    secret::Secret,
    ssh::{Connect, Session, SshError},
    store::{Record, Stage},
    tls::Identity,
};

/// Where SSH answers on a machine's host.
pub fn endpoint(world: &World, driver: &dyn Driver, record: &Record) -> Result<SshEndpoint, OpsError> {
    let context = world.context(&record.name);
    driver.ssh(&context, &record.config.driver)?.ok_or_else(|| OpsError::NoLogin {
        machine: record.name.to_string(),
        driver: driver.name().to_owned(),
    })
}

/// Logs in on a machine's host; while the host may still be coming up, `patient` tries again until the deadline.
pub async fn session(
    world: &World,
    driver: &dyn Driver,
    record: &Record,
    deadline: Deadline,
    patient: bool,
) -> Result<Session, OpsError> {
    let mut endpoint = endpoint(world, driver, record)?;
    if record.side.stage == Stage::Provisioned && !record.side.host_keys.is_empty() {
        // The key that was demanded at create was pinned then; what is pinned now may have been trusted since.
        endpoint.fingerprint = None;
    }
    let events = world.events.of(&record.name);
    let connect = Connect {
        env: &world.env,
        prompt: Arc::clone(&world.prompt),
        events: &events,
        pinned: &record.side.host_keys,
        sudo_password: world.sudo_password.clone(),
        deadline,
    };
    let outcome: Result<Session, SshError> = if patient {
        Session::wait(&endpoint, &connect).await
    } else {
        Session::connect(&endpoint, &connect).await
    };
    Ok(outcome?)
}

/// The engine of a machine as the user's client reaches it: mutual TLS, or its socket through SSH.
pub async fn engine(
    world: &World,
    driver: &dyn Driver,
    record: &Record,
    deadline: Deadline,
) -> Result<Api, OpsError> {
    if url(world, driver, record)?.starts_with("ssh://") {
        let session = session(world, driver, record, deadline, false).await?;
        return Ok(Api::new(Endpoint::Stream(Arc::new(session) as Arc<dyn Dial>)));
    }
    let auth = &record.config.host_options.auth_options;
    let read = |copy, original: &String| read(&world.store.machine_dir(&record.name).join(copy), original);
    let authority = read("ca.pem", &auth.ca_cert_path)?;
    let client = Identity {
        certificate: read("cert.pem", &auth.client_cert_path)?,
        key: Secret::new(read("key.pem", &auth.client_key_path)?),
    };
    engine_as(world, driver, record, authority, client)
}

/// The engine of a machine by mutual TLS, for this client, which trusts these CAs.
pub fn engine_as(
    world: &World,
    driver: &dyn Driver,
    record: &Record,
    authority: String,
    client: Identity,
) -> Result<Api, OpsError> {
    let (host, port) = host_and_port(&url(world, driver, record)?)
        .ok_or_else(|| OpsError::NoUrl { machine: record.name.to_string() })?;
    let Identity { certificate, key } = client;
    Ok(Api::new(Endpoint::Tls { host, port, authority, certificate, key }))
}

/// The engine's URL: the side file's, kept current by every verb that can change it, else the driver's.
pub fn url(world: &World, driver: &dyn Driver, record: &Record) -> Result<String, OpsError> {
    if let Some(url) = &record.side.url {
        return Ok(url.clone());
    }
    driver
        .url(&world.context(&record.name), &record.config.driver)?
        .ok_or_else(|| OpsError::NoUrl { machine: record.name.to_string() })
}

/// The engine's port as the driver has it from its flags; `None` where the driver knows no address yet.
pub fn port(world: &World, driver: &dyn Driver, record: &Record) -> Result<Option<u16>, OpsError> {
    let url = driver.url(&world.context(&record.name), &record.config.driver)?;
    Ok(url.as_deref().and_then(host_and_port).map(|(_, port)| port))
}

/// The host's own address, as far as the connection shows it. A host that we made and that answers on loopback is behind a port that
/// leads to it, and has another.
pub fn reached(driver: &dyn Driver, session: &Session) -> Option<IpAddr> {
    let is_forwarded = |peer: &IpAddr| peer.is_loopback() && driver.profile().origin == Origin::Made;
    session.peer_address().filter(|peer| !is_forwarded(peer))
}

/// Host and port of `tcp://host:port`; IPv6 addresses stand in brackets.
pub fn host_and_port(url: &str) -> Option<(String, u16)> {
    let rest = url.strip_prefix("tcp://")?.trim_end_matches('/');
    let (host, port) = rest.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    Some((host.to_owned(), port.parse().ok()?)).filter(|(host, _)| !host.is_empty())
}

/// `tcp://host:port`, with brackets where they are due.
pub fn tcp_url(host: &str, port: u16) -> String {
    if host.contains(':') { format!("tcp://[{host}]:{port}") } else { format!("tcp://{host}:{port}") }
}

/// `ssh://user@host`, as the docker client takes it; a port only where the user's ssh_config does not decide it.
pub fn ssh_url(user: &str, host: &str, port: Option<u16>) -> String {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("ssh://{user}@{host}{port}")
}

/// The copy in the machine's folder, which is what `env` hands to the client, else the original.
fn read(copy: &Path, original: &str) -> Result<String, OpsError> {
    let failed = |source| OpsError::CertificateFile { path: copy.to_owned(), source };
    std::fs::read_to_string(copy).or_else(|_| std::fs::read_to_string(original)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_host_and_port_in_every_form() {
        assert_eq!(host_and_port("tcp://10.0.0.5:2376"), Some(("10.0.0.5".into(), 2376)));
        assert_eq!(host_and_port("tcp://[fd00::5]:2376"), Some(("fd00::5".into(), 2376)));
        assert_eq!(tcp_url("fd00::5", 2376), "tcp://[fd00::5]:2376");
        assert_eq!(ssh_url("ann", "fd00::5", Some(2222)), "ssh://ann@[fd00::5]:2222");
        assert_eq!(ssh_url("root", "n1", None), "ssh://root@n1");
        for wrong in ["10.0.0.5:2376", "tcp://10.0.0.5", "tcp://:2376", "tcp://h:99999"] {
            assert_eq!(host_and_port(wrong), None, "{wrong}");
        }
    }
}
