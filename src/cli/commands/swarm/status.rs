//! `swarm status`: nodes, roles, reachability, and how much the quorum can bear.

use std::time::Duration;

use serde_json::json;

use super::{ls::state, named};
use crate::{
    cli::{
        app::App,
        error::{Outcome, code},
        json, table,
    },
    engine::api::swarm::Role,
    ops::swarm::status::{Cure, NodeStatus, Status, Waiting, status},
    retry::beat,
};

/// How often `--watch` looks.
const EVERY: Duration = Duration::from_secs(2);

/// Options of `swarm status`.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    name: String,

    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Look again every two seconds, until it is interrupted
    #[arg(long)]
    watch: bool,
}

/// Shows it, once or again and again.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref name, json: as_json, watch } = args;
    let name = named(app, name)?;
    let world = app.quiet_world()?;
    let ui = std::sync::Arc::clone(&app.ui);
    let program = app.program().to_owned();
    app.wait(async move {
        let mut beat = beat(EVERY);
        loop {
            beat.tick().await;
            // Certificates need a login on every host, which is too much for every two seconds.
            let status = status(&world, &name, !watch).await?;
            let shown = if as_json { json::pretty(&json!(status)) + "\n" } else { text(&status, &program) };
            ui.data_raw(&if watch && !as_json { format!("\x1b[H\x1b[2J{shown}") } else { shown });
            if !watch {
                return Ok(exit(&status));
            }
        }
    })
}

fn exit(status: &Status) -> u8 {
    match (&status.through, status.is_healthy()) {
        (None, _) => code::FAILED,
        (Some(_), true) => code::DONE,
        (Some(_), false) => code::PARTLY,
    }
}

fn text(status: &Status, program: &str) -> String {
    let Status { name, cluster, through, managers, reachable, margin, autolock, ca_rotation, waiting, nodes } =
        status;
    let id = cluster.as_deref().unwrap_or("not formed");
    let quorum = match through {
        Some(through) => {
            format!("{reachable} of {managers} managers answer, {margin} more may be lost; asked {through}")
        }
        None => format!("none of {managers} managers can decide anything"),
    };
    let mut head = format!("swarm {name} ({id}): {}\n{quorum}\n", state(status).to_lowercase());
    if *autolock {
        head += "managers start locked\n";
    }
    if *ca_rotation {
        head += "the swarm's CA is being replaced\n";
    }
    for Waiting { service, tasks, why } in waiting {
        let wait = if *tasks == 1 { "task waits" } else { "tasks wait" };
        head.extend([service, ": ", &tasks.to_string(), " ", wait, ": ", why, "\n"]);
    }
    let titles =
        ["NODE", "ROLE", "STATE", "AVAILABILITY", "MANAGER", "ADDRESS", "ENGINE", "TASKS", "CERT", "TROUBLE"];
    let mut rows = vec![titles.map(str::to_owned)];
    rows.extend(nodes.iter().map(row));
    let mut shown = format!("{head}\n{}", table::aligned(&rows));
    let mut hints: Vec<String> = nodes.iter().filter_map(|node| cure(node, status, program)).collect();
    // Locked managers have one cure in common.
    hints.dedup();
    for hint in hints {
        shown.extend(["hint: ", &hint, "\n"]);
    }
    shown
}

/// What to type where it is known what helps.
fn cure(node: &NodeStatus, status: &Status, program: &str) -> Option<String> {
    let swarm = &status.name;
    let machine = node.machine.as_ref().map(ToString::to_string).unwrap_or_default();
    let id = node.id.as_deref().unwrap_or_default();
    Some(match node.cure? {
        Cure::Rejoin if node.role == Role::Manager && status.managers == 1 => format!(
            "{machine} is the only manager, so the swarm must begin anew: {program} swarm rm --force {swarm} && {}",
            anew(status, program)
        ),
        Cure::Rejoin => {
            let add = match node.role {
                Role::Manager => "--managers",
                Role::Worker => "--workers",
            };
            format!(
                "{machine} must join anew: {program} swarm rm-node --force {swarm} {machine} && {program} swarm add {add} {machine} {swarm}"
            )
        }
        Cure::Gone => format!(
            "make {machine} anew: {program} swarm create {swarm}; or forget it: {program} swarm rm-node --force {swarm} {machine}"
        ),
        Cure::Earlier => {
            let through = status.through.as_ref().map(ToString::to_string).unwrap_or_default();
            format!(
                "forget what {} was: docker $({program} config {through}) node rm --force {id}",
                node.hostname
            )
        }
        Cure::Unlock => format!("unlock all that are locked: {program} swarm unlock {swarm}"),
        Cure::GoOn => format!("bring {machine} in: {program} swarm create {swarm}"),
    })
}

/// What forms the same swarm.
fn anew(status: &Status, program: &str) -> String {
    let of = |role: Role| {
        let nodes = status.nodes.iter().filter(|node| node.role == role);
        nodes.filter_map(|node| Some(node.machine.as_ref()?.to_string())).collect::<Vec<_>>().join(",")
    };
    let workers = Some(of(Role::Worker)).filter(|names| !names.is_empty());
    let workers = workers.map(|names| format!(" --workers {names}")).unwrap_or_default();
    format!("{program} swarm create --managers {}{workers} {}", of(Role::Manager), status.name)
}

fn row(node: &NodeStatus) -> [String; 10] {
    let manager = match node.reachability {
        Some(_) if node.leader => "leader".to_owned(),
        Some(reachability) => reachability.to_string(),
        None => String::new(),
    };
    [
        node.machine.as_ref().map_or_else(|| format!("({})", node.hostname), ToString::to_string),
        node.role.to_string(),
        node.state.to_string(),
        node.availability.to_string(),
        manager,
        node.address.clone(),
        node.engine.clone(),
        node.tasks.to_string(),
        node.certificate_days.map(|days| format!("{days} d")).unwrap_or_default(),
        node.trouble.clone().unwrap_or_default().replace('\n', " "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::api::swarm::{NodeState, Reachability};

    fn node(machine: &str, role: Role) -> NodeStatus {
        let reachability = (role == Role::Manager).then_some(Reachability::Reachable);
        let machine = Some(machine.parse().unwrap());
        NodeStatus { machine, role, reachability, state: NodeState::Ready, ..NodeStatus::default() }
    }

    fn swarm(nodes: Vec<NodeStatus>) -> Status {
        let managers = nodes.iter().filter(|node| node.role == Role::Manager).count();
        Status {
            name: "web".parse().unwrap(),
            cluster: Some("c".to_owned()),
            through: Some("m1".parse().unwrap()),
            managers,
            reachable: managers,
            margin: 0,
            autolock: false,
            ca_rotation: false,
            waiting: Vec::new(),
            nodes,
        }
    }

    #[test]
    fn tasks_that_wait_are_told_with_why_and_do_not_make_a_swarm_ill() {
        let mut status = swarm(vec![node("m1", Role::Manager)]);
        let waiting = |tasks, why: &str| Waiting { service: "shop".to_owned(), tasks, why: why.to_owned() };
        status.waiting = vec![waiting(1, "No such image: x"), waiting(2, "no suitable node")];
        let shown = text(&status, "rmachine");
        assert!(shown.starts_with("swarm web (c): healthy\n"), "{shown}");
        let lines = "shop: 1 task waits: No such image: x\nshop: 2 tasks wait: no suitable node\n";
        assert!(shown.contains(lines), "{shown}");
        assert_eq!(exit(&status), code::DONE);
    }

    #[test]
    fn what_to_type_for_a_manager_whose_address_changed_depends_on_whether_there_are_others() {
        let moved = |machine: &str| {
            let cure = Some(Cure::Rejoin);
            NodeStatus { trouble: Some("moved".to_owned()), cure, ..node(machine, Role::Manager) }
        };
        let three = swarm(vec![
            node("m1", Role::Manager),
            moved("m2"),
            node("m3", Role::Manager),
            node("w1", Role::Worker),
        ]);
        let rejoin = "hint: m2 must join anew: rmachine swarm rm-node --force web m2 && rmachine swarm add --managers m2 web\n";
        assert!(text(&three, "rmachine").ends_with(rejoin), "{}", text(&three, "rmachine"));
        assert_eq!(exit(&three), code::PARTLY);
        let alone = swarm(vec![moved("m1"), node("w1", Role::Worker), node("w2", Role::Worker)]);
        let begin =
            "rmachine swarm rm --force web && rmachine swarm create --managers m1 --workers w1,w2 web\n";
        assert!(text(&alone, "rmachine").ends_with(begin), "{}", text(&alone, "rmachine"));
    }
}
