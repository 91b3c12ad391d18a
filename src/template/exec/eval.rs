//! Pipelines, commands and terms to values; fields of structs, entries of maps, and the methods of what has a name.

use super::{Done, Got, Run};
use crate::template::{
    ast::{At, Command, Number, Pipe, Term, TermKind},
    print::any,
    value::{Element, Field, Value},
};

impl Element {
    /// An item as what holds it gives it.
    pub(super) fn got(self, value: &Value) -> Got {
        Got { value: value.clone(), is_boxed: self == Self::Any }
    }
}

impl<'a> Run<'a> {
    /// The value of a pipeline, which its variables take.
    pub(super) fn pipe(&mut self, dot: &Got, pipe: &'a Pipe) -> Done<Got> {
        self.at = At::Pipe(pipe);
        let mut last = None;
        for command in &pipe.commands {
            self.step()?;
            // What is in an interface comes out of it between commands.
            let got = self.command(dot, command, last)?;
            last = Some(Got::plain(got.value));
        }
        let got = last.unwrap_or_else(|| Got::plain(Value::Nothing));
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, &got)?;
            } else {
                self.variables.push((name.clone(), got.clone()));
            }
        }
        Ok(got)
    }

    pub(super) fn assign(&mut self, name: &str, got: &Got) -> Done<()> {
        match self.variables.iter_mut().rev().find(|(other, _)| other == name) {
            Some((_, value)) => *value = got.clone(),
            None => return self.wrong(format!("undefined variable: {name}")),
        }
        Ok(())
    }

    fn command(&mut self, dot: &Got, command: &'a Command, last: Option<Got>) -> Done<Got> {
        let (first, given) = (&command.terms[0], &command.terms[1..]);
        match &first.kind {
            TermKind::Function(name) => {
                self.at = At::Term(first);
                self.call(dot, name, At::Command(command), given, last)
            }
            TermKind::Pipe(pipe) => {
                self.takes_nothing(first, given, last.as_ref())?;
                self.deeper(|run| run.pipe(dot, pipe))
            }
            TermKind::Nil => {
                self.at = At::Term(first);
                self.takes_nothing(first, given, last.as_ref())?;
                self.wrong("nil is not a command")
            }
            TermKind::Bool(_) | TermKind::Dot | TermKind::Number(..) | TermKind::Text(..) => {
                self.at = At::Term(first);
                self.takes_nothing(first, given, last.as_ref())?;
                self.term(dot, first)
            }
            TermKind::Field(_) | TermKind::Variable(..) | TermKind::Chain(..) => {
                self.fields(dot, first, given.len() + usize::from(last.is_some()))
            }
        }
    }

    fn takes_nothing(&self, term: &Term, given: &[Term], last: Option<&Got>) -> Done<()> {
        if given.is_empty() && last.is_none() {
            return Ok(());
        }
        self.wrong(format!("can't give argument to non-function {term}"))
    }

    /// A term as a function takes it.
    pub(super) fn term(&mut self, dot: &Got, term: &'a Term) -> Done<Got> {
        self.step()?;
        self.at = At::Term(term);
        match &term.kind {
            TermKind::Bool(truth) => Ok(Got::plain(Value::Bool(*truth))),
            TermKind::Dot => Ok(dot.clone()),
            TermKind::Nil => Ok(Got::plain(Value::Nothing)),
            TermKind::Number(Number::Int(number), _) => Ok(Got::plain(Value::Int(*number))),
            TermKind::Number(Number::Float(number), _) => Ok(Got::plain(Value::Float(*number))),
            TermKind::Number(Number::TooLarge, text) => self.wrong(format!("{text} overflows int")),
            TermKind::Text(text, _) => Ok(Got::plain(Value::from(text.as_str()))),
            TermKind::Function(name) => self.call(dot, name, At::Term(term), &[], None),
            TermKind::Pipe(pipe) => self.deeper(|run| run.pipe(dot, pipe)),
            TermKind::Field(_) | TermKind::Variable(..) | TermKind::Chain(..) => self.fields(dot, term, 0),
        }
    }

    /// `.A.B`, `$x.A` or `(pipeline).A`; `given` is how many things stand after it, which only methods could take.
    fn fields(&mut self, dot: &Got, term: &'a Term, given: usize) -> Done<Got> {
        self.at = At::Term(term);
        let (mut got, names) = match &term.kind {
            TermKind::Variable(name, names) => (self.variable(name)?, names),
            TermKind::Chain(inner, names) => (self.deeper(|run| run.term(dot, inner))?, names),
            TermKind::Field(names) => (dot.clone(), names),
            _ => return self.term(dot, term),
        };
        let Some((last, before)) = names.split_last() else {
            if given > 0 {
                return self.wrong(format!("can't give argument to non-function {term}"));
            }
            return Ok(got);
        };
        for name in before {
            got = self.field(&got, name, 0)?;
        }
        self.field(&got, last, given)
    }

    /// The parser knows every variable that is used, but not that `$x := $x` uses one before it is there.
    fn variable(&self, name: &str) -> Done<Got> {
        match self.variables.iter().rev().find(|(other, _)| other == name) {
            Some((_, got)) => Ok(got.clone()),
            None => self.wrong(format!("undefined variable: {name}")),
        }
    }

    /// A field of a struct, an entry of a map, or what a method says.
    fn field(&self, got: &Got, name: &str, given: usize) -> Done<Got> {
        let type_name =
            || if got.is_boxed { any().to_owned() } else { got.value.type_name().unwrap_or_default() };
        match &got.value {
            Value::Nothing if got.is_boxed => {
                return self.wrong(format!("nil pointer evaluating {}.{name}", any()));
            }
            Value::Nothing => return Ok(Got::plain(Value::Nothing)),
            Value::Map(_) if given > 0 => {
                return self.wrong(format!("{name} is not a method but has arguments"));
            }
            Value::Map(map) => {
                let entry = map.entries.get(name);
                return Ok(entry.map_or_else(|| Got::plain(Value::Nothing), |entry| map.element.got(entry)));
            }
            Value::Struct(object) => {
                if let Some(field) = object.fields.iter().find(|field| field.name == name) {
                    return self.field_of_struct(field, given);
                }
            }
            Value::NilPointer(_) => {
                return self.wrong(format!("nil pointer evaluating {}.{name}", type_name()));
            }
            Value::Named(named) => {
                let found = named.methods.iter().find(|(method, _)| *method == name);
                let method = || found.map(|(_, method)| method(named.number));
                let said = if name == "String" { Some(Value::from(named.text.as_str())) } else { method() };
                match said {
                    Some(_) if given > 0 => {
                        return self.wrong(format!("wrong number of args for {name}: want 0 got {given}"));
                    }
                    Some(value) => return Ok(Got::plain(value)),
                    None => {}
                }
            }
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) | Value::List(_) => {}
        }
        self.wrong(format!("can't evaluate field {name} in type {}", type_name()))
    }

    fn field_of_struct(&self, field: &Field, given: usize) -> Done<Got> {
        if given > 0 {
            let name = field.name;
            return self.wrong(format!("{name} has arguments but cannot be invoked as function"));
        }
        Ok(Got::plain(field.value.clone()))
    }
}
