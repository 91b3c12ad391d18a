//! What to type instead of a `create` with classic swarm's flags: the same `create` without them, then the swarm of today with this machine
//! in it.

use crate::{
    cli::{app::App, argv, parse},
    machine::MachineName,
    store::SwarmOptions,
};

use super::Chosen;

/// Flags that only classic swarm knows.
const CLASSIC: [&str; 10] = [
    "swarm",
    "swarm-addr",
    "swarm-discovery",
    "swarm-experimental",
    "swarm-host",
    "swarm-image",
    "swarm-join-opt",
    "swarm-master",
    "swarm-opt",
    "swarm-strategy",
];
/// Both commands, with the values that the user typed.
pub fn lines(app: &App, options: &SwarmOptions, names: &[MachineName], chosen: Option<&Chosen>) -> String {
    let all = names.iter().map(MachineName::as_str).collect::<Vec<_>>().join(",");
    let master = master(app, &options.discovery).filter(|_| !options.master);
    let (managers, workers) = match &master {
        Some(master) => (master.as_str(), all.as_str()),
        None if options.master => (all.as_str(), ""),
        // An agent whose master is not known manages itself: a node of today does both.
        None => all.split_once(',').unwrap_or((&all, "")),
    };
    let workers = if workers.is_empty() { String::new() } else { format!(" --workers {workers}") };
    let first = managers.split(',').next().unwrap_or_default();
    // A master that is no agent ran nothing but the swarm itself.
    let drained = if options.master && !options.agent { " --drain-managers" } else { "" };
    let advertised =
        match (names, options.address.rsplit_once(':').map_or(options.address.as_str(), |(host, _)| host)) {
            ([name], address) if !address.is_empty() => format!(" --advertise {name}={address}"),
            _ => String::new(),
        };
    let create = create(app, chosen);
    format!(
        "rmachine {create} && rmachine swarm create --managers {managers}{workers}{drained}{advertised} {first}-swarm"
    )
}

/// The line as it was typed, without classic swarm's flags; secrets are left out.
fn create(app: &App, chosen: Option<&Chosen>) -> String {
    let specs = chosen.and_then(|chosen| app.drivers().find(&chosen.driver)).map(|driver| driver.flags());
    let secret: Vec<String> =
        specs.unwrap_or_default().into_iter().filter(|spec| spec.secret).map(|spec| spec.name).collect();
    let words = argv::words(&app.env);
    let kept = argv::retold(&words, &parse::shown(&app.env), &CLASSIC, &secret);
    kept.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

/// The machine that was made the master of the same classic swarm.
fn master(app: &App, discovery: &str) -> Option<String> {
    let records = app.store().ok().and_then(|store| store.all().ok()).unwrap_or_default();
    let is_it =
        |options: &SwarmOptions| options.master && !discovery.is_empty() && options.discovery == discovery;
    records
        .into_iter()
        .filter_map(|(name, record)| Some((name, record.ok()?)))
        .find(|(_, record)| is_it(&record.config.host_options.swarm_options))
        .map(|(name, _)| name)
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:@,+=%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
