//! `config.json` of docker-machine before 0.6, versions 0, 1 and 2, as version 3.
//!
//! The steps are docker-machine's own. What it did not know it dropped; here it stays, behind the fields of version 3. Nothing is
//! written: the first verb that saves the machine writes the new form, and the old bytes beside it as `config.json.bak`.

use std::path::Path;

use super::json::Node;

/// Version 3 with Go's zero values, in docker-machine's order.
const ZERO: &str = include_str!("zero.json");

/// The flat fields of version 0 that became authentication options.
const FLAT_AUTH: [&str; 7] = [
    "StorePath",
    "CaCertPath",
    "PrivateKeyPath",
    "ServerCertPath",
    "ServerKeyPath",
    "ClientCertPath",
    "ClientKeyPath",
];
/// The flat fields of version 0 that became swarm options, with their new names.
const FLAT_SWARM: [(&str, &str); 3] =
    [("SwarmHost", "Host"), ("SwarmMaster", "Master"), ("SwarmDiscovery", "Discovery")];

/// The document as version 3. `machine` is the folder's name and `root` the store, for what an old file does not say: its machine's
/// name and, as the folder two above its `StorePath`, its store.
pub(super) fn to_current(mut document: Node, version: u64, machine: &str, root: &Path) -> Node {
    let folder = document.member("StorePath").and_then(Node::as_text);
    let root = folder.as_deref().and_then(grandparent).unwrap_or(root);
    if version < 1 {
        from_0(&mut document);
    }
    if version < 2 {
        from_1(&mut document, machine, root);
    }
    from_2(&mut document, root);
    document.set("ConfigVersion", Node::Literal("3".to_owned()));
    match Node::parse(ZERO) {
        Ok(zero) => completed(zero, document),
        // Our own file; the test below reads it.
        Err(_) => document,
    }
}

/// Flat fields move into the options that a machine has since.
fn from_0(document: &mut Node) {
    let mut auth = Vec::new();
    for key in FLAT_AUTH {
        auth.extend(document.take(key).map(|value| (key, value)));
    }
    let mut swarm = Vec::new();
    for (old, new) in FLAT_SWARM {
        swarm.extend(document.take(old).map(|value| (new, value)));
    }
    let options = document.object("HostOptions");
    let engine = options.object("EngineOptions");
    engine.set("TlsVerify", Node::Literal("true".to_owned()));
    engine.set("InstallURL", Node::text("https://get.docker.com"));
    for (section, fields) in [("SwarmOptions", swarm), ("AuthOptions", auth)] {
        let section = options.object(section);
        for (key, value) in fields {
            section.set(key, value);
        }
    }
}

/// The CA's key is called so, the certificates have a folder, the store's root is where the machine's folder was, and the
/// machine has its name.
fn from_1(document: &mut Node, machine: &str, root: &Path) {
    let auth = document.object("HostOptions").object("AuthOptions");
    if let Some(key) = auth.take("PrivateKeyPath") {
        auth.set("CaPrivateKeyPath", key);
    }
    auth.set("CertDir", Node::text(&root.join("certs").to_string_lossy()));
    auth.set("StorePath", Node::text(&root.to_string_lossy()));
    let known = document.member("Driver").and_then(|driver| driver.member("MachineName")?.as_text());
    let name = known.filter(|name| !name.is_empty()).unwrap_or_else(|| machine.to_owned());
    document.set("Name", Node::text(&name));
}

/// The driver learns where the store is. docker-machine wrote its fields sorted.
fn from_2(document: &mut Node, root: &Path) {
    if let Some(driver @ Node::Object(_)) = document.member_mut("Driver") {
        driver.set("StorePath", Node::text(&root.to_string_lossy()));
        driver.sort();
    }
}

/// The store of a machine's folder, where that is an absolute path.
fn grandparent(folder: &str) -> Option<&Path> {
    Path::new(folder).parent()?.parent().filter(|root| root.is_absolute())
}

/// The fields of `zero` in their order, with the document's values where it has them; then what only the document has.
fn completed(zero: Node, document: Node) -> Node {
    match (zero, document) {
        (Node::Object(zero), Node::Object(mut given)) => {
            let mut members = Vec::new();
            for (key, zero) in zero {
                let there = given.iter().position(|(name, _)| *name == key).map(|at| given.remove(at).1);
                members.push((key, there.map_or(zero.clone(), |value| completed(zero, value))));
            }
            members.append(&mut given);
            Node::Object(members)
        }
        (_, document) => document,
    }
}
