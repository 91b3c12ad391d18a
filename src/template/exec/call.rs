//! Calls of functions: how many things each takes, and what comes of them.

use super::{Done, Got, Run, printed};
use crate::template::{
    ast::{At, Term, TermKind},
    functions::{self, Function},
    json, print,
    value::Value,
};

impl<'a> Run<'a> {
    /// Calls a function with terms and, last, with what the command before it gave.
    pub(super) fn call(
        &mut self,
        dot: &Got,
        name: &str,
        whole: At<'a>,
        given: &'a [Term],
        last: Option<Got>,
    ) -> Done<Got> {
        let Some(function) = Function::named(name) else {
            return self.wrong(format!("{} is not a defined function", print::quoted(name)));
        };
        let (fewest, takes_more) = function.arity();
        let count = given.len() + usize::from(last.is_some());
        if takes_more && count < fewest {
            let got = given.len();
            return self.wrong(format!("wrong number of args for {name}: want at least {fewest} got {got}"));
        }
        if !takes_more && count != fewest {
            return self.wrong(format!("wrong number of args for {name}: want {fewest} got {count}"));
        }
        if let Function::And | Function::Or = function {
            return self.first_that_decides(dot, function == Function::Or, given, last);
        }
        let values = self.values(dot, function, given, last)?;
        let result = self.result(function, values);
        match result {
            Ok(got) => Ok(got),
            Err(problem) => {
                self.at = whole;
                self.wrong(format!("error calling {name}: {problem}"))
            }
        }
    }

    /// `and` ends at the first that is false, `or` at the first that is true; what comes after is not looked at.
    fn first_that_decides(
        &mut self,
        dot: &Got,
        decides: bool,
        given: &'a [Term],
        last: Option<Got>,
    ) -> Done<Got> {
        let mut got = Got::plain(Value::Nothing);
        for term in given {
            got = self.term(dot, term)?;
            if got.value.is_true() == decides {
                return Ok(got);
            }
        }
        Ok(last.unwrap_or(got))
    }

    fn values(
        &mut self,
        dot: &Got,
        function: Function,
        given: &'a [Term],
        last: Option<Got>,
    ) -> Done<Vec<Got>> {
        let mut values = Vec::with_capacity(given.len() + 1);
        for (place, term) in given.iter().enumerate() {
            let got = self.term(dot, term)?;
            if function == Function::Printf && place == 0 {
                self.must_be_text(&got, Some(term))?;
            }
            values.push(got);
        }
        if let Some(last) = last {
            if function == Function::Printf && values.is_empty() {
                self.must_be_text(&last, None)?;
            }
            values.push(last);
        }
        Ok(values)
    }

    /// The format of `printf`.
    fn must_be_text(&self, got: &Got, term: Option<&Term>) -> Done<()> {
        match (&got.value, term.map(|term| &term.kind)) {
            (Value::Text(_), _) => Ok(()),
            (_, Some(TermKind::Nil)) => self.wrong("cannot assign nil to string"),
            (_, Some(TermKind::Bool(_) | TermKind::Number(..))) => {
                let found = term.map(ToString::to_string).unwrap_or_default();
                self.wrong(format!("expected string; found {found}"))
            }
            (Value::Nothing, _) if !got.is_boxed => self.wrong("invalid value; expected string"),
            (value, _) => {
                let found = value.type_name().unwrap_or_else(|| print::any().to_owned());
                self.wrong(format!("wrong type for value; expected string; got {found}"))
            }
        }
    }

    fn result(&mut self, function: Function, values: Vec<Got>) -> Result<Got, String> {
        let values: Vec<Value> = values.into_iter().map(|got| got.value).collect();
        let text = |text: String| Ok(Got::plain(Value::from(text)));
        match function {
            Function::Html => text(self.bounded(functions::html(&joined(&values)))?),
            Function::Js => text(self.bounded(functions::js(&joined(&values)))?),
            Function::Urlquery => text(self.bounded(functions::urlquery(&joined(&values)))?),
            Function::Json => text(self.bounded(json::compact(&values[0]))?),
            Function::PrettyJson => text(self.bounded(json::pretty(&values[0]))?),
            Function::Print => text(self.bounded(print::sprint(&values))?),
            Function::Println => text(self.bounded(print::sprintln(&values))?),
            Function::Printf => {
                let format = print::shown(&values[0]);
                text(self.bounded(print::printf(&format, &values[1..]))?)
            }
            Function::Index => functions::index(&values).map(Got::boxed),
            Function::Slice => functions::slice(&values).map(Got::plain),
            Function::Len => functions::len(&values[0]).map(Got::plain),
            Function::Call => functions::call(&values[0]),
            Function::Not => Ok(Got::plain(Value::Bool(!values[0].is_true()))),
            // They were done before, because they do not look at everything.
            Function::And | Function::Or => Ok(Got::plain(Value::Nothing)),
            Function::Eq => functions::eq(&values).map(truth),
            Function::Ne => functions::eq(&values).map(|is_equal| truth(!is_equal)),
            Function::Lt => functions::lt(&values).map(truth),
            Function::Le => functions::le(&values).map(truth),
            Function::Gt => functions::le(&values).map(|is_less_or_equal| truth(!is_less_or_equal)),
            Function::Ge => functions::lt(&values).map(|is_less| truth(!is_less)),
        }
    }
}

fn truth(truth: bool) -> Got {
    Got::plain(Value::Bool(truth))
}

/// What the escaping functions work on: values as a template prints them.
fn joined(values: &[Value]) -> String {
    let printable = |value: &Value| match value {
        Value::Nothing | Value::Struct(_) => Value::from(printed(value)),
        value => value.clone(),
    };
    print::sprint(&values.iter().map(printable).collect::<Vec<_>>())
}
