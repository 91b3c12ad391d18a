//! Fifty machines of one plugin: as few processes as there can be, and never an answer for another machine.

use std::time::{Duration, Instant};

use serde_json::json;

use super::place::Place;

/// How many machines a long list has.
const MANY: usize = 50;

fn with_many(mut place: Place) -> Place {
    for at in 0..MANY {
        place = place.with_machine(&format!("m{at}"), &json!({}));
        if at % 2 == 1 {
            std::fs::write(place.home.machine(&format!("m{at}")).join("lab-host"), "down").unwrap();
        }
    }
    place
}

/// Every machine is in the state that its own host is in.
fn is_right(out: &str) {
    for at in 0..MANY {
        let row = out.lines().find(|line| line.starts_with(&format!("m{at} "))).unwrap();
        let state = if at % 2 == 1 { "Stopped" } else { "Running" };
        assert!(row.contains(state), "{row}");
    }
}

#[test]
fn a_list_of_fifty_machines_starts_one_process_where_that_is_quick_enough() {
    let Some(place) = Place::new() else { return };
    let place = with_many(place);
    is_right(&place.run(&["ls"]).with_code(0).out);
    assert_eq!(place.starts(), 1, "{}", place.log());
    place.has_no_process_left();
}

#[test]
fn a_slow_plugin_gets_help_of_a_few_and_a_list_still_starts_a_tenth_of_what_it_lists() {
    let Some(place) = Place::new() else { return };
    let place = with_many(place).with_var("LAB_SLOW", "100");
    let began = Instant::now();
    is_right(&place.run(&["ls", "--timeout", "30"]).with_code(0).out);
    let took = began.elapsed();
    assert!((2..=MANY / 10).contains(&place.starts()), "{}", place.log());
    assert!(took < Duration::from_secs(4), "one after the other it would be five seconds: {took:?}");
    place.has_no_process_left();
}

#[test]
fn machines_of_another_account_have_a_process_of_their_own() {
    let Some(mut place) = Place::new() else { return };
    for at in 0..8 {
        place = place.with_machine(&format!("m{at}"), &json!({ "Token": format!("token-{}", at % 2) }));
    }
    place.run(&["ls"]).with_code(0);
    let log = place.log();
    let mut tokens = std::collections::BTreeMap::<&str, Vec<usize>>::new();
    for line in log.lines().filter(|line| line.contains(" GetState m")) {
        let (id, asked) = line.split_once(' ').unwrap();
        tokens.entry(id).or_default().push(asked.rsplit('m').next().unwrap().parse::<usize>().unwrap() % 2);
    }
    assert!(tokens.values().all(|tokens| tokens.iter().all(|token| *token == tokens[0])), "{log}");
    assert_eq!(tokens.values().map(Vec::len).sum::<usize>(), 8, "{log}");
}

#[test]
fn a_plugin_that_cannot_be_started_is_tried_once_for_a_whole_list() {
    let Some(place) = Place::new() else { return };
    let place = with_many(place).with_var("LAB_START", "exit");
    let out = place.run(&["ls"]).with_code(0).out;
    assert_eq!(out.matches("the lab is closed").count(), MANY, "{out}");
    assert!(place.starts() <= 2, "{}", place.log());
}
