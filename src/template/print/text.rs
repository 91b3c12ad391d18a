//! Texts: padded, cut, quoted and in hexadecimal.

use std::fmt::{self, Write as _};

use super::Spec;

/// What is printed to.
pub(super) trait Out {
    /// Adds what `format_args!` made.
    fn args(&mut self, args: fmt::Arguments<'_>);

    /// Adds a text, padded to its width with blanks, or with zeros before it.
    fn padded(&mut self, text: &str, spec: Spec);
}

impl Out for String {
    fn args(&mut self, args: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.write_fmt(args);
    }

    fn padded(&mut self, text: &str, spec: Spec) {
        let missing = spec.width.unwrap_or(0).saturating_sub(text.chars().count());
        if spec.minus {
            self.push_str(text);
        }
        let filler = if spec.zero { '0' } else { ' ' };
        self.extend(std::iter::repeat_n(filler, missing));
        if !spec.minus {
            self.push_str(text);
        }
    }
}

/// A text with its verb; false where they do not go together.
pub(super) fn write(out: &mut String, text: &str, verb: char, spec: Spec) -> bool {
    match verb {
        'v' if spec.source => out.padded(&as_quoted(text, spec), spec),
        'v' | 's' => out.padded(&truncated(text, spec), spec),
        'q' => out.padded(&as_quoted(&truncated(text, spec), spec), spec),
        'x' => out.padded(&hex(text, spec, false), spec),
        'X' => out.padded(&hex(text, spec, true), spec),
        _ => return false,
    }
    true
}

/// At most as many characters as the precision says.
pub(super) fn truncated(text: &str, spec: Spec) -> String {
    spec.precision.map_or_else(|| text.to_owned(), |most| text.chars().take(most).collect())
}

fn as_quoted(text: &str, spec: Spec) -> String {
    let is_raw = |c: char| c == '\t' || (c >= ' ' && !matches!(c, '`' | '\u{7f}' | '\u{feff}'));
    if spec.sharp && text.chars().all(is_raw) {
        return format!("`{text}`");
    }
    quoted_with(text, '"', spec.plus)
}

/// A text as Go's `%q` quotes it.
pub(in super::super) fn quoted(text: &str) -> String {
    quoted_with(text, '"', false)
}

/// In quotes of a kind; with `ascii`, everything beyond ASCII is escaped.
pub(super) fn quoted_with(text: &str, mark: char, ascii: bool) -> String {
    let mut out = String::from(mark);
    for c in text.chars() {
        match c {
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            c if c == mark || c == '\\' => out.extend(['\\', c]),
            c if is_printable(c) && (c.is_ascii() || !ascii) => out.push(c),
            c => escape(&mut out, c),
        }
    }
    out.push(mark);
    out
}

fn escape(out: &mut String, c: char) {
    let code = u32::from(c);
    match code {
        0..0x80 => out.args(format_args!("\\x{code:02x}")),
        0x80..0x1_0000 => out.args(format_args!("\\u{code:04x}")),
        _ => out.args(format_args!("\\U{code:08x}")),
    }
}

/// What Go shows as it is: letters, signs and the plain blank.
pub(super) fn is_printable(c: char) -> bool {
    // Rust's own rule for what need not be escaped is the same one, but for quotes and marks that combine.
    c == ' ' || matches!(c, '"' | '\'' | '\\') || {
        let mut escaped = c.escape_debug();
        !c.is_control() && !c.is_whitespace() && (escaped.len() == 1 && escaped.next() == Some(c))
    }
}

/// A character in a complaint: `U+007D '}'`.
pub(in super::super) fn char_named(c: char) -> String {
    let code = u32::from(c);
    if is_printable(c) { format!("U+{code:04X} '{c}'") } else { format!("U+{code:04X}") }
}

fn hex(text: &str, spec: Spec, upper: bool) -> String {
    let bytes = text.as_bytes();
    let bytes = &bytes[..spec.precision.unwrap_or(bytes.len()).min(bytes.len())];
    let prefix = match (spec.sharp, upper) {
        (false, _) => "",
        (true, false) => "0x",
        (true, true) => "0X",
    };
    let mut out = String::new();
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && spec.space {
            out.push(' ');
        }
        if place == 0 || spec.space {
            out.push_str(prefix);
        }
        if upper {
            out.args(format_args!("{byte:02X}"));
        } else {
            out.args(format_args!("{byte:02x}"));
        }
    }
    out
}
