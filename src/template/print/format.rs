//! `printf`: a format with verbs, and what Go writes where it asks for what is not there.

use super::{Spec, Value, shown, text::Out, write};

/// The largest width and precision Go takes.
const WIDEST: usize = 1_000_000;

/// A format filled in.
pub(in super::super) fn printf(format: &str, values: &[Value]) -> String {
    let mut printer = Printer { rest: format, values, next: 0, is_reordered: false, is_good: true };
    let mut out = String::new();
    while let Some((before, after)) = printer.rest.split_once('%') {
        out.push_str(before);
        printer.rest = after;
        printer.is_good = true;
        printer.directive(&mut out);
    }
    out.push_str(printer.rest);
    if !printer.is_reordered && printer.next < values.len() {
        extra(&mut out, &values[printer.next..]);
    }
    out
}

/// `%!(EXTRA int=2)`
fn extra(out: &mut String, values: &[Value]) {
    let named = |value: &Value| match value.type_name() {
        Some(type_name) => format!("{type_name}={}", shown(value)),
        None => shown(value),
    };
    let named: Vec<String> = values.iter().map(named).collect();
    out.args(format_args!("%!(EXTRA {})", named.join(", ")));
}

struct Printer<'a> {
    rest: &'a str,
    values: &'a [Value],
    /// The value that comes next.
    next: usize,
    /// Whether some `[2]` named its value.
    is_reordered: bool,
    /// Whether what this directive names is there.
    is_good: bool,
}

impl Printer<'_> {
    fn accept(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn directive(&mut self, out: &mut String) {
        let mut spec = self.flags();
        let mut after_index = self.index();
        after_index = self.width(out, &mut spec, after_index);
        after_index = self.precision(out, &mut spec, after_index);
        if !after_index {
            self.index();
        }
        let Some(verb) = self.rest.chars().next() else { return out.push_str("%!(NOVERB)") };
        self.rest = &self.rest[verb.len_utf8()..];
        match self.values.get(self.next) {
            _ if verb == '%' => out.push('%'),
            _ if !self.is_good => out.args(format_args!("%!{verb}(BADINDEX)")),
            None => out.args(format_args!("%!{verb}(MISSING)")),
            Some(value) => {
                self.next += 1;
                write(out, value, verb, for_verb(verb, spec));
            }
        }
    }

    fn flags(&mut self) -> Spec {
        let mut spec = Spec::default();
        loop {
            match self.rest.as_bytes().first() {
                Some(b'#') => spec.sharp = true,
                Some(b'0') => spec.zero = !spec.minus,
                Some(b'+') => spec.plus = true,
                Some(b' ') => spec.space = true,
                Some(b'-') => {
                    spec.minus = true;
                    spec.zero = false;
                }
                _ => return spec,
            }
            self.rest = &self.rest[1..];
        }
    }

    /// `[2]`: which value is meant, from 1.
    fn index(&mut self) -> bool {
        let Some(inner) = self.rest.strip_prefix('[') else { return false };
        self.is_reordered = true;
        let Some((number, rest)) = inner.split_once(']') else {
            self.is_good = false;
            self.rest = inner;
            return false;
        };
        self.rest = rest;
        let index = number.parse::<usize>().ok().and_then(|index| index.checked_sub(1));
        match index.filter(|index| *index < self.values.len()) {
            Some(index) => self.next = index,
            None => self.is_good = false,
        }
        index.is_some()
    }

    fn width(&mut self, out: &mut String, spec: &mut Spec, after_index: bool) -> bool {
        if self.accept('*') {
            match self.number_from_values() {
                Some(width) => {
                    spec.width = Some(width.unsigned_abs().try_into().unwrap_or(WIDEST));
                    if width < 0 {
                        spec.minus = true;
                        spec.zero = false;
                    }
                }
                None => out.push_str("%!(BADWIDTH)"),
            }
            return false;
        }
        spec.width = self.number();
        self.is_good &= !(after_index && spec.width.is_some());
        after_index
    }

    fn precision(&mut self, out: &mut String, spec: &mut Spec, after_index: bool) -> bool {
        if self.rest.len() < 2 || !self.accept('.') {
            return after_index;
        }
        self.is_good &= !after_index;
        let after_index = self.index();
        if self.accept('*') {
            spec.precision = self.number_from_values().and_then(|number| usize::try_from(number).ok());
            if spec.precision.is_none() {
                out.push_str("%!(BADPREC)");
            }
            return false;
        }
        spec.precision = Some(self.number().unwrap_or(0));
        after_index
    }

    fn number(&mut self) -> Option<usize> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(length);
        if digits.is_empty() {
            return None;
        }
        let number = digits.parse().ok().filter(|number| *number <= WIDEST);
        // A number that is too large ends Go's reading of the format.
        self.rest = if number.is_some() { rest } else { "" };
        number
    }

    fn number_from_values(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        match value {
            Value::Int(number) if number.unsigned_abs() <= WIDEST as u64 => Some(*number),
            _ => None,
        }
    }
}

/// `%+v` and `%#v` mean something else than with other verbs.
fn for_verb(verb: char, spec: Spec) -> Spec {
    if verb != 'v' {
        return spec;
    }
    Spec { names: spec.plus, source: spec.sharp, plus: false, sharp: false, ..spec }
}
