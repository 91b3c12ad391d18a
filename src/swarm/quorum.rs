//! The arithmetic of managers: how many must answer, and what may be taken away.
//!
//! Raft needs a majority of all its members. The engine lets a member go only while those that answer still are a majority of the members
//! before the removal (moby's `manager.RemoveNode`, docs of swarmkit).

use std::fmt;

/// The managers of a swarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// How many there are.
    pub managers: usize,
    /// How many of them answer.
    pub reachable: usize,
}

impl Quorum {
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
        let left = self.reachable - usize::from(answers && self.reachable > 0);
        self.managers > 1 && left > (self.managers - 1) / 2
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
    use super::*;

    fn quorum(managers: usize, reachable: usize) -> Quorum {
        Quorum { managers, reachable }
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
