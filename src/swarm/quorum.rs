//! The arithmetic of managers: how many must answer, and what may be taken away.
//!
//! Raft needs a majority of all its members. The engine lets a member go only while those that answer still are a majority of the members
//! before the removal (moby's `manager.RemoveNode`, docs of swarmkit).

use std::fmt;

use crate::engine::api::swarm::Node;

/// The managers of a swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// How many there are.
    pub managers: usize,
    /// How many of them answer.
    pub reachable: usize,
}

/// What becomes of the majority when one engine restarts: its node stays a member and does not answer meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restart {
    /// The node is a worker, or enough managers remain.
    Kept,
    /// It is the only manager: nothing is lost, but nobody manages meanwhile.
    Alone,
    /// The others are too few; what would be left.
    Lost(Quorum),
}

/// What the restart of this node's engine does to the majority.
pub fn restart(nodes: &[Node], id: &str) -> Restart {
    let quorum = Quorum::of(nodes);
    let node = nodes.iter().find(|node| node.id == id && node.manager_status.is_some());
    let Some(node) = node else { return Restart::Kept };
    let left = quorum.without(node.is_reachable_manager());
    match quorum.managers {
        1 => Restart::Alone,
        _ if left.is_kept() => Restart::Kept,
        _ => Restart::Lost(left),
    }
}

impl Quorum {
    /// The managers among the nodes, and how many of them the others reach.
    pub fn of(nodes: &[Node]) -> Self {
        let managers = nodes.iter().filter(|node| node.manager_status.is_some());
        let reachable = managers.clone().filter(|node| node.is_reachable_manager()).count();
        Self { managers: managers.count(), reachable }
    }

    /// While one of them is down; `answers` says whether it is one of the reachable ones.
    fn without(self, answers: bool) -> Self {
        Self { reachable: self.reachable.saturating_sub(usize::from(answers)), ..self }
    }

    /// How many must answer.
    pub fn majority(self) -> usize {
        self.managers / 2 + 1
    }

    /// Whether the swarm can decide anything.
    pub fn is_kept(self) -> bool {
        self.reachable >= self.majority()
    }

    /// How many more may be lost before it cannot.
    pub fn margin(self) -> usize {
        self.reachable.saturating_sub(self.majority())
    }

    /// Whether a manager may go; `answers` says whether it is one of the reachable ones.
    pub fn may_lose(self, answers: bool) -> bool {
        let stay = Self { managers: self.managers.saturating_sub(1), ..self.without(answers) };
        stay.managers > 0 && stay.is_kept()
    }
}

impl fmt::Display for Quorum {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { managers, reachable } = self;
        write!(out, "{reachable} of {managers} managers answer, {} are needed", self.majority())
    }
}

/// Why an even number of managers is refused.
pub fn against_even(managers: usize) -> String {
    let (majority, fewer) = (managers / 2 + 1, managers - 1);
    format!(
        "{managers} managers need {majority} to agree and so survive the loss of {}, no more than {fewer} do",
        managers - majority
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn quorum(managers: usize, reachable: usize) -> Quorum {
        Quorum { managers, reachable }
    }

    /// Nodes of these kinds: `m` a manager that answers, `d` one that does not, `w` a worker; named by their place.
    fn swarm(kinds: &str) -> Vec<Node> {
        let node = |(place, kind): (usize, char)| {
            let status = match kind {
                'm' => json!({ "Reachability": "reachable" }),
                'd' => json!({ "Reachability": "unreachable" }),
                _ => Value::Null,
            };
            let node = json!({
                "ID": place.to_string(), "Version": { "Index": 7 }, "Spec": { "Availability": "active" },
                "Status": { "State": "ready" }, "ManagerStatus": status,
            });
            serde_json::from_value(node).unwrap()
        };
        kinds.chars().enumerate().map(node).collect()
    }

    #[test]
    fn the_majority_of_all_managers_must_go_on_answering() {
        let cases = [
            ("mmm", Restart::Kept),
            ("m", Restart::Alone),
            ("mww", Restart::Alone),
            ("mm", Restart::Lost(quorum(2, 1))),
            ("mmd", Restart::Lost(quorum(3, 1))),
            ("mmmmd", Restart::Kept),
            ("mmmdd", Restart::Lost(quorum(5, 2))),
            ("dmm", Restart::Kept),
            ("wmm", Restart::Kept),
        ];
        for (kinds, expected) in cases {
            assert_eq!(restart(&swarm(kinds), "0"), expected, "{kinds}");
        }
    }

    #[test]
    fn the_margin_is_what_may_still_be_lost() {
        let table = [
            (1, 1, 1, 0),
            (2, 2, 2, 0),
            (3, 3, 2, 1),
            (4, 4, 3, 1),
            (5, 5, 3, 2),
            (7, 7, 4, 3),
            (3, 2, 2, 0),
        ];
        for (managers, reachable, majority, margin) in table {
            let quorum = quorum(managers, reachable);
            assert_eq!((quorum.majority(), quorum.margin()), (majority, margin), "{quorum}");
        }
        assert!(!quorum(3, 1).is_kept());
    }

    #[test]
    fn a_removal_must_leave_a_majority_of_those_who_stay() {
        // (managers, reachable, whether the one that goes answers, may it go)
        let table = [
            (1, 1, true, false),
            (2, 2, true, true),
            (3, 3, true, true),
            (3, 2, false, true),
            (3, 2, true, false),
            (5, 3, true, false),
            (5, 3, false, true),
            (4, 3, true, true),
        ];
        for (managers, reachable, answers, may) in table {
            assert_eq!(
                quorum(managers, reachable).may_lose(answers),
                may,
                "{managers} {reachable} {answers}"
            );
        }
    }

    #[test]
    fn the_reason_against_an_even_number_can_be_checked() {
        assert_eq!(
            against_even(4),
            "4 managers need 3 to agree and so survive the loss of 1, no more than 3 do"
        );
    }
}
