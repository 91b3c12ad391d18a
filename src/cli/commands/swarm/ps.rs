//! `swarm ps`: what runs where, as a tree by node.

use std::{fmt::Write as _, time::Duration};

use serde_json::json;

use super::named;
use crate::{
    cli::{
        app::App,
        error::{Outcome, code},
        json,
    },
    engine::api::swarm::{Node, Task},
    ops::swarm::{
        status::{self, Work},
        through,
    },
    retry::Deadline,
};

/// How long a manager may take.
const AT_MOST: Duration = Duration::from_secs(20);

/// Options of `swarm ps`.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    name: String,

    /// Show tasks that ended, too
    #[arg(long, short)]
    all: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Shows it.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref name, all, json: as_json } = args;
    let name = named(app, name)?;
    let world = app.quiet_world()?;
    let work = app.wait(async move {
        let record = world.swarm(&name)?;
        let manager = through::manager(&world, &name, &record).await?;
        Ok(status::work(&manager, Deadline::after(AT_MOST)).await.map_err(crate::ops::OpsError::from)?)
    })?;
    if as_json {
        app.ui.data(json::pretty(&listed(&work, all)));
    } else {
        app.ui.data_raw(&tree(&work, all));
    }
    Ok(code::DONE)
}

fn tasks<'a>(work: &'a Work, node: &'a str, all: bool) -> impl Iterator<Item = &'a Task> {
    work.tasks.iter().filter(move |task| task.node_id == node && (all || task.is_alive()))
}

/// A task as docker names it: service and slot, or service alone where it runs on every node.
pub fn name(work: &Work, task: &Task) -> String {
    let service = work.services.iter().find(|service| service.id == task.service_id);
    let service = service.map_or(task.service_id.as_str(), |service| service.name());
    if task.slot == 0 { service.to_owned() } else { format!("{service}.{}", task.slot) }
}

fn listed(work: &Work, all: bool) -> serde_json::Value {
    let of = |node: &Node| {
        let tasks: Vec<_> = tasks(work, &node.id, all)
            .map(|task| json!({ "name": name(work, task), "id": task.id, "state": task.status.state, "error": task.status.err }))
            .collect();
        json!({ "node": node.description.hostname, "role": node.role(), "state": node.status.state, "tasks": tasks })
    };
    json!(work.nodes.iter().map(of).collect::<Vec<_>>())
}

fn tree(work: &Work, all: bool) -> String {
    let mut text = String::new();
    for node in sorted(work) {
        let role = if node.is_leader() { "leader".to_owned() } else { node.role().to_string() };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{} ({role}, {}, {})",
            node.description.hostname,
            node.status.state,
            node.availability()
        );
        let mut tasks: Vec<&Task> = tasks(work, &node.id, all).collect();
        tasks.sort_by_key(|task| name(work, task));
        let count = tasks.len();
        for (place, task) in tasks.into_iter().enumerate() {
            let branch = if place + 1 == count { "└─" } else { "├─" };
            let error =
                if task.status.err.is_empty() { String::new() } else { format!(": {}", task.status.err) };
            let _ = writeln!(text, "{branch} {} {}{error}", name(work, task), task.status.state);
        }
    }
    let waiting = work.tasks.iter().filter(|task| task.node_id.is_empty() && task.is_alive());
    for task in waiting {
        let _ = writeln!(text, "(no node) {} {} {}", name(work, task), task.status.state, task.status.err);
    }
    text
}

/// Managers first, then by name.
pub fn sorted(work: &Work) -> Vec<&Node> {
    let mut nodes: Vec<&Node> = work.nodes.iter().collect();
    nodes.sort_by_key(|node| (node.role(), node.description.hostname.clone()));
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_hang_below_their_node_and_those_without_one_stand_at_the_end() {
        let work = Work {
            nodes: serde_json::from_value(json!([
                {"ID": "b", "Spec": {"Role": "worker", "Availability": "active"}, "Description": {"Hostname": "w1"}, "Status": {"State": "ready"}},
                {"ID": "a", "Spec": {"Role": "manager", "Availability": "drain"}, "Description": {"Hostname": "m1"},
                 "Status": {"State": "ready"}, "ManagerStatus": {"Leader": true, "Reachability": "reachable"}},
            ]))
            .unwrap(),
            services: serde_json::from_value(json!([{"ID": "s", "Spec": {"Name": "web"}}])).unwrap(),
            tasks: serde_json::from_value(json!([
                {"ID": "1", "ServiceID": "s", "Slot": 2, "NodeID": "b", "DesiredState": "running", "Status": {"State": "running"}},
                {"ID": "2", "ServiceID": "s", "Slot": 1, "NodeID": "b", "DesiredState": "running", "Status": {"State": "failed", "Err": "exit 1"}},
                {"ID": "3", "ServiceID": "s", "Slot": 3, "DesiredState": "running", "Status": {"State": "pending", "Err": "no suitable node"}},
                {"ID": "4", "ServiceID": "s", "Slot": 4, "NodeID": "b", "DesiredState": "shutdown", "Status": {"State": "complete"}},
            ]))
            .unwrap(),
        };
        let expected = "m1 (leader, ready, drain)\nw1 (worker, ready, active)\n├─ web.1 failed: exit 1\n└─ web.2 running\n\
                        (no node) web.3 pending no suitable node\n";
        assert_eq!(tree(&work, false), expected);
    }
}
