//! From a plan to a transaction on the host.

use super::{
    Materials, ProvisionError,
    plan::{Change, Fate, Packages, Plan, Source, Static, Supplied, bytes},
    state::{ENGINES, ENGINES_HOME, OLD_DROP_IN},
    transaction::Transaction,
};
use crate::{event::Events, remote::Remote, retry::Deadline};

/// The link by which systemd starts the engine with the host.
const ENABLED: &str = "/etc/systemd/system/multi-user.target.wants/docker.service";

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Whether an engine was installed.
    pub installed: bool,
    /// Whether a running engine was restarted.
    pub restarted: bool,
}

/// Applies a plan: all of it or nothing, whether or not this connection lives to see it. An empty plan does nothing.
pub async fn apply(
    remote: &dyn Remote,
    plan: &Plan,
    materials: &Materials<'_>,
    deadline: Deadline,
    events: &Events,
) -> Result<Applied, ProvisionError> {
    if plan.is_empty() {
        return Ok(Applied::default());
    }
    transaction(plan, materials).run(remote, deadline, events).await?;
    let installed = plan.changes.iter().any(|change| matches!(change, Change::Install(_)));
    Ok(Applied { installed, restarted: plan.restarts() })
}

fn transaction(plan: &Plan, materials: &Materials<'_>) -> Transaction {
    let mut transaction = Transaction::new(&plan.config.path, plan.config.mode);
    transaction.expect(&plan.config.path, plan.config.expected.as_deref());
    for change in &plan.changes {
        files(&mut transaction, change, materials);
    }
    if !transaction.is_about(&plan.config.path) {
        transaction.other("keep", None, &plan.config.path);
    }
    steps(&mut transaction, plan);
    if !materials.environment.is_empty() {
        transaction.environment(&materials.environment);
    }
    if let (Some(archive), true) = (materials.archive, sends_archive(plan)) {
        transaction.send(&archive.bytes);
    }
    transaction
}

fn sends_archive(plan: &Plan) -> bool {
    plan.changes.iter().any(|change| {
        matches!(change, Change::Install(Source::Static(Static { supplied: Supplied::Sent { .. }, .. })))
    })
}

/// The part of a change that is about files.
fn files(transaction: &mut Transaction, change: &Change, materials: &Materials<'_>) {
    match change {
        Change::Folder { path, mode } => transaction.other("dir", Some(*mode), path),
        Change::Write { path, mode, content, .. } => transaction.file(path, *mode, bytes(content, materials)),
        Change::Remove { path, .. } => transaction.other("absent", None, path),
        Change::Hostname { to, .. } => transaction.tell("hostname", to.as_str()),
        Change::Enable => {
            transaction.other("keep", None, ENABLED);
            transaction.tell("enable", "");
        }
        Change::Link { path, target, .. } => transaction.link(path, target),
        Change::Install(Source::Static(chosen)) => {
            // The first one brings the folder of all.
            transaction.other("tree", None, ENGINES_HOME);
            transaction.other("tree", None, &format!("{ENGINES}/{}", chosen.version));
        }
        Change::Install(_) | Change::Start | Change::Reload { .. } | Change::Restart { .. } => {}
    }
}

/// The steps, in the order in which nothing is done twice: files lie there before an engine's first start, and what can
/// be found wrong is found before anything is swapped.
fn steps(transaction: &mut Transaction, plan: &Plan) {
    let install = plan.changes.iter().find_map(|change| match change {
        Change::Install(source) => Some(source),
        _ => None,
    });
    if let Some(source) = install {
        transaction.step("wait");
        tell_source(transaction, source);
    }
    transaction.step("stage");
    if install.is_some_and(keeps) {
        transaction.step("keep");
    }
    let is_static = matches!(install, Some(Source::Static(_)));
    if is_static {
        transaction.step("unpack");
    }
    if plan.can_validate {
        transaction.step("validate");
    }
    let held = matches!(plan.fate(), Some(Fate::Held { .. }));
    if held {
        transaction.hold(&plan.config.before, &plan.config.after);
        transaction.step("hold");
    }
    if plan.is_live && matches!(plan.fate(), Some(Fate::Stop { .. })) {
        transaction.let_go(&plan.config.before);
        transaction.tell("let-go", "");
        transaction.step("let_go");
    }
    transaction.forget(&plan.config.before, &plan.config.after);
    if plan.opens_new_socket() {
        transaction.tell("open-socket", "");
    } else if plan.changes.iter().any(touches_units) {
        transaction.tell("daemon-reload", "");
    }
    transaction.step("swap");
    if install.is_some() && !is_static {
        transaction.step("install");
    }
    engine_steps(transaction, plan);
    if held {
        transaction.step("settle");
    }
}

/// Whether the way back has to be kept first.
fn keeps(source: &Source) -> bool {
    match source {
        Source::Packages(packages) | Source::Back(packages) => !packages.keep.is_empty(),
        Source::Script { .. } | Source::Static(_) => false,
    }
}

fn touches_units(change: &Change) -> bool {
    match change {
        Change::Write { path, .. } | Change::Remove { path, .. } => path.starts_with("/etc/systemd/"),
        Change::Enable => true,
        Change::Install(_)
        | Change::Hostname { .. }
        | Change::Folder { .. }
        | Change::Link { .. }
        | Change::Start
        | Change::Reload { .. }
        | Change::Restart { .. } => false,
    }
}

fn engine_steps(transaction: &mut Transaction, plan: &Plan) {
    let step = plan.changes.iter().find_map(|change| match change {
        Change::Start => Some("start"),
        Change::Reload { .. } => Some("reload"),
        Change::Restart { .. } => Some("restart"),
        Change::Install(_)
        | Change::Hostname { .. }
        | Change::Folder { .. }
        | Change::Write { .. }
        | Change::Remove { .. }
        | Change::Link { .. }
        | Change::Enable => None,
    });
    let Some(step) = step else { return };
    if plan.changes.iter().any(|change| matches!(change, Change::Remove { path, .. } if path == OLD_DROP_IN))
    {
        transaction.tell("new-socket", "");
    }
    if let Some(address) = plan.listen.first() {
        transaction.tell("port", format!("{:04X}", address.port()));
        if plan.by_activation {
            transaction.tell("socket", "");
        }
    }
    if plan.keeps_port() {
        transaction.tell("keep-port", "");
    }
    transaction.step(step);
    transaction.step("health");
}

fn tell_source(transaction: &mut Transaction, source: &Source) {
    match source {
        Source::Packages(packages) => {
            transaction.tell("install", "packages");
            tell_packages(transaction, packages);
        }
        Source::Script { url, version, first } => {
            transaction.tell("install", "script");
            transaction.tell("url", url.as_str());
            if let Some(version) = version {
                transaction.tell("version", version.as_str());
            }
            if let Some(packages) = first {
                tell_packages(transaction, packages);
            }
        }
        Source::Static(chosen) => tell_static(transaction, chosen),
        Source::Back(packages) => {
            transaction.tell("install", "back");
            tell_packages(transaction, packages);
        }
    }
}

fn tell_static(transaction: &mut Transaction, chosen: &Static) {
    transaction.tell("static", chosen.version.as_str());
    match &chosen.supplied {
        Supplied::Fetched { url, sha256 } => {
            transaction.tell("url", url.as_str());
            if let Some(sum) = sha256 {
                transaction.tell("sha256", sum.as_str());
            }
        }
        Supplied::Sent { sha256, .. } => transaction.tell("sha256", sha256.as_str()),
        Supplied::There => {}
    }
    if let Some(packages) = &chosen.first {
        tell_packages(transaction, packages);
    }
}

fn tell_packages(transaction: &mut Transaction, packages: &Packages) {
    transaction.tell("tool", packages.tool.name());
    transaction.tell("packages", packages.names.join(" "));
    if !packages.keep.is_empty() {
        transaction.tell("keep", packages.keep.join(" "));
    }
    if let Some(url) = &packages.repository {
        transaction.tell("repository", url.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        provision::{Access, Facts, Wishes, facts::recorded::*, plan::plan},
        secret::Secret,
        tls::Identity,
    };

    fn steps_for(facts: &Facts, wishes: &Wishes) -> String {
        let server = Identity { certificate: "certificate".into(), key: Secret::new("key") };
        let reached = Some("10.99.0.41".parse().unwrap());
        let materials = Materials {
            machine: "n1",
            store: "5107e",
            is_made: false,
            provider: "generic",
            reached,
            authority: "authority",
            server: &server,
            archive: None,
            environment: Vec::new(),
        };
        let plan = plan(facts, wishes, &materials).unwrap();
        transaction(&plan, &materials).steps().join(" ")
    }

    #[test]
    fn an_engine_is_disturbed_no_more_than_it_must_be() {
        let tls = Wishes::default();
        let ssh = Wishes { access: Access::Ssh, ..Wishes::default() };
        let mut stopped = debian12_engine();
        let service = &mut stopped.engine.as_mut().unwrap().service;
        service.is_active = false;
        service.enabled = "disabled".into();
        let cases = [
            (debian12_blank(), &tls, "wait stage swap install start health"),
            (debian12_engine(), &tls, "stage swap restart health"),
            (debian12_containers(), &tls, "stage hold swap restart health settle"),
            (debian13_containers(), &tls, "stage validate hold swap restart health settle"),
            (debian12_swarm(), &tls, "stage swap restart health"),
            (debian12_containers(), &ssh, "stage swap reload health"),
            (stopped, &tls, "stage swap start health"),
        ];
        for (facts, wishes, expected) in cases {
            assert_eq!(steps_for(&facts, wishes), expected);
        }
    }
}
