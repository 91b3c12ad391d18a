//! Go's literals: texts in quotes, characters, numbers.

use super::{ast::Number, print::quoted};

/// Go's words for an escape or a quote that is wrong.
const INVALID: &str = "invalid syntax";

/// What a quoted or raw text says.
pub(super) fn text(literal: &str) -> Result<String, String> {
    let inner = &literal[1..literal.len() - 1];
    if literal.starts_with('`') {
        return Ok(inner.replace('\r', ""));
    }
    let mut rest = inner;
    let mut bytes = Vec::with_capacity(inner.len());
    while !rest.is_empty() {
        let (part, tail) = unescaped(rest, '"')?;
        match part {
            Part::Char(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Part::Byte(byte) => bytes.push(byte),
        }
        rest = tail;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A number or a character, which is a number, too.
pub(super) fn number(literal: &str) -> Result<Number, String> {
    if literal.starts_with('\'') {
        return character(literal);
    }
    if literal.ends_with('i') {
        return Err(format!("complex numbers are not understood: {}", quoted(literal)));
    }
    if let Some(number) = integer(literal) {
        return Ok(number);
    }
    let is_float = literal.contains(['.', 'e', 'E', 'p', 'P']);
    match float(literal) {
        Some(number) if is_float && number.is_finite() => Ok(Number::Float(number)),
        Some(number) if number.is_finite() => Err(format!("integer overflow: {}", quoted(literal))),
        _ => Err(format!("illegal number syntax: {}", quoted(literal))),
    }
}

fn character(literal: &str) -> Result<Number, String> {
    let (part, rest) = unescaped(&literal[1..], '\'')?;
    if rest != "'" {
        return Err(format!("malformed character constant: {literal}"));
    }
    Ok(Number::Int(match part {
        Part::Char(c) => i64::from(u32::from(c)),
        Part::Byte(byte) => i64::from(byte),
    }))
}

fn integer(literal: &str) -> Option<Number> {
    let (is_negative, digits) = match literal.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, literal.strip_prefix('+').unwrap_or(literal)),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    let digits = digits.replace('_', "");
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let size = u64::from_str_radix(&digits, radix).ok()?;
    let number = if is_negative { 0_i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() };
    match number {
        Some(number) => Some(Number::Int(number)),
        None if is_negative => None,
        None => Some(Number::TooLarge),
    }
}

fn float(literal: &str) -> Option<f64> {
    let plain = literal.replace('_', "").to_ascii_lowercase();
    let unsigned = plain.trim_start_matches(['+', '-']);
    if let Some(hex) = unsigned.strip_prefix("0x") {
        let size = hex_float(hex)?;
        return Some(if plain.starts_with('-') { -size } else { size });
    }
    plain.parse().ok()
}

/// `1.8p3`: hexadecimal digits and a power of two.
fn hex_float(hex: &str) -> Option<f64> {
    let (digits, power) = hex.split_once('p')?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let power: i32 = power.parse().ok()?;
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() {
        return None;
    }
    let size = digits.chars().try_fold(0.0, |size: f64, c| Some(size * 16.0 + f64::from(c.to_digit(16)?)))?;
    Some(size * 2_f64.powi(power - 4 * i32::try_from(fraction.len()).ok()?))
}

/// A character, or a byte that was written as one.
enum Part {
    Char(char),
    Byte(u8),
}

/// The first character of a text in quotes, and the rest.
fn unescaped(text: &str, mark: char) -> Result<(Part, &str), String> {
    let invalid = || INVALID.to_owned();
    let mut chars = text.chars();
    match chars.next().ok_or_else(invalid)? {
        c if c == mark => return Err(invalid()),
        '\\' => {}
        c => return Ok((Part::Char(c), chars.as_str())),
    }
    let simple = match chars.next().ok_or_else(invalid)? {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '\\' => '\\',
        c if c == mark => c,
        'x' => return code(chars.as_str(), 2, 16).map(|(code, rest)| (as_byte(code), rest)),
        'u' => return code(chars.as_str(), 4, 16).and_then(as_char),
        'U' => return code(chars.as_str(), 8, 16).and_then(as_char),
        '0'..='7' => {
            let (code, rest) = code(&text[1..], 3, 8)?;
            return if code > u32::from(u8::MAX) { Err(invalid()) } else { Ok((as_byte(code), rest)) };
        }
        _ => return Err(invalid()),
    };
    Ok((Part::Char(simple), chars.as_str()))
}

fn code(text: &str, length: usize, radix: u32) -> Result<(u32, &str), String> {
    let digits = text.get(..length).filter(|digits| digits.chars().all(|c| c.is_digit(radix)));
    let code = digits.and_then(|digits| u32::from_str_radix(digits, radix).ok());
    code.map(|code| (code, &text[length..])).ok_or_else(|| INVALID.to_owned())
}

fn as_byte(code: u32) -> Part {
    Part::Byte(u8::try_from(code).unwrap_or(u8::MAX))
}

fn as_char((code, rest): (u32, &str)) -> Result<(Part, &str), String> {
    char::from_u32(code).map(|c| (Part::Char(c), rest)).ok_or_else(|| INVALID.to_owned())
}
