//! JSON documents that keep what they do not understand: key order, number literals and string escapes stay as they were
//! read, and only what differs is written anew, the way Go writes it (docker-machine's files stay byte-identical).

use std::fmt;

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use crate::template::json::quoted;

/// A document as it stands in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// A number, text, truth value or null, as it is written.
    Literal(String),
    /// A list.
    List(Vec<Node>),
    /// An object, in the order of the file.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Reads a document.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        Self::from_raw(serde_json::from_str(text)?)
    }

    fn from_raw(raw: &RawValue) -> serde_json::Result<Self> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text)?;
                let nodes = members.into_iter().map(|(key, raw)| Ok((key, Self::from_raw(raw)?)));
                Self::Object(nodes.collect::<serde_json::Result<_>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::List(items.into_iter().map(Self::from_raw).collect::<serde_json::Result<_>>()?)
            }
            _ => Self::Literal(text.to_owned()),
        })
    }

    /// Takes over what changed from `base` to `ours`, key by key; everything else stays as it is here.
    pub(crate) fn merge(&mut self, base: &Value, ours: &Value) {
        if base == ours {
            return;
        }
        match (&mut *self, ours) {
            (Self::Object(members), Value::Object(ours)) => {
                let nothing = serde_json::Map::new();
                let base = base.as_object().unwrap_or(&nothing);
                members.retain(|(key, _)| ours.contains_key(key) || !base.contains_key(key));
                for (key, ours) in ours {
                    merge_member(members, key, base.get(key), ours);
                }
            }
            (Self::List(items), Value::Array(ours))
                if items.len() == ours.len()
                    && base.as_array().is_some_and(|base| base.len() == ours.len()) =>
            {
                for (place, item) in items.iter_mut().enumerate() {
                    item.merge(&base[place], &ours[place]);
                }
            }
            (theirs, ours) => *theirs = Self::from(ours),
        }
    }

    /// The same with every text escaped as Go does it, whoever wrote it.
    pub(crate) fn with_gos_escapes(self) -> Self {
        match self {
            Self::Literal(text) => Self::Literal(match serde_json::from_str::<String>(&text) {
                Ok(says) => quoted(&says),
                // A number, truth value or null.
                Err(_) => text,
            }),
            Self::List(items) => Self::List(items.into_iter().map(Self::with_gos_escapes).collect()),
            Self::Object(members) => {
                Self::Object(members.into_iter().map(|(key, node)| (key, node.with_gos_escapes())).collect())
            }
        }
    }

    /// A text as a document.
    pub(crate) fn text(text: &str) -> Self {
        Self::Literal(quoted(text))
    }

    /// The text, where it is one.
    pub(crate) fn as_text(&self) -> Option<String> {
        match self {
            Self::Literal(literal) => serde_json::from_str(literal).ok(),
            Self::List(_) | Self::Object(_) => None,
        }
    }

    /// A member of an object.
    pub(crate) fn member(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            Self::List(_) | Self::Literal(_) => None,
        }
    }

    /// The same, to change it.
    pub(crate) fn member_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => members.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
            Self::List(_) | Self::Literal(_) => None,
        }
    }

    /// Takes a member out of an object.
    pub(crate) fn take(&mut self, key: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        let at = members.iter().position(|(name, _)| name == key)?;
        Some(members.remove(at).1)
    }

    /// Puts a member into an object, at its old place where it has one.
    pub(crate) fn set(&mut self, key: &str, value: Self) {
        let Self::Object(members) = self else { return };
        match members.iter_mut().find(|(name, _)| name == key) {
            Some((_, there)) => *there = value,
            None => members.push((key.to_owned(), value)),
        }
    }

    /// The member of this name as an object; one that is none, null or missing, becomes an empty one.
    pub(crate) fn object(&mut self, key: &str) -> &mut Self {
        let Self::Object(members) = self else { return self };
        let place = members.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
            members.push((key.to_owned(), Self::Object(Vec::new())));
            members.len() - 1
        });
        let member = &mut members[place].1;
        if !matches!(member, Self::Object(_)) {
            *member = Self::Object(Vec::new());
        }
        member
    }

    /// Sorts the members of this object and of those in it by name.
    pub(crate) fn sort(&mut self) {
        match self {
            Self::Object(members) => {
                members.sort_by(|(one, _), (other, _)| one.cmp(other));
                for (_, value) in members {
                    value.sort();
                }
            }
            Self::List(items) => items.iter_mut().for_each(Self::sort),
            Self::Literal(_) => {}
        }
    }

    /// The document as docker-machine writes it: indented by 4, no line end after it.
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Literal(text) => out.push_str(text),
            Self::List(items) => write_block(out, depth, ['[', ']'], items, |out, item| {
                item.write(out, depth + 1);
            }),
            Self::Object(members) => write_block(out, depth, ['{', '}'], members, |out, (key, value)| {
                out.push_str(&quoted(key));
                out.push_str(": ");
                value.write(out, depth + 1);
            }),
        }
    }
}

fn merge_member(members: &mut Vec<(String, Node)>, key: &str, base: Option<&Value>, ours: &Value) {
    if base == Some(ours) {
        return;
    }
    match members.iter_mut().find(|(name, _)| name == key) {
        Some((_, theirs)) => theirs.merge(base.unwrap_or(&Value::Null), ours),
        None => members.push((key.to_owned(), Node::from(ours))),
    }
}

fn write_block<T>(
    out: &mut String,
    depth: usize,
    ends: [char; 2],
    items: &[T],
    each: impl Fn(&mut String, &T),
) {
    out.push(ends[0]);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        new_line(out, depth + 1);
        each(out, item);
    }
    if !items.is_empty() {
        new_line(out, depth);
    }
    out.push(ends[1]);
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("    ", depth));
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Literal(value.to_string()),
            Value::String(text) => Self::Literal(quoted(text)),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => {
                Self::Object(members.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
            }
        }
    }
}

/// The members of an object in the order of the file, their values unread.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FILE: &str = "{\n    \"Big\": 123456789012345678901234567890,\n    \"Float\": 1.50,\n    \"Text\": \"a\\u003cb \\u0041\",\n    \"None\": null,\n    \"List\": [],\n    \"Object\": {},\n    \"Deep\": {\n        \"List\": [\n            1,\n            {\n                \"a\": true\n            }\n        ]\n    }\n}";

    fn merged(theirs: &str, base: &Value, ours: &Value) -> String {
        let mut node = Node::parse(theirs).unwrap();
        node.merge(base, ours);
        node.to_text()
    }

    #[test]
    fn a_document_that_nothing_changed_is_written_byte_for_byte() {
        assert_eq!(Node::parse(FILE).unwrap().to_text(), FILE);
    }

    #[test]
    fn only_what_we_changed_is_written_over_what_another_program_wrote() {
        let base = json!({"a": 1, "b": {"x": 1, "y": 1}, "gone": 1});
        let ours = json!({"a": 1, "b": {"x": 2, "y": 1}, "new": "<&>"});
        let theirs = r#"{"a": 7, "unknown": 1.0, "gone": 1, "b": {"y": 3, "x": 1}}"#;
        let want = json!({"a": 7, "unknown": 1.0, "b": {"y": 3, "x": 2}, "new": "<&>"});
        let text = merged(theirs, &base, &ours);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), want);
        assert!(text.contains(r#""new": "\u003c\u0026\u003e""#), "{text}");
    }

    #[test]
    fn what_changed_its_kind_is_replaced() {
        let text = merged(r#"{"a": [1, 2]}"#, &json!({"a": [1, 2]}), &json!({"a": {"b": null}}));
        assert_eq!(text, "{\n    \"a\": {\n        \"b\": null\n    }\n}");
    }

    #[test]
    fn strings_are_escaped_as_go_does_it() {
        let text = Node::from(&json!("\"\\\n\r\t\u{8}\u{c}\u{7f}\u{2028}é/'")).to_text();
        assert_eq!(text, r#""\"\\\n\r\t\u0008\u000c"#.to_owned() + "\u{7f}" + r#"\u2028é/'""#);
    }
}
