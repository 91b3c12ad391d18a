//! What a plan changes in `daemon.json`, line by line, and what a user should know of it beforehand.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::engine::options::{self, Options};

/// Lines around a difference.
const AROUND: usize = 1;

/// The lines that differ, each behind `-` or `+`, with a few around them; passwords in URLs are not shown.
pub(super) fn lines(before: &Options, after: &Options) -> Vec<String> {
    let (before, after) = (text(before), text(after));
    let diff = TextDiff::from_lines(&before, &after);
    let mut lines = Vec::new();
    for (place, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if place > 0 {
            lines.push("  ...".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            lines.push(format!("{sign} {}", change.value().trim_end()));
        }
    }
    lines
}

fn text(options: &Options) -> String {
    let masked = options.iter().map(|(key, value)| (key.clone(), options::masked(value))).collect();
    options::render(&masked)
}

/// What the engine will not undo or will not find, compared with what is in force now.
pub(super) fn notes(before: &Options, after: &Options) -> Vec<String> {
    let becomes = |key: &str, value: bool| {
        let is = |options: &Options| options.get(key).and_then(Value::as_bool) == Some(value);
        is(after) && !is(before)
    };
    let changes = |key: &&&str| match after.get(**key) {
        Some(value) => before.get(**key) != Some(value),
        // Gone from the file: back to the default, which may be what it was.
        None => false,
    };
    let mut notes = Vec::new();
    if becomes("iptables", false) {
        notes.push("firewall rules that the engine has made stay until the host restarts".to_owned());
    }
    if becomes("ip-forward", false) {
        notes.push("forwarding that is on already stays on until the host restarts".to_owned());
    }
    let is_gone = |key: &&str| before.contains_key(*key) && !after.contains_key(*key);
    // docker0 was cut from the pools while no container was on it.
    for key in ["bip", "bip6", "default-address-pools"].into_iter().filter(is_gone) {
        notes.push(format!(
            "without {key}, the engine keeps the address that docker0 has; set a bip to change it"
        ));
    }
    for key in ["data-root", "storage-driver", "userns-remap"].iter().filter(changes) {
        notes.push(format!(
            "with another {key}, images, containers and volumes of now are not seen (nor removed)"
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        options::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_difference_shows_what_changes_and_no_password() {
        let before = options(r#"{"debug": true, "mtu": 1500, "labels": ["a=b"]}"#);
        let after = options(
            r#"{"debug": true, "mtu": 1450, "labels": ["a=b"], "proxies": {"http-proxy": "http://u:secret@p:3128"}}"#,
        );
        let shown = lines(&before, &after).join("\n");
        assert!(shown.contains("-   \"mtu\": 1500,\n+   \"mtu\": 1450,"), "{shown}");
        assert!(shown.contains("http://***@p:3128") && !shown.contains("secret"), "{shown}");
        assert!(options::holds_secrets(&after) && !options::holds_secrets(&before));
    }

    #[test]
    fn what_a_change_cannot_undo_is_said() {
        let after = options(r#"{"iptables": false, "data-root": "/srv"}"#);
        assert_eq!(notes(&Options::new(), &after).len(), 2);
        assert_eq!(notes(&after, &after).len(), 0);
        for gone in [
            r#"{"bip": "10.9.0.1/24"}"#,
            r#"{"default-address-pools": [{"base": "10.66.0.0/16", "size": 28}]}"#,
        ] {
            assert_eq!(notes(&options(gone), &Options::new()).len(), 1, "{gone}");
        }
    }
}
