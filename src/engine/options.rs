//! `daemon.json`: read, merged with what we want, and judged, without losing what is not ours.
//!
//! The file is kept as an ordered map, so that merging changes nothing but the keys it is about. What engines before 23.0
//! cannot check themselves (`dockerd --validate`) is checked against [`OPTIONS`].
//! Reference: <https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file>

use serde_json::{Map, Value};

/// A `daemon.json`.
pub type Options = Map<String, Value>;

/// What a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// true or false.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// Names with texts.
    TextMap,
    /// An object or a list of objects, not looked into.
    Structure,
}

/// One option: its key in `daemon.json`, its flag where that is named differently, what it holds, and whether the
/// engine reads it again on SIGHUP.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// The key.
    pub key: &'static str,
    /// The flag, without dashes.
    pub flag: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Read again on SIGHUP.
    pub is_reloadable: bool,
}

const fn fixed(key: &'static str, kind: Kind) -> OptionSpec {
    OptionSpec { key, flag: key, kind, is_reloadable: false }
}

const fn live(key: &'static str, kind: Kind) -> OptionSpec {
    OptionSpec { key, flag: key, kind, is_reloadable: true }
}

const fn flagged(flag: &'static str, spec: OptionSpec) -> OptionSpec {
    OptionSpec { flag, ..spec }
}

/// The options of engine 20.10, the last series that cannot validate a file itself. Which are read again on SIGHUP is from
/// the engine's source (`daemon/reload.go`), and holds for later series too.
pub const OPTIONS: &[OptionSpec] = &[
    live("allow-nondistributable-artifacts", Kind::Texts),
    fixed("api-cors-header", Kind::Text),
    flagged("authorization-plugin", fixed("authorization-plugins", Kind::Texts)),
    fixed("bip", Kind::Text),
    fixed("bridge", Kind::Text),
    fixed("builder", Kind::Structure),
    fixed("cgroup-parent", Kind::Text),
    fixed("cluster-advertise", Kind::Text),
    fixed("cluster-store", Kind::Text),
    flagged("cluster-store-opt", fixed("cluster-store-opts", Kind::TextMap)),
    fixed("containerd", Kind::Text),
    fixed("containerd-namespace", Kind::Text),
    fixed("containerd-plugin-namespace", Kind::Text),
    fixed("cpu-rt-period", Kind::Number),
    fixed("cpu-rt-runtime", Kind::Number),
    fixed("data-root", Kind::Text),
    live("debug", Kind::Bool),
    flagged("default-address-pool", fixed("default-address-pools", Kind::Structure)),
    fixed("default-cgroupns-mode", Kind::Text),
    fixed("default-gateway", Kind::Text),
    fixed("default-gateway-v6", Kind::Text),
    fixed("default-ipc-mode", Kind::Text),
    live("default-runtime", Kind::Text),
    fixed("default-shm-size", Kind::Text),
    flagged("default-ulimit", fixed("default-ulimits", Kind::Structure)),
    fixed("dns", Kind::Texts),
    flagged("dns-opt", fixed("dns-opts", Kind::Texts)),
    fixed("dns-search", Kind::Texts),
    flagged("exec-opt", fixed("exec-opts", Kind::Texts)),
    fixed("exec-root", Kind::Text),
    fixed("experimental", Kind::Bool),
    flagged("feature", live("features", Kind::Structure)),
    fixed("fixed-cidr", Kind::Text),
    fixed("fixed-cidr-v6", Kind::Text),
    fixed("graph", Kind::Text),
    fixed("group", Kind::Text),
    fixed("host-gateway-ip", Kind::Text),
    flagged("host", fixed("hosts", Kind::Texts)),
    fixed("icc", Kind::Bool),
    fixed("init", Kind::Bool),
    fixed("init-path", Kind::Text),
    flagged("insecure-registry", live("insecure-registries", Kind::Texts)),
    fixed("ip", Kind::Text),
    fixed("ip-forward", Kind::Bool),
    fixed("ip-masq", Kind::Bool),
    fixed("ip6tables", Kind::Bool),
    fixed("iptables", Kind::Bool),
    fixed("ipv6", Kind::Bool),
    flagged("label", live("labels", Kind::Texts)),
    live("live-restore", Kind::Bool),
    fixed("log-driver", Kind::Text),
    fixed("log-level", Kind::Text),
    flagged("log-opt", fixed("log-opts", Kind::TextMap)),
    live("max-concurrent-downloads", Kind::Number),
    live("max-concurrent-uploads", Kind::Number),
    live("max-download-attempts", Kind::Number),
    fixed("metrics-addr", Kind::Text),
    fixed("mtu", Kind::Number),
    fixed("network-control-plane-mtu", Kind::Number),
    live("network-diagnostic-port", Kind::Number),
    fixed("no-new-privileges", Kind::Bool),
    flagged("node-generic-resource", fixed("node-generic-resources", Kind::Texts)),
    fixed("oom-score-adjust", Kind::Number),
    fixed("pidfile", Kind::Text),
    fixed("raw-logs", Kind::Bool),
    flagged("registry-mirror", live("registry-mirrors", Kind::Texts)),
    fixed("rootless", Kind::Bool),
    flagged("add-runtime", live("runtimes", Kind::Structure)),
    fixed("seccomp-profile", Kind::Text),
    fixed("selinux-enabled", Kind::Bool),
    live("shutdown-timeout", Kind::Number),
    fixed("storage-driver", Kind::Text),
    flagged("storage-opt", fixed("storage-opts", Kind::Texts)),
    fixed("swarm-default-advertise-addr", Kind::Text),
    fixed("tls", Kind::Bool),
    fixed("tlscacert", Kind::Text),
    fixed("tlscert", Kind::Text),
    fixed("tlskey", Kind::Text),
    fixed("tlsverify", Kind::Bool),
    fixed("userland-proxy", Kind::Bool),
    fixed("userland-proxy-path", Kind::Text),
    fixed("userns-remap", Kind::Text),
];

/// Lists in which our entries stand beside those that are there; every other list is replaced.
const UNITED: &[&str] =
    &["allow-nondistributable-artifacts", "hosts", "insecure-registries", "labels", "registry-mirrors"];

/// A text that is no `daemon.json`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct ParseError {
    /// From 1.
    pub line: usize,
    /// From 1; 0 at the end of a line.
    pub column: usize,
    /// What is wrong there.
    pub reason: String,
}

/// An option that the engine would refuse.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// No such key.
    #[error("the engine knows no option {key:?}{}", .nearest.map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default())]
    Unknown {
        /// The key.
        key: String,
        /// The key that looks most like it.
        nearest: Option<&'static str>,
    },
    /// Its value is of another kind.
    #[error("option {key:?} must be {expected}, not {found}")]
    WrongKind {
        /// The key.
        key: String,
        /// Such as `true or false`.
        expected: &'static str,
        /// The value as JSON.
        found: String,
    },
}

/// Reads a file; an empty one holds nothing.
pub fn parse(bytes: &[u8]) -> Result<Options, ParseError> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Options::new());
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        let reason = text.split(" at line ").next().unwrap_or(&text).to_owned();
        ParseError { line: error.line(), column: error.column(), reason }
    })
}

/// Writes a file, as people would.
pub fn render(options: &Options) -> String {
    let mut text = serde_json::to_string_pretty(options).unwrap_or_default();
    text.push('\n');
    text
}

/// The options with `patch` laid over them: united lists are united, everything else is replaced.
#[must_use]
pub fn merge(mut options: Options, patch: &Options) -> Options {
    for (key, new) in patch {
        // Taken out in place, so that the key stays where it is.
        let value = match (options.get_mut(key).map(Value::take), new) {
            (Some(Value::Array(old)), Value::Array(new)) if UNITED.contains(&key.as_str()) => {
                Value::Array(unite(key, old, new))
            }
            _ => new.clone(),
        };
        options.insert(key.clone(), value);
    }
    options
}

/// The old entries, then the new ones. The engine refuses two labels of one name with different values: the new one stays.
fn unite(key: &str, old: Vec<Value>, new: &[Value]) -> Vec<Value> {
    let name = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        if key == "labels" { text.split('=').next().unwrap_or(text).to_owned() } else { value.to_string() }
    };
    let mut united: Vec<Value> = old
        .into_iter()
        .filter(|old| new.contains(old) || !new.iter().any(|new| name(new) == name(old)))
        .collect();
    for value in new {
        if !united.contains(value) {
            united.push(value.clone());
        }
    }
    united
}

/// The options without `ours`, which we laid over `origin` earlier: what somebody else has changed since stays.
#[must_use]
pub fn unmerge(mut options: Options, ours: &Options, origin: &Options) -> Options {
    for (key, our) in ours {
        match (options.get(key).cloned(), our) {
            (Some(Value::Array(now)), Value::Array(our)) if UNITED.contains(&key.as_str()) => {
                let was = origin.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
                let left: Vec<Value> =
                    now.into_iter().filter(|value| was.contains(value) || !our.contains(value)).collect();
                put_back(
                    &mut options,
                    key,
                    (!left.is_empty() || origin.contains_key(key)).then_some(Value::Array(left)),
                );
            }
            (Some(now), our) if now == *our => put_back(&mut options, key, origin.get(key).cloned()),
            _ => {}
        }
    }
    options
}

fn put_back(options: &mut Options, key: &str, value: Option<Value>) {
    match value {
        Some(value) => {
            options.insert(key.to_owned(), value);
        }
        None => {
            options.shift_remove(key);
        }
    }
}

/// The keys whose values differ, in the order of the new file, removed ones last.
pub fn changed_keys(before: &Options, after: &Options) -> Vec<String> {
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value))
        .map(|(key, _)| key)
        .chain(gone)
        .cloned()
        .collect()
}

/// Whether the engine reads this key again on SIGHUP. A key that is not known needs a restart.
pub fn is_reloadable(key: &str) -> bool {
    spec_of_key(key).is_some_and(|spec| spec.is_reloadable)
}

/// The option with this key.
pub fn spec_of_key(key: &str) -> Option<&'static OptionSpec> {
    OPTIONS.iter().find(|spec| spec.key == key)
}

/// The option with this flag.
pub fn spec_of_flag(flag: &str) -> Option<&'static OptionSpec> {
    OPTIONS.iter().find(|spec| spec.flag == flag)
}

/// Checks keys and kinds of values against [`OPTIONS`]; for engines that cannot do it themselves.
pub fn check(options: &Options) -> Result<(), OptionError> {
    options.iter().try_for_each(|(key, value)| match spec_of_key(key) {
        None => Err(OptionError::Unknown { key: key.clone(), nearest: nearest(key) }),
        Some(spec) if spec.kind.holds(value) => Ok(()),
        Some(spec) => Err(OptionError::WrongKind {
            key: key.clone(),
            expected: spec.kind.in_words(),
            found: value.to_string(),
        }),
    })
}

fn nearest(key: &str) -> Option<&'static str> {
    OPTIONS
        .iter()
        .map(|spec| (strsim::jaro_winkler(spec.key, key), spec.key))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

impl Kind {
    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Bool => value.is_boolean(),
            Self::Number => value.is_number(),
            Self::Text => value.is_string(),
            Self::Texts => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Self::TextMap => value.as_object().is_some_and(|map| map.values().all(Value::is_string)),
            Self::Structure => value.is_object() || value.is_array(),
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Texts => "a list of texts",
            Self::TextMap => "names with texts",
            Self::Structure => "an object or a list",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_broken_file_is_told_by_line_and_column() {
        let error = parse(b"{\n  \"debug\": yes\n}").unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 12: expected value");
        assert!(parse(b"[]").unwrap_err().reason.contains("expected a map"));
    }

    #[test]
    fn an_empty_file_holds_nothing() {
        assert_eq!(parse(b" \n").unwrap(), Options::new());
    }

    #[test]
    fn merging_changes_only_what_it_is_about_and_keeps_the_order() {
        let merged = merge(
            options(r#"{"zebra": 1, "labels": ["a=1", "b=2"], "debug": false}"#),
            &options(r#"{"labels": ["b=3"], "debug": true, "tlsverify": true}"#),
        );
        assert_eq!(
            serde_json::to_string(&merged).unwrap(),
            r#"{"zebra":1,"labels":["a=1","b=3"],"debug":true,"tlsverify":true}"#
        );
    }

    #[test]
    fn merging_twice_is_merging_once() {
        let patch = options(r#"{"labels": ["b=3"], "registry-mirrors": ["https://m"]}"#);
        let once = merge(options(r#"{"labels": ["a=1"]}"#), &patch);
        assert_eq!(merge(once.clone(), &patch), once);
    }

    #[test]
    fn unmerging_brings_back_the_origin_and_keeps_what_others_changed() {
        let origin = options(r#"{"debug": false, "labels": ["a=1"]}"#);
        let ours = options(r#"{"debug": true, "labels": ["b=2"], "bip": "10.9.0.1/24"}"#);
        assert_eq!(unmerge(merge(origin.clone(), &ours), &ours, &origin), origin);
        let mut edited = merge(origin.clone(), &ours);
        edited.insert("bip".into(), "10.8.0.1/24".into());
        edited.insert("mtu".into(), 1400.into());
        assert_eq!(
            unmerge(edited, &ours, &origin),
            options(r#"{"debug": false, "labels": ["a=1"], "bip": "10.8.0.1/24", "mtu": 1400}"#)
        );
    }

    #[test]
    fn an_option_that_an_old_engine_refuses_is_found_before_it_does() {
        let cases = [
            (
                r#"{"registry-mirror": []}"#,
                r#"the engine knows no option "registry-mirror" (did you mean "registry-mirrors"?)"#,
            ),
            (r#"{"qqqq": 1}"#, r#"the engine knows no option "qqqq""#),
            (r#"{"debug": "true"}"#, r#"option "debug" must be true or false, not "true""#),
            (r#"{"labels": "a=b"}"#, r#"option "labels" must be a list of texts, not "a=b""#),
            (
                r#"{"log-opts": {"max-file": 3}}"#,
                r#"option "log-opts" must be names with texts, not {"max-file":3}"#,
            ),
        ];
        for (file, expected) in cases {
            assert_eq!(check(&options(file)).unwrap_err().to_string(), expected);
        }
        assert_eq!(check(&options(r#"{"debug": true, "mtu": 1400, "dns": ["1.1.1.1"]}"#)), Ok(()));
    }

    #[test]
    fn only_keys_that_the_engine_reads_again_are_reloadable() {
        assert!(is_reloadable("labels") && is_reloadable("live-restore"));
        assert!(!is_reloadable("tlscert") && !is_reloadable("hosts") && !is_reloadable("unheard-of"));
    }

    #[test]
    fn changed_keys_are_added_changed_and_removed_ones() {
        let before = options(r#"{"a": 1, "b": 2, "c": 3}"#);
        let after = options(r#"{"b": 3, "c": 3, "d": 4}"#);
        assert_eq!(changed_keys(&before, &after), ["b", "d", "a"]);
    }

    #[test]
    fn the_table_has_each_key_and_flag_once() {
        for (index, spec) in OPTIONS.iter().enumerate() {
            let twice =
                OPTIONS[index + 1..].iter().any(|other| other.key == spec.key || other.flag == spec.flag);
            assert!(!twice, "{} stands there twice", spec.key);
        }
    }
}
