//! Settings laid over settings, and taken away again, without losing what is not ours.

use serde_json::Value;

use super::Options;

/// Lists in which our entries stand beside those that are there; every other list is replaced.
const UNITED: &[&str] =
    &["allow-nondistributable-artifacts", "hosts", "insecure-registries", "labels", "registry-mirrors"];

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
