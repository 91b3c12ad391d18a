//! The `currentContext` of docker's `config.json`. It also holds logins, so everything else in it stays as it is written, to the byte.

use std::{
    borrow::Cow,
    fmt, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{ContextError, DEFAULT, Result};
use crate::store::{read_if_there, write_atomically};

/// The member; docker's reader takes it in any case.
const KEY: &str = "currentContext";

/// The current context, where there is one.
pub(super) fn read(path: &Path) -> Result<Option<String>> {
    let Some(text) = text(path)? else { return Ok(None) };
    let members = members(path, &text)?;
    let last = members.iter().rev().find(|member| member.is_current);
    let name = last.and_then(|member| serde_json::from_str::<String>(&text[member.value.clone()]).ok());
    Ok(name.filter(|name| !name.is_empty() && name != DEFAULT))
}

/// Sets it, or takes it away; nothing is written where it is so already.
pub(super) fn write(path: &Path, name: Option<&str>) -> Result<()> {
    let before = text(path)?;
    let text = before.clone().unwrap_or_else(|| "{}\n".to_owned());
    let after = edited(path, &text, name)?;
    if after == text {
        return Ok(());
    }
    // Where it is a link, as keepers of dotfiles make it, the file behind it is meant.
    let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = fs::metadata(&file).map_or(0o600, |meta| meta.permissions().mode() & 0o777);
    Ok(write_atomically(&file, mode, after.as_bytes())?)
}

fn text(path: &Path) -> Result<Option<String>> {
    let Some(bytes) = read_if_there(path)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|error| malformed(path, &error))?;
    // docker takes an empty file for one without settings.
    Ok(Some(text).filter(|text| !text.trim().is_empty()))
}

fn malformed(path: &Path, reason: &dyn fmt::Display) -> ContextError {
    ContextError::Malformed { path: PathBuf::from(path), reason: reason.to_string() }
}

/// Where a member of the outermost object stands in the text.
struct Member {
    is_current: bool,
    /// From the quote before its name.
    start: usize,
    value: std::ops::Range<usize>,
}

fn members(path: &Path, text: &str) -> Result<Vec<Member>> {
    let Members(found) = serde_json::from_str(text).map_err(|error| malformed(path, &error))?;
    let place = |raw: &RawValue| raw.get().as_ptr() as usize - text.as_ptr() as usize;
    let mut members: Vec<Member> = Vec::new();
    for (key, raw) in found {
        let begin = place(raw);
        let after = members.last().map_or(0, |before| before.value.end);
        let start = after + text[after..begin].find('"').unwrap_or_default();
        let is_current = key.eq_ignore_ascii_case(KEY);
        members.push(Member { is_current, start, value: begin..begin + raw.get().len() });
    }
    Ok(members)
}

fn edited(path: &Path, text: &str, name: Option<&str>) -> Result<String> {
    let members = members(path, text)?;
    match (members.iter().rposition(|member| member.is_current), name) {
        (None, None) => Ok(text.to_owned()),
        (None, Some(name)) => Ok(added(text, &members, name)),
        (Some(place), Some(name)) => {
            let mut text = text.to_owned();
            text.replace_range(members[place].value.clone(), &quoted(name));
            Ok(text)
        }
        // Once more, because the last of several counts.
        (Some(place), None) => edited(path, &removed(text, &members, place), None),
    }
}

/// With the member at the end, set apart as the others are.
fn added(text: &str, members: &[Member], name: &str) -> String {
    let open = text.find('{').unwrap_or_default() + 1;
    let member = format!("\"{KEY}\": {}", quoted(name));
    let mut text = text.to_owned();
    if let (Some(first), Some(last)) = (members.first(), members.last()) {
        let apart = text[open..first.start].to_owned();
        text.insert_str(last.value.end, &format!(",{apart}{member}"));
    } else {
        let close = text.rfind('}').unwrap_or(open);
        text.replace_range(open..close, &format!("\n\t{member}\n"));
    }
    text
}

fn removed(text: &str, members: &[Member], place: usize) -> String {
    let mut text = text.to_owned();
    let end = members[place].value.end;
    match (place.checked_sub(1).map(|before| members[before].value.end), members.get(place + 1)) {
        (Some(before), _) => text.replace_range(before..end, ""),
        (None, Some(next)) => text.replace_range(members[place].start..next.start, ""),
        (None, None) => {
            let (open, close) = (text.find('{').map_or(0, |open| open + 1), text.rfind('}').unwrap_or(end));
            text.replace_range(open..close, "");
        }
    }
    text
}

fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

/// The members of an object as they stand, duplicates among them.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((Cow::Owned(key), value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str, name: Option<&str>) -> String {
        edited(Path::new("config.json"), text, name).unwrap()
    }

    #[test]
    fn everything_else_stays_as_it_is_written() {
        let table = [
            ("{}\n", "{\n\t\"currentContext\": \"n1\"\n}\n"),
            (
                "{\n\t\"auths\": {\"h\": {}}\n}",
                "{\n\t\"auths\": {\"h\": {}},\n\t\"currentContext\": \"n1\"\n}",
            ),
            (r#"{"big":1.0e400,"x":"\u00e9"}"#, r#"{"big":1.0e400,"x":"\u00e9","currentContext": "n1"}"#),
            (r#"{ "a" : 1 , "currentContext" : "old" }"#, r#"{ "a" : 1 , "currentContext" : "n1" }"#),
            (r#"{"CURRENTCONTEXT":null,"b":[]}"#, r#"{"CURRENTCONTEXT":"n1","b":[]}"#),
        ];
        for (before, selected) in table {
            assert_eq!(after(before, Some("n1")), selected);
        }
    }

    #[test]
    fn it_goes_with_its_comma_wherever_it_stands() {
        let table = [
            (r#"{"currentContext":"n1"}"#, "{}"),
            ("{\n\t\"currentContext\": \"n1\"\n}\n", "{}\n"),
            ("{\n\t\"currentContext\": \"n1\",\n\t\"a\": 1\n}", "{\n\t\"a\": 1\n}"),
            ("{\n\t\"a\": 1,\n\t\"currentContext\": \"n1\"\n}", "{\n\t\"a\": 1\n}"),
            (r#"{"a":"}\"","currentContext":"n1","b":2}"#, r#"{"a":"}\"","b":2}"#),
            (r#"{"currentContext":"n1","currentContext":"n2"}"#, "{}"),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ];
        for (before, taken_away) in table {
            assert_eq!(after(before, None), taken_away);
        }
    }

    #[test]
    fn selecting_and_going_back_leaves_the_file_as_it_was() {
        for text in ["{\n\t\"auths\": {},\n\t\"psFormat\": \"x\"\n}", r#"{"a":1}"#] {
            assert_eq!(after(&after(text, Some("n1")), None), text);
        }
    }

    #[test]
    fn a_file_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        for text in ["[]", "{", "\"x\""] {
            fs::write(&path, text).unwrap();
            assert!(matches!(write(&path, Some("n1")), Err(ContextError::Malformed { .. })), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn mode_and_link_of_the_file_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("dotfile"), folder.path().join("config.json"));
        fs::write(&real, "{}").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("dotfile", &link).unwrap();
        write(&link, Some("n1")).unwrap();
        assert_eq!(read(&link).unwrap().as_deref(), Some("n1"));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn the_default_context_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        assert_eq!(read(&path).unwrap(), None);
        for text in ["", "{}", r#"{"currentContext":"default"}"#, r#"{"currentContext":""}"#] {
            fs::write(&path, text).unwrap();
            assert_eq!(read(&path).unwrap(), None, "{text}");
        }
    }
}
