//! `--filter KEY=VALUE`: values of one key are alternatives, keys must all match.

use regex::Regex;

use super::swarms::Swarms;
use crate::{
    cli::error::CliError,
    machine::State,
    ops::query::Row,
    store::{Record, nearest},
};

/// What to show.
#[derive(Debug, Default)]
pub struct Filter {
    names: Vec<Regex>,
    drivers: Vec<String>,
    states: Vec<String>,
    swarms: Vec<String>,
    labels: Vec<String>,
}

impl Filter {
    /// Reads what was typed.
    pub fn parse(typed: &[String], takes_any_state: bool) -> Result<Self, CliError> {
        let mut filter = Self::default();
        for text in typed {
            let (key, value) = text.split_once('=').ok_or_else(|| {
                CliError::usage(
                    "Unsupported filter syntax",
                    "--filter KEY=VALUE, such as --filter driver=generic",
                )
            })?;
            let key = key.to_lowercase();
            let list = match key.as_str() {
                "name" => {
                    filter.names.push(expression(value)?);
                    continue;
                }
                "driver" => &mut filter.drivers,
                "state" => &mut filter.states,
                "swarm" => &mut filter.swarms,
                "label" => &mut filter.labels,
                _ => {
                    let message = format!("Unsupported filter key '{key}'");
                    return Err(CliError::usage(
                        message,
                        "the keys are name, driver, state, swarm and label",
                    ));
                }
            };
            if key == "state" && !takes_any_state {
                must_be_state(value)?;
            }
            list.push(value.to_owned());
        }
        Ok(filter)
    }

    /// Whether everything is shown.
    pub fn is_empty(&self) -> bool {
        let Self { names, drivers, states, swarms, labels } = self;
        names.is_empty() && [drivers, states, swarms, labels].into_iter().all(Vec::is_empty)
    }

    /// Whether the hosts must be asked.
    pub fn asks_for_state(&self) -> bool {
        !self.states.is_empty()
    }

    /// What the store alone can tell; of a broken machine it knows only the name.
    pub fn may_show(&self, row: &Row, swarms: &Swarms) -> bool {
        let record = row.record.as_ref().ok();
        let driver = record.map(|record| record.config.driver_name.as_str());
        any(&self.names, |wanted| wanted.is_match(&row.name))
            && any(&self.drivers, |wanted| driver.is_some_and(|driver| is_same(driver, wanted)))
            && any(&self.swarms, |wanted| {
                record.is_some_and(|record| is_same(swarms.master_of(record).unwrap_or_default(), wanted))
            })
            && any(&self.labels, |wanted| record.is_some_and(|record| has_label(record, wanted)))
    }

    /// What is left once the hosts were asked.
    pub fn shows(&self, row: &Row) -> bool {
        let state = row.state.map(|state| state.to_string()).unwrap_or_default();
        any(&self.states, |wanted| is_same(&state, wanted))
    }
}

/// docker-machine showed nothing for a state that there is not.
fn must_be_state(value: &str) -> Result<(), CliError> {
    let states = [
        State::Running,
        State::Paused,
        State::Saved,
        State::Stopped,
        State::Stopping,
        State::Starting,
        State::Error,
        State::Timeout,
        State::NotFound,
    ];
    let states: Vec<String> = states.iter().map(ToString::to_string).collect();
    if value.is_empty() || states.iter().any(|state| is_same(state, value)) {
        return Ok(());
    }
    let near = nearest(&value.to_lowercase(), states.iter().map(|state| state.to_lowercase()).collect());
    let hint = match near.first() {
        Some(near) => format!("did you mean --filter state={near}?"),
        None => format!("the states are {}", states.join(", ")),
    };
    Err(CliError::usage(format!("there is no state {value:?}"), hint))
}

/// A part of the name, as an expression. What is wrong with one is said on one line.
fn expression(pattern: &str) -> Result<Regex, CliError> {
    Regex::new(pattern).map_err(|error| {
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        CliError::usage(
            format!("error parsing regexp: {reason}: `{pattern}`"),
            "an expression such as --filter 'name=^web-[0-9]+$'",
        )
    })
}

/// No value asked for, or one that matches.
fn any<T>(wanted: &[T], is_match: impl Fn(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(is_match)
}

fn is_same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// `key=value`, the value whatever its case; `key` alone is any value of it. Of a key that is there twice the last value counts.
fn has_label(record: &Record, wanted: &str) -> bool {
    let labels = record.config.host_options.engine_options.labels.as_deref().unwrap_or_default();
    let parts = |label: &str| match label.split_once('=') {
        Some((key, value)) => (key.to_owned(), value.to_owned()),
        None => (label.to_owned(), String::new()),
    };
    let value_of =
        |wanted: &str| labels.iter().rev().map(|label| parts(label)).find(|(key, _)| key == wanted);
    match wanted.split_once('=') {
        Some((key, value)) => value_of(key).is_some_and(|(_, label)| is_same(&label, value)),
        None => value_of(wanted).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_filter_is_refused_on_one_line() {
        for (text, problem) in [
            ("driver", "Unsupported filter syntax"),
            ("color=red", "Unsupported filter key 'color'"),
            ("name=a(", "error parsing regexp: unclosed group: `a(`"),
            ("name=[a", "error parsing regexp: unclosed character class: `[a`"),
            ("name=*", "error parsing regexp: repetition operator missing expression: `*`"),
        ] {
            let error = Filter::parse(&[text.to_owned()], false).unwrap_err();
            assert_eq!(error.to_string(), problem);
        }
    }
}
