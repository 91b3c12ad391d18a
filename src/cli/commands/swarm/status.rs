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
    machine::MachineName,
    ops::swarm::status::{Cure, NodeStatus, Status, status},
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
    let Status { name, cluster, through, managers, reachable, margin, autolock, ca_rotation, nodes } = status;
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
    let titles =
        ["NODE", "ROLE", "STATE", "AVAILABILITY", "MANAGER", "ADDRESS", "ENGINE", "TASKS", "CERT", "TROUBLE"];
    let mut rows = vec![titles.map(str::to_owned)];
    rows.extend(nodes.iter().map(row));
    let mut shown = format!("{head}\n{}", table::aligned(&rows));
    for cure in nodes.iter().filter_map(|node| cure(node, name, program)) {
        shown.extend(["hint: ", &cure, "\n"]);
    }
    shown
}

/// What to type where it is known what helps.
fn cure(node: &NodeStatus, swarm: &MachineName, program: &str) -> Option<String> {
    let machine = node.machine.as_ref().map(ToString::to_string).unwrap_or_default();
    let id = node.id.as_deref().unwrap_or_default();
    Some(match node.cure? {
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
        Cure::Earlier => format!("forget what {} was: docker node rm --force {id}", node.hostname),
        Cure::GoOn => format!("bring {machine} in: {program} swarm create {swarm}"),
    })
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
