//! `swarm graph`: nodes, roles and tasks as a picture that people can put into a page.

use std::{path::PathBuf, time::Duration};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::{named, ps};
use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
    },
    engine::api::swarm::{Node, NodeState, Role, Task},
    ops::{
        OpsError,
        swarm::{
            status::{self, Work},
            through,
        },
    },
    retry::Deadline,
    swarm::quorum::Quorum,
};

/// How long a manager may take.
const AT_MOST: Duration = Duration::from_secs(20);
/// Boxes in a row.
const COLUMNS: usize = 4;
/// A box's width, and the space around it, in pixels.
const BOX: usize = 240;
const GAP: usize = 20;
/// Where the boxes begin, below the title.
const TOP: usize = 64;
/// A box without tasks, and what each task adds.
const HEAD: usize = 60;
const TASK: usize = 26;
/// Longer names are cut, so that they stay within their box.
const LONGEST: usize = 24;

/// Options of `swarm graph`.
#[derive(clap::Args)]
pub struct Args {
    /// The swarm
    #[arg(value_name = "SWARM")]
    name: String,

    /// Write the picture to this file instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Draws it.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { name, output } = args;
    let name = named(app, name)?;
    let world = app.quiet_world()?;
    let work = app.wait({
        let name = name.clone();
        async move {
            let manager = through::manager(&world, &name, &world.swarm(&name)?).await?;
            Ok(status::work(&manager, Deadline::after(AT_MOST)).await.map_err(OpsError::from)?)
        }
    })?;
    let picture = drawn(name.as_str(), &work)
        .map_err(|error| CliError::Failed { message: error.to_string(), hint: None })?;
    match output {
        None => app.ui.data_raw(&picture),
        Some(path) => {
            let path = app.env.cwd.join(path);
            std::fs::write(&path, picture)
                .map_err(|source| CliError::Io { doing: format!("write {}", path.display()), source })?;
            app.ui.say(format_args!("{} shows swarm {name}", path.display()));
        }
    }
    Ok(code::DONE)
}

#[derive(Serialize)]
struct Picture<'a> {
    name: &'a str,
    quorum: String,
    width: usize,
    height: usize,
    r#box: usize,
    nodes: Vec<Drawn>,
}

#[derive(Serialize)]
struct Drawn {
    x: usize,
    y: usize,
    height: usize,
    name: String,
    about: String,
    leader: bool,
    ready: bool,
    fill: &'static str,
    stroke: &'static str,
    tasks: Vec<DrawnTask>,
}

#[derive(Serialize)]
struct DrawnTask {
    name: String,
    state: String,
    fill: &'static str,
}

fn drawn(name: &str, work: &Work) -> Result<String, minijinja::Error> {
    let mut nodes: Vec<Drawn> = ps::sorted(work).into_iter().map(|node| of_node(work, node)).collect();
    let mut y = TOP;
    for row in nodes.chunks_mut(COLUMNS) {
        for (place, node) in row.iter_mut().enumerate() {
            (node.x, node.y) = (GAP + place * (BOX + GAP), y);
        }
        y += row.iter().map(|node| node.height).max().unwrap_or(0) + GAP;
    }
    let columns = nodes.len().clamp(1, COLUMNS);
    let quorum = Quorum::of(&work.nodes).to_string();
    let picture = Picture { name, quorum, width: GAP + columns * (BOX + GAP), height: y, r#box: BOX, nodes };
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_template("graph.svg", include_str!("../../../../templates/swarm/graph.svg"))?;
    environment.get_template("graph.svg")?.render(minijinja::value::Serde(&picture))
}

fn of_node(work: &Work, node: &Node) -> Drawn {
    let mut tasks: Vec<&Task> =
        work.tasks.iter().filter(|task| task.node_id == node.id && task.is_alive()).collect();
    tasks.sort_by_key(|task| ps::name(work, task));
    let (fill, stroke) = match node.role() {
        Role::Manager => ("#eef2ff", "#4f46e5"),
        Role::Worker => ("#f0fdf4", "#16a34a"),
    };
    let leader = if node.is_leader() { ", leader" } else { "" };
    Drawn {
        x: 0,
        y: 0,
        height: HEAD + TASK * tasks.len(),
        name: cut(&node.description.hostname),
        about: format!("{}{leader} · {} · {}", node.role(), node.status.state, node.availability()),
        leader: node.is_leader(),
        ready: node.status.state == NodeState::Ready,
        fill,
        stroke,
        tasks: tasks.into_iter().map(|task| of_task(work, task)).collect(),
    }
}

fn of_task(work: &Work, task: &Task) -> DrawnTask {
    let fill = match task.status.state.as_str() {
        "running" => "#bbf7d0",
        "failed" | "rejected" | "orphaned" => "#fecaca",
        _ => "#fde68a",
    };
    DrawnTask { name: cut(&ps::name(work, task)), state: task.status.state.clone(), fill }
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_picture_holds_every_node_and_escapes_what_they_are_called() {
        let node = |n: usize| json!({"ID": n.to_string(), "Spec": {"Role": "worker"}, "Description": {"Hostname": format!("<w{n}>")}, "Status": {"State": "ready"}});
        let nodes = serde_json::from_value(json!((0..6).map(node).collect::<Vec<_>>())).unwrap();
        let picture = drawn("web", &Work { nodes, ..Work::default() }).unwrap();
        assert_eq!(picture.matches("&lt;w").count(), 6);
        assert!(!picture.contains("<w0>") && picture.contains("width=\"1060\""), "{picture}");
    }
}
