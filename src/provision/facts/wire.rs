//! The frames of `templates/facts.sh`: base64 of `LENGTH NAME`, a line end, LENGTH bytes, a line end, up to one named `end`.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The longest answer that is listened to, in characters.
pub(super) const MOST_TEXT: usize = 32 * 1024 * 1024;
/// A frame's header is at most this long: a length and a path.
const LONGEST_HEADER: usize = 4200;

/// The frames by name.
pub(super) type Sections = BTreeMap<String, Vec<u8>>;

/// An answer that is not in that form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("it is not what the script prints")]
    NotBase64,
    #[error("it ends too early")]
    CutShort,
    #[error("a part of it has no proper beginning")]
    BadHeader,
    #[error("the {0} is missing")]
    Missing(&'static str),
    #[error("the {name} makes no sense: {value:?}")]
    Senseless { name: &'static str, value: String },
}

/// Takes an answer apart; lines were joined before.
pub(super) fn decode(answer: &str) -> Result<Sections, WireError> {
    if answer.is_empty() {
        return Err(WireError::CutShort);
    }
    take_apart(&STANDARD.decode(answer.trim()).map_err(|_| WireError::NotBase64)?)
}

/// Takes the frames apart.
pub(super) fn take_apart(mut rest: &[u8]) -> Result<Sections, WireError> {
    let mut sections = Sections::new();
    loop {
        let (name, value, after) = frame(rest)?;
        if name == "end" {
            return spread(sections);
        }
        sections.insert(name, value.to_vec());
        rest = after;
    }
}

/// What was told of many files at once, as sections of their own: `stat PATH`, `file PATH`, `sum PATH`.
fn spread(mut sections: Sections) -> Result<Sections, WireError> {
    for line in lines(&mut sections, "stats")? {
        let mut parts = line.splitn(5, ' ');
        let [mode, owner, group, size, path] = [(); 5].map(|()| parts.next().unwrap_or_default());
        sections.insert(format!("stat {path}"), format!("{mode} {owner} {group} {size}").into());
    }
    for line in lines(&mut sections, "sums")? {
        let (sum, path) = line.split_once("  ").ok_or(WireError::BadHeader)?;
        sections.insert(format!("sum {path}"), sum.into());
    }
    let read = lines(&mut sections, "read")?;
    let bytes = sections.remove("bytes").unwrap_or_default();
    let mut rest = bytes.as_slice();
    for line in read {
        let (size, path) = line.split_once(' ').ok_or(WireError::BadHeader)?;
        let size: usize = size.parse().map_err(|_| WireError::BadHeader)?;
        let (file, after) = rest.split_at_checked(size).ok_or(WireError::CutShort)?;
        sections.insert(format!("file {path}"), file.to_vec());
        rest = after;
    }
    Ok(sections)
}

fn lines(sections: &mut Sections, name: &str) -> Result<Vec<String>, WireError> {
    let text = String::from_utf8(sections.remove(name).unwrap_or_default());
    Ok(text.map_err(|_| WireError::BadHeader)?.lines().map(str::to_owned).collect())
}

fn frame(bytes: &[u8]) -> Result<(String, &[u8], &[u8]), WireError> {
    let window = &bytes[..bytes.len().min(LONGEST_HEADER)];
    let end = match window.iter().position(|b| *b == b'\n') {
        Some(end) => end,
        None if window.len() == LONGEST_HEADER => return Err(WireError::BadHeader),
        None => return Err(WireError::CutShort),
    };
    let header = std::str::from_utf8(&bytes[..end]).map_err(|_| WireError::BadHeader)?;
    let (length, name) = header.split_once(' ').ok_or(WireError::BadHeader)?;
    let length: usize = length.parse().map_err(|_| WireError::BadHeader)?;
    let body = &bytes[end + 1..];
    // Compared without adding, so that no length can overflow.
    if body.len() <= length {
        return Err(WireError::CutShort);
    }
    let (value, after) = body.split_at(length);
    let after = after.strip_prefix(b"\n").ok_or(WireError::BadHeader)?;
    Ok((name.to_owned(), value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(frames: &[u8]) -> Result<Sections, WireError> {
        decode(&STANDARD.encode(frames))
    }

    #[test]
    fn a_frame_may_hold_anything() {
        let sections = decoded(b"7 a b\n1 c\n\xff\n\0\n0 empty\n\n0 end\n\n").unwrap();
        assert_eq!(sections["a b"], b"1 c\n\xff\n\0");
        assert_eq!(sections["empty"], b"");
    }

    #[test]
    fn files_that_come_end_to_end_are_told_apart_by_their_sizes() {
        let frames = |parts: &[(&str, &str)]| {
            let frame = |(name, text): &(&str, &str)| format!("{} {name}\n{text}\n", text.len());
            parts.iter().chain(&[("end", "")]).map(frame).collect::<String>().into_bytes()
        };
        let sections = decoded(&frames(&[
            ("stats", "644 0 0 2 /a\n600 0 0 0 /b\n600 1 1 9 /c d"),
            ("sums", "abc  /c d"),
            ("read", "2 /a\n0 /b\n"),
            ("bytes", "x\n"),
        ]));
        let sections = sections.unwrap();
        let of = |name: &str| String::from_utf8_lossy(&sections[name]).into_owned();
        let told = ["stat /a", "stat /c d", "file /a", "file /b", "sum /c d"].map(of);
        assert_eq!(told, ["644 0 0 2", "600 1 1 9", "x\n", "", "abc"]);
        let too_few = frames(&[("read", "2 /a\n9 /b"), ("bytes", "x\ny")]);
        assert_eq!(decoded(&too_few).unwrap_err(), WireError::CutShort);
        let senseless = frames(&[("read", "much /a"), ("bytes", "")]);
        assert_eq!(decoded(&senseless).unwrap_err(), WireError::BadHeader);
    }

    #[test]
    fn a_hostile_answer_is_refused_with_its_reason() {
        let cases: [(&[u8], WireError); 8] = [
            (b"", WireError::CutShort),
            (b"1 a\nx\n", WireError::CutShort),
            (b"99 a\nx\n0 end\n\n", WireError::CutShort),
            (b"18446744073709551615 a\nx\n", WireError::CutShort),
            (b"18446744073709551616 a\nx\n", WireError::BadHeader),
            (b"-1 a\nx\n", WireError::BadHeader),
            (b"nonsense\n", WireError::BadHeader),
            (b"1 a\nxy0 end\n\n", WireError::BadHeader),
        ];
        for (frames, expected) in cases {
            assert_eq!(decoded(frames).unwrap_err(), expected, "{frames:?}");
        }
        assert_eq!(decoded(&[b'x'; 5000]).unwrap_err(), WireError::BadHeader);
        assert_eq!(decode("Welcome to n1!").unwrap_err(), WireError::NotBase64);
    }
}
