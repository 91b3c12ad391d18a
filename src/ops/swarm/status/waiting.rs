//! Tasks that are to run and do not: how many of which service, and why, in the words of the scheduler or of the engine that tried.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Work;
use crate::engine::api::swarm::Task;

/// Tasks of one service that wait for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The service.
    pub service: String,
    /// How many.
    pub tasks: usize,
    /// The engine's words; while it has none, what the tasks do, such as `preparing`.
    pub why: String,
}

/// By service and reason.
pub(super) fn waiting(work: &Work) -> Vec<Waiting> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for task in work.tasks.iter().filter(|task| waits(task)) {
        let service = work.services.iter().find(|service| service.id == task.service_id);
        let service = service.map_or(task.service_id.as_str(), |service| service.name());
        *counts.entry((service.to_owned(), why(work, task))).or_default() += 1;
    }
    counts.into_iter().map(|((service, why), tasks)| Waiting { service, tasks, why }).collect()
}

fn waits(task: &Task) -> bool {
    let is_due = matches!(task.desired_state.as_str(), "ready" | "running" | "complete");
    is_due && !matches!(task.status.state.as_str(), "running" | "complete")
}

/// One that follows on a task that failed has no words of its own yet.
fn why(work: &Work, task: &Task) -> String {
    let is_earlier = |other: &&Task| {
        other.service_id == task.service_id
            && other.slot == task.slot
            && (task.slot > 0 || other.node_id == task.node_id)
            && !other.status.err.is_empty()
    };
    let last = || work.tasks.iter().filter(is_earlier).max_by_key(|task| &task.status.timestamp);
    match (task.status.err.as_str(), last()) {
        ("", None) => task.status.state.clone(),
        ("", Some(earlier)) => earlier.status.err.clone(),
        (own, _) => own.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tasks_that_wait_are_counted_by_their_reason_and_those_that_run_or_ended_are_not() {
        let task = |service: &str, slot: u64, desired: &str, state: &str, err: &str, at: &str| {
            json!({"ServiceID": service, "Slot": slot, "DesiredState": desired,
                "Status": {"State": state, "Err": err, "Timestamp": at}})
        };
        let no_room = "no suitable node (insufficient resources on 2 nodes)";
        let work = Work {
            services: serde_json::from_value(json!([{"ID": "s", "Spec": {"Name": "web"}}])).unwrap(),
            tasks: serde_json::from_value(json!([
                task("s", 1, "running", "running", "", "1"),
                task("s", 2, "running", "pending", no_room, "1"),
                task("s", 3, "running", "pending", no_room, "1"),
                task("s", 4, "shutdown", "failed", "task: non-zero exit (1)", "1"),
                task("s", 4, "shutdown", "rejected", "No such image: nothing:latest", "2"),
                task("s", 4, "ready", "ready", "", "3"),
                task("s", 5, "shutdown", "shutdown", "", "1"),
                task("gone", 1, "running", "preparing", "", "1"),
                task("job", 1, "complete", "complete", "", "1"),
            ]))
            .unwrap(),
            ..Work::default()
        };
        let of = |service: &str, tasks, why: &str| Waiting {
            service: service.to_owned(),
            tasks,
            why: why.to_owned(),
        };
        assert_eq!(
            waiting(&work),
            [
                of("gone", 1, "preparing"),
                of("web", 1, "No such image: nothing:latest"),
                of("web", 2, no_room)
            ]
        );
    }
}
