//! Which machines one process may answer for, one after the other.
//!
//! A plugin merges the state it is given into what it has, and may keep a connection to its cloud that it made for the last one.
//! So the next state must have every field that the last one had, and must be equal in all that might say who is asked and as
//! whom; only what is plainly one host's own, or harmless, may differ. Where that cannot be seen, another process is started.

use serde_json::{Map, Value};

/// Fields that docker-machine's own base has, and that are one host's own.
const BASE: [&str; 8] = [
    "ipaddress",
    "machinename",
    "sshuser",
    "sshport",
    "sshkeypath",
    "storepath",
    "swarmhost",
    "swarmdiscovery",
];
/// How the names of fields end that are one host's own.
const OWN: [&str; 9] = ["id", "ids", "name", "names", "uuid", "ipaddress", "ipv4", "ipv6", "hostname"];
/// Words in the names of fields that differ from host to host and say nothing of whom is asked.
const HARMLESS: [&str; 5] = ["image", "size", "flavor", "servertype", "instancetype"];
/// Words in the names of fields that say who is asked, or as whom; they win.
const WHOM: [&str; 26] = [
    "access",
    "account",
    "api",
    "app",
    "auth",
    "cert",
    "client",
    "cloud",
    "cluster",
    "consumer",
    "credential",
    "datacenter",
    "domain",
    "endpoint",
    "key",
    "org",
    "pass",
    "profile",
    "project",
    "region",
    "secret",
    "server",
    "subscription",
    "tenant",
    "token",
    "user",
];
/// Fields with such a word that are one host's own all the same.
const OWN_ALL_THE_SAME: [&str; 7] =
    ["serverid", "servername", "keyid", "keyname", "keypairname", "sshkeyid", "serveruuid"];

/// Whether a process that has this state may be given the next one.
pub fn may_follow(last: &Value, next: &Value) -> bool {
    let (Value::Object(last), Value::Object(next)) = (last, next) else { return false };
    covers(last, next)
        && next.iter().all(|(name, value)| last.get(name) == Some(value) || is_own(name, value))
}

/// Whether what is merged leaves nothing of the last state: all that had a value gets one.
pub fn replaces(last: &Value, next: &Value) -> bool {
    match (last, next) {
        (Value::Object(last), Value::Object(next)) => covers(last, next),
        (Value::Object(last), _) => last.is_empty(),
        _ => true,
    }
}

fn covers(last: &Map<String, Value>, next: &Map<String, Value>) -> bool {
    last.iter().all(|(name, value)| {
        next.get(name).is_some_and(|next| !next.is_null() && replaces(value, next)) || value.is_null()
    })
}

fn is_own(name: &str, value: &Value) -> bool {
    let name = name.to_lowercase().replace(['_', '-'], "");
    if BASE.contains(&name.as_str()) || OWN_ALL_THE_SAME.contains(&name.as_str()) {
        return true;
    }
    !WHOM.iter().any(|word| name.contains(word))
        && match value {
            Value::Bool(_) => true,
            Value::Number(_) => !name.contains("port"),
            Value::String(_) => {
                OWN.iter().any(|end| name.ends_with(end)) || HARMLESS.iter().any(|word| name.contains(word))
            }
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hosts_of_one_account_share_a_process_and_others_do_not() {
        let base = json!({
            "MachineName": "n1", "IPAddress": "10.0.0.1", "SSHKeyPath": "/s/n1/id_rsa", "ServerID": 1, "KeyID": 7,
            "InstanceId": "i-1", "AccessToken": "t", "Region": "eu", "Size": "small", "Tags": ["a"], "SecurityGroupIds": ["g"],
            "APIEndpoint": "https://a", "UserName": "ann", "ProjectID": 4, "UsesBackups": false, "VCenterPort": 443
        });
        let with = |name: &str, value: Value| {
            let mut next = base.clone();
            next[name] = value;
            next
        };
        for (name, value) in [
            ("MachineName", json!("n2")),
            ("IPAddress", json!("10.0.0.2")),
            ("SSHKeyPath", json!("/s/n2/id_rsa")),
            ("ServerID", json!(2)),
            ("InstanceId", json!("i-2")),
            ("Size", json!("large")),
            ("UsesBackups", json!(true)),
            ("New", json!(true)),
        ] {
            assert!(may_follow(&base, &with(name, value)), "{name}");
        }
        for (name, value) in [
            ("AccessToken", json!("other")),
            ("Region", json!("us")),
            ("APIEndpoint", json!("https://b")),
            ("UserName", json!("bob")),
            ("ProjectID", json!(5)),
            ("VCenterPort", json!(444)),
            ("Tags", json!(["b"])),
            ("Tags", Value::Null),
            ("Whatever", json!("new")),
        ] {
            assert!(!may_follow(&base, &with(name, value)), "{name}");
        }
    }

    #[test]
    fn what_the_last_state_had_and_the_next_has_not_would_stay_there() {
        let last = json!({"ServerID": 1, "Labels": {"a": "1"}});
        assert!(!may_follow(&last, &json!({"ServerID": 2})));
        assert!(!may_follow(&last, &json!({"ServerID": 2, "Labels": {}})));
        assert!(!may_follow(&last, &json!([])));
        assert!(may_follow(&last, &json!({"ServerID": 2, "Labels": {"a": "1"}})));
    }
}
