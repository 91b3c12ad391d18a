//! A plan as people read it: what will be done, to what, and what that means for what runs.

use super::{Change, Fate, Packages, Plan, Source, Static, Supplied};
use crate::provision::refusal::names;

/// One line per change, then where the engine will listen, notes, and the digest.
pub(super) fn plan(plan: &Plan) -> String {
    let mut lines = changes(plan);
    if lines.is_empty() {
        lines.push("nothing to change".to_owned());
    }
    let starts = plan.changes.iter().any(|change| matches!(change, Change::Start));
    if !plan.restarts() && !starts {
        lines.push("the engine is not restarted".to_owned());
    }
    let listen: Vec<String> = plan.listen.iter().map(ToString::to_string).collect();
    if !listen.is_empty() {
        lines.push(format!(
            "the engine listens on {}, for clients with our certificate",
            listen.join(" and ")
        ));
    }
    lines.extend(plan.notes.iter().map(|note| format!("note: {note}")));
    lines.push(format!("plan {}", plan.digest()));
    lines.join("\n") + "\n"
}

/// One line per change.
pub(super) fn changes(plan: &Plan) -> Vec<String> {
    plan.changes.iter().filter_map(change).collect()
}

fn change(change: &Change) -> Option<String> {
    Some(match change {
        Change::Install(source) => install(source),
        Change::Hostname { from, to } => format!("rename the host from {from} to {to}"),
        Change::Folder { .. } => return None,
        Change::Write { path, replaces: true, purpose, .. } => format!("change {path} ({purpose})"),
        Change::Write { path, replaces: false, purpose, .. } => format!("write {path} ({purpose})"),
        Change::Remove { path, purpose } => format!("remove {path} ({purpose})"),
        Change::Link { path, target, purpose } => format!("link {path} to {target} ({purpose})"),
        Change::Enable => "start the engine with the host from now on".to_owned(),
        Change::Start => "start the engine".to_owned(),
        Change::Reload { because } => format!("let the engine read again: {}", because.join(", ")),
        Change::Restart { because, containers } => {
            format!("restart the engine for {}; {}", because.join(", "), fate(containers))
        }
    })
}

fn install(source: &Source) -> String {
    match source {
        Source::Packages(packages) => packages_in_words(packages),
        Source::Script { url, version, first } => {
            let version =
                version.as_ref().map(|version| format!(" for version {version}")).unwrap_or_default();
            format!("{}run the installer {url}{version}", then(first.as_ref()))
        }
        Source::Back(packages) => format!("bring back {}, as they were kept", packages.names.join(", ")),
        Source::Static(chosen) => format!("{}{}", then(chosen.first.as_ref()), unpack(chosen)),
    }
}

fn unpack(chosen: &Static) -> String {
    let Static { version, supplied, .. } = chosen;
    match supplied {
        Supplied::Fetched { url, sha256: None } => format!("unpack engine {version} from {url}"),
        Supplied::Fetched { url, sha256: Some(sum) } => {
            format!("unpack engine {version} from {url} (sha256 {sum})")
        }
        Supplied::Sent { sha256, bytes } => {
            format!("send and unpack engine {version} ({} MiB, sha256 {sha256})", bytes.div_ceil(1024 * 1024))
        }
        Supplied::There => format!("use engine {version}, which is still there"),
    }
}

fn then(packages: Option<&Packages>) -> String {
    packages.map(|packages| format!("{}, then ", packages_in_words(packages))).unwrap_or_default()
}

fn packages_in_words(packages: &Packages) -> String {
    let from = packages.repository.as_ref().map(|url| format!(" from the repository {url}"));
    format!("install {}{}", packages.names.join(", "), from.unwrap_or_default())
}

fn fate(fate: &Fate) -> String {
    match fate {
        Fate::NoneRun => "no container runs".to_owned(),
        Fate::GoOn { containers } => format!("{} will go on", names(containers)),
        Fate::Held { containers } => {
            format!("{} will go on, with live-restore switched on meanwhile", names(containers))
        }
        Fate::Stop { containers, reason } => {
            let gone: Vec<_> =
                containers.iter().filter(|container| !container.comes_back()).cloned().collect();
            let rest = if gone.is_empty() {
                "and be started again".to_owned()
            } else {
                format!("and {} will not be started again by itself", names(&gone))
            };
            format!("{} will stop, {rest} ({reason})", names(containers))
        }
    }
}
