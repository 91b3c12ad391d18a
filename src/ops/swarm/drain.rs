//! Tasks move away from a node before it goes: as many of each service as before run elsewhere, or it stays.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::SwarmError;
use crate::{
    engine::api::{
        Api, ApiError,
        swarm::{Availability, Service, Task},
        until,
    },
    machine::MachineName,
    ops::{OpsError, World},
    retry::Deadline,
};

/// Tasks stop within their own grace period (10 s unless they say more), and start elsewhere.
const TASKS_WAIT: Duration = Duration::from_secs(300);
/// Tasks that no node has taken for so long will not be taken: the scheduler decides within a second.
const ROOM_WAIT: Duration = Duration::from_secs(10);
/// One request and its answer.
const ASK_WAIT: Duration = Duration::from_secs(30);

/// Drains a node. Where the others have no room for its tasks it gets them back, and that is the error, unless it is forced.
pub async fn drain(
    world: &World,
    api: &Api,
    machine: &MachineName,
    id: &str,
    force: bool,
) -> Result<(), OpsError> {
    let deadline = Deadline::after(TASKS_WAIT);
    let availability = api.node(id, deadline).await?.map(|node| node.availability()).unwrap_or_default();
    let before = api.tasks(deadline).await?;
    let moved = services_on(&before, id);
    let wanted: Vec<(String, usize)> =
        moved.iter().map(|service| (service.clone(), running(&before, service, None))).collect();
    set(api, id, Availability::Drain).await?;
    let events = world.events.of(machine);
    let what = format!("the tasks of {machine} to run elsewhere");
    let homeless = Mutex::new(None);
    until(&what, deadline, &events, || async {
        let tasks = api.tasks(deadline).await?;
        let still = tasks.iter().filter(|task| task.node_id == id && task.status.state == "running").count();
        let short: Vec<&String> = wanted
            .iter()
            .filter(|(service, count)| {
                running(&tasks, service, Some(id)) < replicas(&tasks, service).min(*count)
            })
            .map(|(service, _)| service)
            .collect();
        let stranded = short.iter().find_map(|service| without_room(&tasks, service));
        let mut homeless = homeless.lock().unwrap_or_else(PoisonError::into_inner);
        *homeless = match (stranded, homeless.take()) {
            (Some((service, reason)), Some((since, _, _))) => Some((since, service, reason)),
            (Some((service, reason)), None) => Some((Instant::now(), service, reason)),
            (None, _) => None,
        };
        let is_hopeless = homeless.as_ref().is_some_and(|(since, ..)| since.elapsed() > ROOM_WAIT);
        Ok(match (still, short.len()) {
            (0, 0) => None,
            (0, _) if is_hopeless => None,
            (0, short) => Some(format!("{short} services run fewer tasks than before")),
            (still, _) => Some(format!("{still} tasks run there still")),
        })
    })
    .await?;
    let homeless = homeless.into_inner().unwrap_or_else(PoisonError::into_inner);
    match homeless {
        Some((_, service, reason)) if !force => {
            set(api, id, availability).await?;
            let service = named(&api.services(Deadline::after(ASK_WAIT)).await?, &service);
            Err(SwarmError::NoRoom { machine: machine.clone(), service, reason }.into())
        }
        Some(_) | None => Ok(()),
    }
}

async fn set(api: &Api, id: &str, availability: Availability) -> Result<(), ApiError> {
    let availability = availability.to_string();
    let change = |spec: &mut serde_json::Value| spec["Availability"] = availability.clone().into();
    api.update_node(id, Deadline::after(ASK_WAIT), change).await
}

fn named(services: &[Service], id: &str) -> String {
    services.iter().find(|service| service.id == id).map_or(id, |service| service.name()).to_owned()
}

/// Services with a replica there; those that run once on every node have nowhere else to go.
fn services_on(tasks: &[Task], node: &str) -> BTreeSet<String> {
    let there = tasks.iter().filter(|task| task.node_id == node && task.slot > 0 && task.is_alive());
    there.map(|task| task.service_id.clone()).collect()
}

fn running(tasks: &[Task], service: &str, but_on: Option<&str>) -> usize {
    let runs = |task: &&Task| {
        task.service_id == service && task.status.state == "running" && Some(task.node_id.as_str()) != but_on
    };
    tasks.iter().filter(runs).count()
}

/// How many replicas a service is to have: somebody may scale it meanwhile.
fn replicas(tasks: &[Task], service: &str) -> usize {
    let slots = tasks.iter().filter(|task| task.service_id == service && task.desired_state == "running");
    slots.map(|task| task.slot).collect::<BTreeSet<_>>().len()
}

/// A service with a task that the scheduler finds no node for, and its words.
fn without_room(tasks: &[Task], service: &str) -> Option<(String, String)> {
    let is_stranded = |task: &&Task| {
        task.service_id == service
            && task.desired_state == "running"
            && task.status.err.contains("no suitable node")
    };
    tasks.iter().find(is_stranded).map(|task| (service.to_owned(), task.status.err.clone()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tasks(list: serde_json::Value) -> Vec<Task> {
        serde_json::from_value(list).expect("tasks")
    }

    #[test]
    fn replicas_move_and_tasks_of_every_node_do_not() {
        let all = tasks(json!([
            {"ServiceID": "a", "Slot": 1, "NodeID": "n1", "DesiredState": "running", "Status": {"State": "running"}},
            {"ServiceID": "a", "Slot": 2, "NodeID": "n2", "DesiredState": "running", "Status": {"State": "running"}},
            {"ServiceID": "each", "Slot": 0, "NodeID": "n1", "DesiredState": "running", "Status": {"State": "running"}},
        ]));
        assert_eq!(services_on(&all, "n1").into_iter().collect::<Vec<_>>(), ["a"]);
        assert_eq!((running(&all, "a", None), running(&all, "a", Some("n1"))), (2, 1));
        assert_eq!((replicas(&all, "a"), replicas(&all, "each")), (2, 1));
    }

    #[test]
    fn a_task_that_no_node_can_take_is_told_from_one_that_is_on_its_way() {
        let stranded = tasks(json!([
            {"ServiceID": "a", "Slot": 1, "DesiredState": "running",
             "Status": {"State": "pending", "Err": "no suitable node (host-mode port already in use on 2 nodes)"}},
            {"ServiceID": "b", "Slot": 1, "NodeID": "n2", "DesiredState": "running", "Status": {"State": "preparing"}},
        ]));
        assert!(without_room(&stranded, "a").is_some_and(|(_, reason)| reason.contains("host-mode port")));
        assert_eq!(without_room(&stranded, "b"), None);
    }
}
