//! A plugin's flags as ours, and their values as it takes them.

use std::collections::BTreeSet;

use super::{gob::Value, protocol};
use crate::driver::{FlagKind, FlagSpec, FlagValue, Flags};

/// Flags that every command has, and that no driver's are mixed up with.
const RESERVED: [&str; 9] = [
    "help",
    "version",
    "debug",
    "quiet",
    "storage-path",
    "tls-ca-cert",
    "tls-ca-key",
    "tls-client-cert",
    "tls-client-key",
];
/// Words in the names of flags whose default is not shown.
const SECRET: [&str; 5] = ["password", "passwd", "secret", "token", "api-key"];
/// The flags that a plugin answered with; `None` where the answer is no list of flags.
pub fn read(answer: &Value) -> Option<Vec<FlagSpec>> {
    let Value::List(list) = answer else { return None };
    let specs = list.iter().filter(|flag| **flag != Value::Nil).map(spec).collect::<Option<Vec<_>>>()?;
    let mut names = BTreeSet::new();
    // What could not be typed, or would be two flags of one name, is left to its default.
    Some(
        specs
            .into_iter()
            .filter(|spec| can_be_typed(&spec.name) && names.insert(spec.name.clone()))
            .collect(),
    )
}

fn can_be_typed(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('-')
        && !RESERVED.contains(&name)
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn spec(flag: &Value) -> Option<FlagSpec> {
    let Value::Interface(kind, flag) = flag else { return None };
    let text = |name| flag.field(name).and_then(Value::text).unwrap_or_default().trim().to_owned();
    let value = flag.field("Value");
    // `*mcnflag.StringFlag`, whatever the package is called there.
    let kind = kind.rsplit('.').next().unwrap_or_default();
    let (kind, default) = match kind {
        "StringFlag" => {
            (FlagKind::Text, value.and_then(Value::text).map(|text| FlagValue::Text(text.to_owned())))
        }
        "IntFlag" => (FlagKind::Int, Some(FlagValue::Int(value.and_then(Value::int).unwrap_or_default()))),
        "BoolFlag" => (FlagKind::Bool, None),
        "StringSliceFlag" => (FlagKind::List, value.and_then(texts).map(FlagValue::List)),
        _ => return None,
    };
    let name = text("Name");
    let is_said = flag.field("Secret") == Some(&Value::Bool(true));
    let secret = is_said || SECRET.iter().any(|word| name.contains(word));
    let env = Some(text("EnvVar")).filter(|name| !name.is_empty());
    Some(FlagSpec { aliases: Vec::new(), kind, default, env, help: text("Usage"), secret, name })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let Value::List(list) = value else { return None };
    list.iter().map(|text| text.text().map(str::to_owned)).collect()
}

/// All flags with their values: a plugin must be told even those that nobody gave.
pub fn write(specs: &[FlagSpec], flags: &Flags) -> Value {
    let value = |name: &str, kind, default: Option<&FlagValue>| {
        let given = flags.0.get(name).or(default).filter(|value| fits(value, kind)).cloned();
        given.unwrap_or_else(|| zero(kind))
    };
    let own =
        specs.iter().map(|spec| (spec.name.as_str(), value(&spec.name, spec.kind, spec.default.as_ref())));
    let is_theirs = |name: &str| specs.iter().any(|spec| spec.name == name);
    let of_create = protocol::OF_CREATE
        .into_iter()
        .filter(|(name, _)| !is_theirs(name))
        .map(|(name, kind)| (name, value(name, kind, None)));
    let entries = own.chain(of_create).map(|(name, value)| (Value::Text(name.to_owned()), held(value)));
    let values = vec![("Values".to_owned(), Value::Map(entries.collect()))];
    Value::Interface(protocol::FLAGS_NAME.to_owned(), Box::new(Value::Struct(values)))
}

fn fits(value: &FlagValue, kind: FlagKind) -> bool {
    matches!(
        (value, kind),
        (FlagValue::Bool(_), FlagKind::Bool)
            | (FlagValue::Int(_), FlagKind::Int)
            | (FlagValue::Text(_), FlagKind::Text)
            | (FlagValue::List(_), FlagKind::List)
    )
}

fn zero(kind: FlagKind) -> FlagValue {
    match kind {
        FlagKind::Bool => FlagValue::Bool(false),
        FlagKind::Int => FlagValue::Int(0),
        FlagKind::Text => FlagValue::Text(String::new()),
        FlagKind::List => FlagValue::List(Vec::new()),
    }
}

fn held(value: FlagValue) -> Value {
    let (name, value) = match value {
        FlagValue::Bool(is_on) => ("bool", Value::Bool(is_on)),
        FlagValue::Int(number) => ("int", Value::Int(number)),
        FlagValue::Text(text) => ("string", Value::Text(text)),
        FlagValue::List(list) => ("[]string", Value::List(list.into_iter().map(Value::Text).collect())),
    };
    Value::Interface(name.to_owned(), Box::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(kind: &str, fields: &[(&str, Value)]) -> Value {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Value::Interface(kind.to_owned(), Box::new(Value::Struct(fields)))
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn every_kind_of_flag_is_read_and_what_cannot_be_typed_is_left_out() {
        let answer = Value::List(vec![
            flag(
                "*mcnflag.StringFlag",
                &[("Name", text("x-token")), ("EnvVar", text("X")), ("Value", text("d"))],
            ),
            flag("*flag.IntFlag", &[("Name", text("x-port")), ("Usage", text(" Take this port "))]),
            flag("*mcnflag.BoolFlag", &[("Name", text("x-on"))]),
            flag(
                "*mcnflag.StringSliceFlag",
                &[("Name", text("x-tag")), ("Value", Value::List(vec![text("a")]))],
            ),
            flag("*mcnflag.BoolFlag", &[("Name", text("x-on"))]),
            flag("*mcnflag.BoolFlag", &[("Name", text("help"))]),
            flag("*mcnflag.BoolFlag", &[("Name", text("a b"))]),
            flag("*mcnflag.BoolFlag", &[]),
            Value::Nil,
        ]);
        let specs = read(&answer).unwrap();
        let kinds: Vec<(&str, FlagKind)> = specs.iter().map(|spec| (spec.name.as_str(), spec.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("x-token", FlagKind::Text),
                ("x-port", FlagKind::Int),
                ("x-on", FlagKind::Bool),
                ("x-tag", FlagKind::List)
            ]
        );
        assert_eq!((specs[0].env.as_deref(), specs[0].secret), (Some("X"), true));
        assert_eq!(
            (specs[1].default.clone(), specs[1].help.as_str()),
            (Some(FlagValue::Int(0)), "Take this port")
        );
        assert_eq!(specs[3].default, Some(FlagValue::List(vec!["a".into()])));
        for wrong in [Value::Int(1), Value::List(vec![Value::Int(1)]), Value::List(vec![flag("*x.Odd", &[])])]
        {
            assert_eq!(read(&wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_plugin_is_told_every_flag_in_its_own_kind() {
        let specs =
            vec![FlagSpec::text("x-name", ""), FlagSpec::int("x-port", 22, ""), FlagSpec::list("x-tag", "")];
        let given = Flags(
            [
                ("x-name".to_owned(), FlagValue::Int(3)),
                ("engine-install-url".to_owned(), FlagValue::Text("https://i".into())),
            ]
            .into(),
        );
        let Value::Interface(_, flags) = write(&specs, &given) else { panic!("an interface") };
        let Some(Value::Map(entries)) = flags.field("Values") else { panic!("a map") };
        let told = |name: &str| entries.iter().find(|(key, _)| key.text() == Some(name)).unwrap().1.clone();
        let interface = |name: &str, value| Value::Interface(name.to_owned(), Box::new(value));
        assert_eq!(told("x-name"), interface("string", text("")), "a number is no text");
        assert_eq!(told("x-port"), interface("int", Value::Int(22)));
        assert_eq!(told("x-tag"), interface("[]string", Value::List(Vec::new())));
        assert_eq!(told("swarm-master"), interface("bool", Value::Bool(false)));
        assert_eq!(told("engine-install-url"), interface("string", text("https://i")));
        assert_eq!(entries.len(), 3 + 11);
    }
}
