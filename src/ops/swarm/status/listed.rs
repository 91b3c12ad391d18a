//! The nodes that the managers know beside those that were recorded.

use super::{Cure, NodeStatus, Work};
use crate::{
    engine::api::swarm::{Node, NodeState},
    swarm::record::{self, Record},
};

/// Those of the record first, then those that somebody else brought in.
pub(super) fn listed(record: &Record, work: &Work) -> Vec<NodeStatus> {
    let is_ours = |node: &Node| record.nodes.iter().any(|wished| wished.id.as_ref() == Some(&node.id));
    let (ours, strangers): (Vec<&Node>, Vec<&Node>) = work.nodes.iter().partition(|node| is_ours(node));
    let members = record.nodes.iter().map(|wished| member(wished, work, &ours, &strangers));
    members.chain(strangers.iter().map(|node| stranger(node, work, &ours))).collect()
}

fn is_up(node: &Node) -> bool {
    node.status.state == NodeState::Ready
}

fn running(work: &Work, node: &Node) -> usize {
    work.tasks.iter().filter(|task| task.node_id == node.id && task.status.state == "running").count()
}

fn member(wished: &record::Node, work: &Work, ours: &[&Node], strangers: &[&Node]) -> NodeStatus {
    let machine = Some(wished.machine.clone());
    let Some(node) = ours.iter().find(|node| wished.id.as_ref() == Some(&node.id)) else {
        return NodeStatus {
            machine,
            role: wished.role,
            trouble: Some("it is not in the swarm".to_owned()),
            cure: Some(Cure::GoOn),
            ..NodeStatus::default()
        };
    };
    let mut shown = NodeStatus { machine, ..NodeStatus::of(node, running(work, node)) };
    let is_again = |other: &&&Node| is_up(other) && other.description.hostname == shown.hostname;
    if let Some(again) = strangers.iter().find(is_again).filter(|_| !is_up(node)) {
        shown.trouble = Some(format!("{} shows twice: it joined again, as {}", shown.hostname, again.id));
        shown.cure = Some(Cure::GoOn);
    }
    shown
}

fn stranger(node: &Node, work: &Work, ours: &[&Node]) -> NodeStatus {
    let mut shown = NodeStatus::of(node, running(work, node));
    if !is_up(node) && ours.iter().any(|other| other.description.hostname == shown.hostname) {
        shown.trouble = Some(format!("{} shows twice: this is an earlier node of it", shown.hostname));
        shown.cure = Some(Cure::Earlier);
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        engine::api::swarm::Role,
        swarm::{
            record::Settings,
            topology::{Member, Origin},
        },
    };

    fn node(id: &str, hostname: &str, state: &str) -> Value {
        json!({"ID": id, "Spec": {"Role": "worker"}, "Description": {"Hostname": hostname}, "Status": {"State": state}})
    }

    /// n1 was recorded as node `a`; what is told of each node.
    fn told(nodes: &Value) -> Vec<(Option<String>, Option<Cure>)> {
        let member = Member { machine: "n1".parse().unwrap(), role: Role::Worker, origin: Origin::Existing };
        let mut record = Record::new(&[member], Settings::default());
        record.nodes[0].succeed("a");
        let work = Work { nodes: serde_json::from_value(nodes.clone()).unwrap(), ..Work::default() };
        listed(&record, &work).into_iter().map(|node| (node.trouble, node.cure)).collect()
    }

    #[test]
    fn a_node_that_shows_twice_is_told_at_the_one_that_goes() {
        let well = (None, None);
        assert_eq!(told(&json!([node("a", "n1", "ready")])), [(None, None)]);
        let earlier = "n1 shows twice: this is an earlier node of it".to_owned();
        assert_eq!(
            told(&json!([node("a", "n1", "ready"), node("b", "n1", "down")])),
            [well.clone(), (Some(earlier), Some(Cure::Earlier))]
        );
        let again = "n1 shows twice: it joined again, as b".to_owned();
        assert_eq!(
            told(&json!([node("a", "n1", "down"), node("b", "n1", "ready")])),
            [(Some(again), Some(Cure::GoOn)), well.clone()]
        );
        assert_eq!(
            told(&json!([node("b", "other", "ready")])),
            [(Some("it is not in the swarm".to_owned()), Some(Cure::GoOn)), well]
        );
    }
}
