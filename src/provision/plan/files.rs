//! The files a host should have, and how that differs from what it has.

use std::fmt::Write as _;

use super::{Change, Content, Source, daemon::Merged, listen::Listen, openrc};
use crate::{
    engine::options,
    provision::{
        Access, Materials, Wishes,
        facts::{Facts, HostFile, Init},
        refusal::Refusal,
        state::{
            DROP_IN_PATH, ENGINES, OLD_DROP_IN, OPENRC_SERVICE, SERVICE_PATH, SERVICE_SOCKET_PATH,
            SOCKET_PATH, STATE_PATH, State, TLS_FOLDER, Unpacked, is_of_service, sha256,
        },
    },
};

/// A file that should be there.
pub(super) struct Wanted {
    path: String,
    mode: u32,
    content: Content,
    purpose: &'static str,
}

/// What should be there, and what should not.
pub(super) struct Files {
    wanted: Vec<Wanted>,
    unwanted: Vec<(String, &'static str)>,
}

/// The units of an engine out of an archive.
const UNITS: [&str; 2] = [
    include_str!("../../../templates/systemd/static-docker.service"),
    include_str!("../../../templates/systemd/static-docker.socket"),
];
const FOLDER_OF_DROP_INS: &str = "/etc/systemd/system/docker.service.d";
const FOLDER_OF_SETTINGS: &str = "/etc/conf.d";
const FOLDER_OF_CONFIG: &str = "/etc/docker";

/// All files, in the order in which they may appear: at no moment is a port open without TLS.
pub(super) fn wanted(
    facts: &Facts,
    wishes: &Wishes,
    materials: &Materials<'_>,
    listen: &Listen,
    daemon: &Merged,
    unpacked: Option<&Unpacked>,
) -> Result<Files, Refusal> {
    let takes_over = super::daemon::takes_over(facts, wishes).is_some();
    let mut wanted = Vec::new();
    let mut want =
        |path: String, mode, content, purpose| wanted.push(Wanted { path, mode, content, purpose });
    if wishes.access == Access::Tls {
        want(format!("{TLS_FOLDER}/ca.pem"), 0o600, Content::Authority, "the CA's certificate");
        want(format!("{TLS_FOLDER}/server.pem"), 0o600, Content::Certificate, "the engine's certificate");
        want(format!("{TLS_FOLDER}/server-key.pem"), 0o600, Content::Key, "its key");
    }
    if daemon.changed {
        if let Some((file, text)) = first_config(facts) {
            let path = format!("{}.rmachine-backup", facts.config_path);
            want(path, file.mode, Content::Text(text), "the engine's settings as they were");
        }
        let mode = super::config_mode(facts, &daemon.after);
        let text = options::render(&daemon.after);
        want(facts.config_path.clone(), mode, Content::Text(text), "the engine's settings");
    }
    if facts.init == Init::OpenRc {
        if unpacked.is_some() {
            want(OPENRC_SERVICE.to_owned(), 0o755, openrc::service(), "the engine's service");
        }
        if let Some((path, mode, content)) = openrc::settings(facts, &wishes.env)? {
            want(path, mode, content, "the engine's variables");
        }
    } else if unpacked.is_some() {
        let [service, socket] = UNITS.map(|text| Content::Text(text.replace("@HOME@", ENGINES)));
        want(SERVICE_PATH.to_owned(), 0o644, service, "the engine's service");
        want(SERVICE_SOCKET_PATH.to_owned(), 0o644, socket, "the engine's socket");
    }
    if listen.by_activation {
        want(SOCKET_PATH.to_owned(), 0o644, Content::Text(socket(facts, listen)), "the engine's port");
    }
    let drop_in = if facts.init == Init::OpenRc { None } else { drop_in(wishes, listen, daemon)? };
    if let Some(text) = drop_in {
        // Variables may hold a proxy's password.
        let mode = if wishes.env.is_empty() { 0o644 } else { 0o600 };
        want(DROP_IN_PATH.to_owned(), mode, Content::Text(text), "how systemd starts the engine");
    }
    let state = State {
        version: 1,
        machine: materials.machine.to_owned(),
        store: Some(materials.store.to_owned()),
        is_made: materials.is_made,
        daemon: daemon.ours.clone(),
        carried: daemon.carried.clone(),
        engine: unpacked.cloned(),
    };
    want(STATE_PATH.to_owned(), 0o600, Content::Text(note(&state)), "our own notes");

    let certificates = ["ca.pem", "server.pem", "server-key.pem"].map(|name| format!("{TLS_FOLDER}/{name}"));
    let mut unwanted: Vec<(String, &'static str)> = [SOCKET_PATH.to_owned(), DROP_IN_PATH.to_owned()]
        .into_iter()
        .chain(certificates)
        .filter(|path| !wanted.iter().any(|file| file.path == *path))
        .map(|path| (path, "no longer wished for"))
        .collect();
    if takes_over {
        unwanted.push((OLD_DROP_IN.to_owned(), "docker-machine's; its settings move to daemon.json"));
    }
    Ok(Files { wanted, unwanted })
}

/// Our note as it is written.
pub(in crate::provision) fn note(state: &State) -> String {
    serde_json::to_string_pretty(state).unwrap_or_default() + "\n"
}

/// The links that an engine out of an archive needs: which version runs, and its programs where people look for them.
pub(super) fn links(source: &Source) -> Vec<Change> {
    let Source::Static(chosen) = source else { return Vec::new() };
    let link =
        |path: String, target: String, purpose: &str| Change::Link { path, target, purpose: purpose.into() };
    let mut links = vec![current(&chosen.version)];
    let program = |name: &str| {
        link(
            format!("/usr/local/bin/{name}"),
            format!("{ENGINES}/current/{name}"),
            "a program of the engine's",
        )
    };
    links.push(program("dockerd"));
    if chosen.brings_client {
        links.push(program("docker"));
    }
    links
}

/// The link that says which version runs.
pub(in crate::provision) fn current(version: &str) -> Change {
    Change::Link {
        path: format!("{ENGINES}/current"),
        target: version.to_owned(),
        purpose: "the version that runs".to_owned(),
    }
}

/// daemon.json as it was before the first adoption, at the first adoption.
fn first_config(facts: &Facts) -> Option<(&HostFile, String)> {
    let file = facts.config.as_ref().filter(|_| facts.origin.is_none())?;
    // It was parsed as JSON, so it is text.
    Some((file, String::from_utf8_lossy(file.bytes.as_deref()?).into_owned()))
}

fn socket(facts: &Facts, listen: &Listen) -> String {
    let mut addresses = String::new();
    for address in &listen.addresses {
        // Writing to a String cannot fail.
        let _ = writeln!(addresses, "ListenStream={address}");
    }
    include_str!("../../../templates/systemd/rmachine-docker.socket")
        .replace("@ADDRESSES@\n", &addresses)
        .replace("@CONFIG@", &facts.config_path)
}

fn drop_in(wishes: &Wishes, listen: &Listen, daemon: &Merged) -> Result<Option<String>, Refusal> {
    let mut text = String::new();
    if listen.by_activation {
        text.push_str(include_str!("../../../templates/systemd/10-rmachine.conf"));
    }
    let mut lines = daemon.carried.environment.clone();
    for variable in &wishes.env {
        lines.push(quoted(variable)?);
    }
    if !lines.is_empty() {
        text.push_str("[Service]\n");
    }
    for line in lines {
        let _ = writeln!(text, "Environment={line}");
    }
    Ok((!text.is_empty()).then_some(text))
}

/// A variable as systemd.exec(5) wants it: quoted, with `%` doubled.
fn quoted(variable: &str) -> Result<String, Refusal> {
    let (name, value) = taken_apart(variable)?;
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    Ok(format!("\"{name}={value}\""))
}

/// Name and value of a variable.
pub(super) fn taken_apart(variable: &str) -> Result<(&str, &str), Refusal> {
    let bad = || Refusal::BadVariable { text: variable.to_owned() };
    let (name, value) = variable.split_once('=').ok_or_else(bad)?;
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_name = starts_well && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name || value.chars().any(char::is_control) {
        return Err(bad());
    }
    Ok((name, value))
}

/// The differences between what should be there and what is.
pub(super) fn changes(facts: &Facts, materials: &Materials<'_>, files: Files) -> Vec<Change> {
    let is_there =
        |path: &str| facts.files.contains_key(path) || facts.texts.iter().any(|file| file.path == path);
    let mut changes = Vec::new();
    for file in files.wanted {
        let sum = sha256(bytes(&file.content, materials));
        let known = facts.files.get(&file.path);
        if known.is_some_and(|known| known.sha256 == sum && known.mode == file.mode) {
            continue;
        }
        changes.push(Change::Write {
            replaces: is_there(&file.path),
            path: file.path,
            mode: file.mode,
            content: file.content,
            purpose: file.purpose.to_owned(),
        });
    }
    let unwanted = files.unwanted.into_iter().filter(|(path, _)| is_there(path));
    changes.extend(unwanted.map(|(path, purpose)| Change::Remove { path, purpose: purpose.to_owned() }));
    let mut folders = folders(&changes);
    folders.append(&mut changes);
    folders
}

/// What a file will hold.
pub(in crate::provision) fn bytes<'a>(content: &'a Content, materials: &'a Materials<'_>) -> &'a [u8] {
    match content {
        Content::Text(text) => text.as_bytes(),
        Content::Authority => materials.authority.as_bytes(),
        Content::Certificate => materials.server.certificate.as_bytes(),
        Content::Key => materials.server.key.expose().as_bytes(),
    }
}

/// The folders that these files need.
fn folders(changes: &[Change]) -> Vec<Change> {
    let needs = |folder: &str| {
        changes.iter().any(|change| matches!(change, Change::Write { path, .. } if path.starts_with(folder)))
    };
    [(FOLDER_OF_CONFIG, 0o755), (TLS_FOLDER, 0o700), (FOLDER_OF_DROP_INS, 0o755), (FOLDER_OF_SETTINGS, 0o755)]
        .into_iter()
        .filter(|(folder, _)| needs(folder))
        .map(|(folder, mode)| Change::Folder { path: folder.to_owned(), mode })
        .collect()
}

/// Why an engine restarts that gets new certificates.
pub(in crate::provision) const CERTIFICATES: &str = "its certificates";

/// What of these changes an engine only takes up when it starts.
pub(super) fn reasons_to_restart(changes: &[Change]) -> Vec<String> {
    type IsMeant = fn(&str) -> bool;
    let touches = |is_meant: IsMeant| {
        changes.iter().any(|change| match change {
            Change::Write { path, .. } | Change::Remove { path, .. } => is_meant(path),
            Change::Install(_)
            | Change::Hostname { .. }
            | Change::Folder { .. }
            | Change::Link { .. }
            | Change::Enable
            | Change::Start
            | Change::Reload { .. }
            | Change::Restart { .. } => false,
        })
    };
    let reasons: [(IsMeant, &str); 2] =
        [(|path| path.starts_with(TLS_FOLDER), CERTIFICATES), (is_of_service, "its units")];
    reasons
        .into_iter()
        .filter(|(is_meant, _)| touches(*is_meant))
        .map(|(_, reason)| reason.to_owned())
        .collect()
}

/// The host's name and the files that hold it, where another one is wished for.
pub(super) fn hostname(facts: &Facts, wishes: &Wishes) -> Vec<Change> {
    let Some(to) = wishes.hostname.as_ref().filter(|name| **name != facts.hostname) else {
        return Vec::new();
    };
    let write = |path: &str, file: Option<&HostFile>, text: String| Change::Write {
        path: path.to_owned(),
        mode: file.map_or(0o644, |file| file.mode),
        content: Content::Text(text),
        replaces: file.is_some(),
        purpose: "the host's name".to_owned(),
    };
    vec![
        Change::Hostname { from: facts.hostname.clone(), to: to.clone() },
        write("/etc/hostname", facts.hostname_file.as_ref(), format!("{to}\n")),
        write("/etc/hosts", facts.hosts_file.as_ref(), hosts(facts.hosts_file.as_ref(), to)),
    ]
}

/// Debian's convention: the host's own name stands behind 127.0.1.1.
fn hosts(file: Option<&HostFile>, name: &str) -> String {
    let old = file.and_then(|file| file.bytes.as_deref()).unwrap_or_default();
    let old = String::from_utf8_lossy(old);
    let is_own = |line: &&str| line.split_whitespace().next() == Some("127.0.1.1");
    let mut text: String =
        old.lines().filter(|line| !is_own(line)).fold(String::new(), |text, line| text + line + "\n");
    let _ = writeln!(text, "127.0.1.1 {name}");
    text
}
