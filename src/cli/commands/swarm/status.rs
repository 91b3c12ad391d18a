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
    ops::swarm::status::{NodeStatus, Status, status},
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
    app.wait(async move {
        let mut beat = beat(EVERY);
        loop {
            beat.tick().await;
            // Certificates need a login on every host, which is too much for every two seconds.
            let status = status(&world, &name, !watch).await?;
            let shown = if as_json { json::pretty(&json!(status)) + "\n" } else { text(&status) };
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

fn text(status: &Status) -> String {
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
    format!("{head}\n{}", table::aligned(&rows))
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
