//! A machine's certificates: the server's, and the copies that clients are pointed at.

use std::path::Path;

use super::{
    Advice, Fix, Found,
    authority::{each, fits, read},
};
use crate::{
    ops::{OpsError, World, certs},
    secret::Secret,
    store::Record,
    tls::Identity,
};

/// Looks at them, where the machine has any: an engine that is only pointed at, or reached through SSH, has none.
pub(super) fn look(world: &World, record: &Record) -> Result<Vec<Found>, OpsError> {
    let folder = world.store.machine_dir(&record.name);
    let is_over_ssh = record.side.url.as_deref().is_some_and(|url| url.starts_with("ssh://"));
    if is_over_ssh || !world.driver(record)?.profile().provisions {
        return Ok(Vec::new());
    }
    let Some(authorities) = known_authorities(world, record, &folder)? else {
        return Ok(vec![server_fault(world, record, "the CA of its certificates is nowhere to be found")]);
    };
    let (certificate, key) = (read(&folder.join("server.pem"))?, read(&folder.join("server-key.pem"))?);
    let trouble = match (certificate, key) {
        (Some(certificate), Some(key)) => {
            fits(&Identity { certificate, key: Secret::new(key) }, &authorities)
                .err()
                .map(|error| format!("server.pem cannot be used: {error}"))
        }
        (None, _) => Some("server.pem is missing".to_owned()),
        (Some(_), None) => Some("server-key.pem is missing".to_owned()),
    };
    let mut found: Vec<Found> = trouble.map(|what| server_fault(world, record, what)).into_iter().collect();
    found.extend(copies(world, record, &folder, found.is_empty())?);
    Ok(found)
}

/// The CA that is recorded, and those that the machine's own copy holds.
fn known_authorities(world: &World, record: &Record, folder: &Path) -> Result<Option<String>, OpsError> {
    let recorded = read(&certs::recorded(&world.store, record).ca_certificate)?;
    let copy = read(&folder.join("ca.pem"))?;
    Ok(match (recorded, copy) {
        (None, None) => None,
        (recorded, copy) => Some(recorded.unwrap_or_default() + "\n" + &copy.unwrap_or_default()),
    })
}

fn server_fault(world: &World, record: &Record, what: impl Into<String>) -> Found {
    let found = Found::fault(record.name.as_str(), "server-certificate", what);
    let is_here = world.drivers().has(&record.config.driver_name);
    found.advised(if is_here { Advice::RegenerateCerts } else { Advice::AskDockerMachine })
}

/// Copies follow their originals, as long as the server's certificate is of the same CA: else they are what still works.
fn copies(
    world: &World,
    record: &Record,
    folder: &Path,
    server_is_fit: bool,
) -> Result<Vec<Found>, OpsError> {
    let originals = certs::recorded(&world.store, record);
    let (Some(ca), Some(client), Some(key)) = (
        read(&originals.ca_certificate)?,
        read(&originals.client_certificate)?,
        read(&originals.client_key)?,
    ) else {
        return Ok(Vec::new());
    };
    let copy = |name: &str| read(&folder.join(name));
    let holds_ca = copy("ca.pem")?.is_some_and(|copy| {
        let there: Vec<String> = each(&copy).iter().map(|pem| pem.trim().to_owned()).collect();
        each(&ca).iter().all(|pem| there.iter().any(|copy| copy == pem.trim()))
    });
    let mut differing = Vec::new();
    if !holds_ca {
        differing.push(("ca.pem", &ca));
    }
    for (name, original) in [("cert.pem", &client), ("key.pem", &key)] {
        if copy(name)?.as_ref() != Some(original) {
            differing.push((name, original));
        }
    }
    if differing.is_empty() {
        return Ok(Vec::new());
    }
    let is_of_this_ca = match (copy("server.pem")?, copy("server-key.pem")?) {
        (Some(certificate), Some(key)) => fits(&Identity { certificate, key: Secret::new(key) }, &ca).is_ok(),
        _ => false,
    };
    if server_is_fit && !is_of_this_ca {
        let what = "its certificates are of another CA than the store's";
        return Ok(vec![
            Found::fault(record.name.as_str(), "other-ca", what).advised(Advice::RegenerateCerts),
        ]);
    }
    let found = differing.into_iter().map(|(name, original)| {
        let what = format!("{name} is missing or differs from the store's");
        let fix = Fix::Write { path: folder.join(name), bytes: original.as_bytes().to_vec() };
        Found::fault(record.name.as_str(), "certificate-copy", what).mended_by("copies the store's", fix)
    });
    Ok(found.collect())
}
