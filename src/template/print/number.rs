//! Numbers: whole ones in any base, and floats with as many digits as they need.

use super::{
    Spec,
    text::{Out, is_printable, quoted_with},
};

/// A whole number with its verb; false where they do not go together.
pub(super) fn write_int(out: &mut String, number: i64, verb: char, spec: Spec) -> bool {
    match verb {
        'v' | 'd' => write_digits(out, number, &number.unsigned_abs().to_string(), "", spec),
        'b' => {
            let prefix = if spec.sharp { "0b" } else { "" };
            write_digits(out, number, &format!("{:b}", number.unsigned_abs()), prefix, spec);
        }
        'o' | 'O' => {
            let prefix = match (verb, spec.sharp) {
                ('O', _) => "0o",
                (_, true) if number != 0 => "0",
                _ => "",
            };
            write_digits(out, number, &format!("{:o}", number.unsigned_abs()), prefix, spec);
        }
        'x' => {
            let prefix = if spec.sharp { "0x" } else { "" };
            write_digits(out, number, &format!("{:x}", number.unsigned_abs()), prefix, spec);
        }
        'X' => {
            let prefix = if spec.sharp { "0X" } else { "" };
            write_digits(out, number, &format!("{:X}", number.unsigned_abs()), prefix, spec);
        }
        'c' => out.padded(&character(number).to_string(), spec),
        'q' => out.padded(&quoted_with(&character(number).to_string(), '\'', spec.plus), spec),
        'U' => out.padded(&unicode(number, spec), Spec { zero: false, ..spec }),
        _ => return false,
    }
    true
}

/// The sign, a prefix, and digits filled up with zeros to the precision, or to the width where zeros are asked for.
fn write_digits(out: &mut String, number: i64, digits: &str, prefix: &str, spec: Spec) {
    let sign = sign(number < 0, spec);
    let plain = Spec { zero: false, ..spec };
    if spec.precision == Some(0) && number == 0 {
        return out.padded("", plain);
    }
    let fewest = match (spec.precision, spec.width) {
        (Some(precision), _) => precision,
        (None, Some(width)) if spec.zero => width.saturating_sub(sign.len()),
        (None, _) => 0,
    };
    let zeros = "0".repeat(fewest.saturating_sub(digits.len()));
    out.padded(&format!("{sign}{prefix}{zeros}{digits}"), plain);
}

fn sign(is_negative: bool, spec: Spec) -> &'static str {
    match (is_negative, spec.plus, spec.space) {
        (true, _, _) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    }
}

fn character(number: i64) -> char {
    u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn unicode(number: i64, spec: Spec) -> String {
    let digits = spec.precision.unwrap_or(4).max(4);
    let c = u32::try_from(number).ok().and_then(char::from_u32).filter(|c| spec.sharp && is_printable(*c));
    let shown = c.map(|c| format!(" '{c}'")).unwrap_or_default();
    format!("U+{:0digits$X}{shown}", number.cast_unsigned())
}

/// A float with its verb; false where they do not go together.
pub(super) fn write_float(out: &mut String, number: f64, verb: char, spec: Spec) -> bool {
    let size = number.abs();
    let digits = match verb {
        'v' | 'g' => general(size, spec.precision),
        'G' => general(size, spec.precision).to_uppercase(),
        'f' | 'F' => format!("{size:.*}", spec.precision.unwrap_or(6)),
        'e' => scientific(size, spec.precision.unwrap_or(6)),
        'E' => scientific(size, spec.precision.unwrap_or(6)).to_uppercase(),
        'x' => hexadecimal(size, spec.precision),
        'X' => hexadecimal(size, spec.precision).to_uppercase(),
        'b' => binary(size),
        _ => return false,
    };
    let is_sharp = spec.sharp && matches!(verb, 'g' | 'G' | 'e' | 'E' | 'f' | 'F');
    let digits = if is_sharp { with_point(&digits, verb, spec) } else { digits };
    let sign = sign(number.is_sign_negative(), spec);
    if spec.zero && !sign.is_empty() {
        out.push_str(sign);
        out.padded(&digits, Spec { width: spec.width.map(|width| width.saturating_sub(1)), ..spec });
    } else {
        out.padded(&format!("{sign}{digits}"), spec);
    }
    true
}

/// How many digits decide of the shortest form whether it has an exponent.
const SHORTEST_DECIDES: i32 = 6;

/// `1.5`, or `1e+06` where the exponent is below -4 or not below the digits.
fn general(size: f64, precision: Option<usize>) -> String {
    let scientific = match precision {
        None => format!("{size:e}"),
        Some(precision) => format!("{size:.*e}", precision.max(1) - 1),
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa =
        if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    let digits = as_i32(mantissa.len() - usize::from(mantissa.contains('.')));
    let limit = match precision.map(|precision| as_i32(precision.max(1))) {
        None => SHORTEST_DECIDES,
        Some(precision) if precision > digits && digits > exponent => digits,
        Some(precision) => precision,
    };
    // Go decides by the digits there are where these are fewer, but then there are at least as many as stand before the point.
    if exponent < -4 || exponent >= limit {
        return exponent_at_least(&format!("{mantissa}e{exponent}"), 2);
    }
    format!("{size:.*}", usize::try_from(digits - 1 - exponent).unwrap_or(0))
}

fn as_i32(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn scientific(size: f64, precision: usize) -> String {
    exponent_at_least(&format!("{size:.precision$e}"), 2)
}

/// Rust's `1.5e6` with Go's exponent: a sign, and as many digits as asked for.
pub(in super::super) fn exponent_at_least(number: &str, digits: usize) -> String {
    let Some((mantissa, exponent)) = number.split_once('e') else { return number.to_owned() };
    let (sign, size) = exponent.strip_prefix('-').map_or(('+', exponent), |size| ('-', size));
    format!("{mantissa}e{sign}{size:0>digits$}")
}

/// `%#g` keeps the zeros that say how exact it is, and every form its point.
fn with_point(digits: &str, verb: char, spec: Spec) -> String {
    let at = digits.find(['e', 'E']).unwrap_or(digits.len());
    let (number, exponent) = digits.split_at(at);
    let mut number = number.to_owned();
    let significant = number.trim_start_matches(['0', '.']).chars().filter(char::is_ascii_digit).count();
    if !number.contains('.') {
        number.push('.');
    }
    if matches!(verb, 'g' | 'G') {
        let wanted = spec.precision.unwrap_or(6);
        number.push_str(&"0".repeat(wanted.saturating_sub(significant)));
    }
    number + exponent
}

/// The bits of a float's mantissa that are written.
const MANTISSA_BITS: i64 = 52;

/// Mantissa and exponent of two.
fn parts(size: f64) -> (u64, i64) {
    let bits = size.to_bits();
    let mantissa = bits & ((1 << MANTISSA_BITS) - 1);
    match (bits >> MANTISSA_BITS).cast_signed() {
        0 => (mantissa, -1074),
        exponent => (mantissa | 1 << MANTISSA_BITS, exponent - 1075),
    }
}

/// `0x1.8p+01`, with as many digits after the point as asked for, rounded to even.
fn hexadecimal(size: f64, precision: Option<usize>) -> String {
    let (mut mantissa, exponent) = parts(size);
    if mantissa == 0 {
        let zeros = "0".repeat(precision.unwrap_or(0));
        let point = if zeros.is_empty() { "" } else { "." };
        return format!("0x0{point}{zeros}p+00");
    }
    let mut exponent = exponent + MANTISSA_BITS;
    while mantissa >> MANTISSA_BITS == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(digits) = precision.filter(|digits| *digits < HEX_DIGITS) {
        mantissa = rounded(mantissa, MANTISSA_BITS - 4 * i64::try_from(digits).unwrap_or(0));
        if mantissa >> (MANTISSA_BITS + 1) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let fraction = format!("{:0HEX_DIGITS$x}", mantissa & ((1 << MANTISSA_BITS) - 1));
    let fraction = match precision {
        None => fraction.trim_end_matches('0').to_owned(),
        Some(digits) => format!("{fraction:0<digits$}")[..digits].to_owned(),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("0x1{point}{fraction}p{sign}{:02}", exponent.unsigned_abs())
}

/// The hexadecimal digits of a whole mantissa.
const HEX_DIGITS: usize = 13;

/// Without its last bits.
fn rounded(mantissa: u64, bits: i64) -> u64 {
    let (kept, lost, half) = (mantissa >> bits, mantissa & ((1 << bits) - 1), 1 << (bits - 1));
    let is_up = lost > half || (lost == half && kept & 1 == 1);
    (kept + u64::from(is_up)) << bits
}

/// `4503599627370496p-52`
fn binary(size: f64) -> String {
    let (mantissa, exponent) = parts(size);
    format!("{mantissa}p{exponent:+}")
}
