//! Values as Go's `fmt` prints them: `%v` and its kin, and the marks it leaves where verb and value do not go together.

mod format;
mod number;
mod text;

pub(super) use format::printf;
pub(super) use number::exponent_at_least;
pub(super) use text::{char_named, quoted};

use super::value::{Element, List, Map, Named, Struct, Value};
use text::Out;

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are Go's flags, each with a meaning of its own")]
struct Spec {
    /// `+`
    plus: bool,
    /// `-`: padding goes to the right.
    minus: bool,
    /// `#`
    sharp: bool,
    /// A blank.
    space: bool,
    /// `0`
    zero: bool,
    /// `%+v`: fields with their names.
    names: bool,
    /// `%#v`: as Go's source has it.
    source: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Values side by side, with a blank between two that are no texts.
pub(super) fn sprint(values: &[Value]) -> String {
    let mut out = String::new();
    let mut after_text = true;
    for (place, value) in values.iter().enumerate() {
        let is_text = matches!(value, Value::Text(_));
        if place > 0 && !is_text && !after_text {
            out.push(' ');
        }
        out.push_str(&shown(value));
        after_text = is_text;
    }
    out
}

/// Values with blanks between them, and a line end.
pub(super) fn sprintln(values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().map(shown).collect();
    shown.join(" ") + "\n"
}

/// A value as `%v` has it.
pub(super) fn shown(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 'v', Spec::default());
    out
}

/// One value with a verb.
fn write(out: &mut String, value: &Value, verb: char, spec: Spec) {
    match (verb, value.type_name()) {
        ('T' | 'v', None) => out.padded("<nil>", spec),
        ('T', Some(type_name)) => out.padded(&text::truncated(&type_name, spec), spec),
        ('p' | 'w', _) => bad_verb(out, value, verb, spec),
        _ => write_at(out, value, verb, spec, 0),
    }
}

/// The same inside of another value.
fn write_at(out: &mut String, value: &Value, verb: char, spec: Spec, depth: usize) {
    match value {
        Value::Nothing if depth > 0 => {
            out.push_str(if spec.source { "interface {}(nil)" } else { "<nil>" });
        }
        Value::Bool(truth) if matches!(verb, 't' | 'v') => {
            out.padded(if *truth { "true" } else { "false" }, spec);
        }
        Value::Nothing | Value::Bool(_) => bad_verb(out, value, verb, spec),
        Value::Int(number) => write_int(out, value, *number, verb, spec),
        Value::Float(number) => {
            if !number::write_float(out, *number, verb, spec) {
                bad_verb(out, value, verb, spec);
            }
        }
        Value::Text(text) => {
            if !text::write(out, text, verb, spec) {
                bad_verb(out, value, verb, spec);
            }
        }
        Value::Named(named) => write_named(out, value, named, verb, spec),
        Value::List(list) => write_list(out, list, verb, spec, depth),
        Value::Map(map) => write_map(out, map, verb, spec, depth),
        Value::Struct(object) => write_struct(out, object, verb, spec, depth),
        Value::NilPointer(type_name) => match verb {
            'v' if spec.source => out.args(format_args!("(*{type_name})(nil)")),
            'v' => out.padded("<nil>", spec),
            'b' | 'o' | 'd' | 'x' | 'X' => write_int(out, value, 0, verb, spec),
            _ => out.args(format_args!("%!{verb}(*{type_name}=<nil>)")),
        },
    }
}

fn write_int(out: &mut String, value: &Value, number: i64, verb: char, spec: Spec) {
    if !number::write_int(out, number, verb, spec) {
        bad_verb(out, value, verb, spec);
    }
}

/// What has a text is shown as it where a text would do.
fn write_named(out: &mut String, value: &Value, named: &Named, verb: char, spec: Spec) {
    if !spec.source && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q') {
        text::write(out, &named.text, verb, spec);
    } else {
        write_int(out, value, named.number, verb, spec);
    }
}

/// `%!d(string=n1)`
fn bad_verb(out: &mut String, value: &Value, verb: char, spec: Spec) {
    let Some(type_name) = value.type_name() else {
        out.args(format_args!("%!{verb}(<nil>)"));
        return;
    };
    out.args(format_args!("%!{verb}({type_name}="));
    match value {
        Value::Named(named) => write_int(out, value, named.number, 'v', spec),
        _ => write_at(out, value, 'v', spec, 0),
    }
    out.push(')');
}

fn write_list(out: &mut String, list: &List, verb: char, spec: Spec, depth: usize) {
    let type_name = format!("[]{}", list.element.type_name());
    if spec.source && list.items.is_none() {
        out.args(format_args!("{type_name}(nil)"));
        return;
    }
    out.push_str(if spec.source { &type_name } else { "" });
    out.push(if spec.source { '{' } else { '[' });
    for (place, item) in list.items().iter().enumerate() {
        separate(out, place, spec);
        write_at(out, item, verb, spec, depth + 1);
    }
    out.push(if spec.source { '}' } else { ']' });
}

fn write_map(out: &mut String, map: &Map, verb: char, spec: Spec, depth: usize) {
    let element = map.element.type_name();
    if spec.source {
        out.args(format_args!("map[string]{element}{{"));
    } else {
        out.push_str("map[");
    }
    for (place, (key, value)) in map.entries.iter().enumerate() {
        separate(out, place, spec);
        write_at(out, &Value::from(key.as_str()), verb, spec, depth + 1);
        out.push(':');
        write_at(out, value, verb, spec, depth + 1);
    }
    out.push(if spec.source { '}' } else { ']' });
}

/// Go prints the address of a struct behind a pointer inside of another one, which tells nobody anything: here it is the struct.
fn write_struct(out: &mut String, object: &Struct, verb: char, spec: Spec, depth: usize) {
    out.push_str(if object.is_pointer { "&" } else { "" });
    out.push_str(if spec.source { object.type_name } else { "" });
    out.push('{');
    for (place, field) in object.fields.iter().enumerate() {
        separate(out, place, spec);
        if spec.names || spec.source {
            out.push_str(field.name);
            out.push(':');
        }
        write_at(out, &field.value, verb, spec, depth + 1);
    }
    out.push('}');
}

fn separate(out: &mut String, place: usize, spec: Spec) {
    if place > 0 {
        out.push_str(if spec.source { ", " } else { " " });
    }
}

/// The type of nothing in particular, where a complaint needs one.
pub(super) fn any() -> &'static str {
    Element::Any.type_name()
}
