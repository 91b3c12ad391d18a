//! `--filter KEY=VALUE`: values of one key are alternatives, keys must all match.

use crate::{cli::error::CliError, ops::query::Row};

/// What to show.
#[derive(Debug, Default)]
pub struct Filter {
    names: Vec<String>,
    drivers: Vec<String>,
    states: Vec<String>,
    labels: Vec<String>,
}

impl Filter {
    /// Reads what was typed.
    pub fn parse(typed: &[String]) -> Result<Self, CliError> {
        let mut filter = Self::default();
        for text in typed {
            let (key, value) = text.split_once('=').ok_or_else(|| {
                CliError::usage(
                    "Unsupported filter syntax",
                    "--filter KEY=VALUE, such as --filter driver=generic",
                )
            })?;
            let list = match key.to_lowercase().as_str() {
                "name" => &mut filter.names,
                "driver" => &mut filter.drivers,
                "state" => &mut filter.states,
                "label" => &mut filter.labels,
                _ => {
                    let message = format!("Unsupported filter key '{key}'");
                    return Err(CliError::usage(message, "the keys are name, driver, state and label"));
                }
            };
            list.push(value.to_owned());
        }
        Ok(filter)
    }

    /// Whether everything is shown.
    pub fn is_empty(&self) -> bool {
        [&self.names, &self.drivers, &self.states, &self.labels].into_iter().all(Vec::is_empty)
    }

    /// Whether the hosts must be asked.
    pub fn asks_for_state(&self) -> bool {
        !self.states.is_empty()
    }

    /// What the store alone can tell; a broken machine matches only by its name.
    pub fn may_show(&self, row: &Row) -> bool {
        let record = row.record.as_ref().ok();
        let driver = record.map(|record| record.config.driver_name.as_str());
        let labels = record.and_then(|record| record.config.host_options.engine_options.labels.as_deref());
        let is_label = |wanted: &String| {
            labels.unwrap_or_default().iter().any(|label| label.eq_ignore_ascii_case(wanted))
        };
        any(&self.names, |wanted| is_name(&row.name, wanted))
            && any(&self.drivers, |wanted| driver.is_some_and(|driver| driver.eq_ignore_ascii_case(wanted)))
            && any(&self.labels, is_label)
    }

    /// The whole answer, once the hosts were asked.
    pub fn shows(&self, row: &Row) -> bool {
        let state = row.state.map(|state| state.to_string()).unwrap_or_default();
        self.may_show(row) && any(&self.states, |wanted| state.eq_ignore_ascii_case(wanted))
    }
}

/// No value asked for, or one that matches.
fn any(wanted: &[String], is_match: impl Fn(&String) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(is_match)
}

/// A part of the name; `^` and `$` tie it to its ends, `.*` stands for anything.
fn is_name(name: &str, pattern: &str) -> bool {
    let (pattern, from_start) = pattern.strip_prefix('^').map_or((pattern, false), |rest| (rest, true));
    let (pattern, to_end) = pattern.strip_suffix('$').map_or((pattern, false), |rest| (rest, true));
    let parts: Vec<&str> = pattern.split(".*").collect();
    let mut rest = name;
    for (place, part) in parts.iter().enumerate() {
        let (is_first, is_last) = (place == 0, place + 1 == parts.len());
        let found = match (is_first && from_start, is_last && to_end) {
            (true, true) => (rest == *part).then_some(0),
            (true, false) => rest.starts_with(part).then_some(0),
            (false, true) => rest.ends_with(part).then(|| rest.len() - part.len()),
            (false, false) => rest.find(part),
        };
        match found {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_the_common_expressions_do() {
        let table = [
            ("web-1", "web", true),
            ("web-1", "^web", true),
            ("web-1", "^eb", false),
            ("web-1", "1$", true),
            ("web-10", "1$", false),
            ("web-1", "^web-1$", true),
            ("web-1", "w.*1", true),
            ("web-1", "^w.*-1$", true),
            ("web-1", "x.*1", false),
            ("web-1", "", true),
        ];
        for (name, pattern, is_match) in table {
            assert_eq!(is_name(name, pattern), is_match, "{name} {pattern}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in ["driver", "color=red"] {
            assert!(Filter::parse(&[text.to_owned()]).is_err(), "{text}");
        }
    }
}
