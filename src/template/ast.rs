//! What a template is made of, and how Go writes each part of it back where it complains.

use std::fmt;

use super::print::quoted;

/// A template's body.
pub(super) type List = Vec<Item>;

/// One piece of a body.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// Text as it is.
    Text(String),
    /// `{{pipeline}}`
    Action(Pipe),
    /// `{{if pipeline}}`
    If(Branch),
    /// `{{with pipeline}}`
    With(Branch),
    /// `{{range pipeline}}`
    Range(Branch),
    /// `{{template "name" pipeline}}`
    Template(Call),
    /// `{{break}}`
    Break,
    /// `{{continue}}`
    Continue,
}

/// A condition and what depends on it.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    /// The condition.
    pub pipe: Pipe,
    /// What is done where it holds.
    pub then: List,
    /// What is done where it does not.
    pub otherwise: Option<List>,
}

/// A use of another template.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Where its name stands.
    pub pos: usize,
    /// Its name.
    pub name: String,
    /// What it is given.
    pub pipe: Option<Pipe>,
}

/// Commands, each given the value of the one before it.
#[derive(Clone, Debug)]
pub(super) struct Pipe {
    /// Where it begins.
    pub pos: usize,
    /// The variables that take its value.
    pub variables: Vec<String>,
    /// Whether they exist already.
    pub assigns: bool,
    /// The commands.
    pub commands: Vec<Command>,
}

/// A word and what it is given.
#[derive(Clone, Debug)]
pub(super) struct Command {
    /// Where it begins.
    pub pos: usize,
    /// The word first; never empty.
    pub terms: Vec<Term>,
}

/// A single thing to evaluate.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// Where it stands; of a chain of fields, where the second one does.
    pub pos: usize,
    /// What it is.
    pub kind: TermKind,
}

/// What a term is.
#[derive(Clone, Debug)]
pub(super) enum TermKind {
    /// `true`
    Bool(bool),
    /// `.`
    Dot,
    /// `nil`
    Nil,
    /// `42`, with its text
    Number(Number, String),
    /// `"a"`: what it says, and as it is written.
    Text(String, String),
    /// `.A.B`
    Field(Vec<String>),
    /// `$x.A`
    Variable(String, Vec<String>),
    /// `(pipeline).A`
    Chain(Box<Term>, Vec<String>),
    /// A function
    Function(String),
    /// `(pipeline)`
    Pipe(Box<Pipe>),
}

/// A number, by its syntax.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// One without a point or exponent.
    Int(i64),
    /// One with either.
    Float(f64),
    /// One that no `int` holds.
    TooLarge,
}

/// Where the execution is, for the error that may come.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// Before anything.
    Start,
    /// At a term.
    Term(&'a Term),
    /// At a command.
    Command(&'a Command),
    /// At a pipeline.
    Pipe(&'a Pipe),
    /// At a use of another template.
    Call(&'a Call),
}

impl At<'_> {
    /// The place, in bytes.
    pub(super) fn pos(&self) -> usize {
        match self {
            Self::Start => 0,
            Self::Term(term) => term.pos,
            Self::Command(command) => command.pos,
            Self::Pipe(pipe) => pipe.pos,
            Self::Call(call) => call.pos,
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => Ok(()),
            Self::Term(term) => term.fmt(out),
            Self::Command(command) => command.fmt(out),
            Self::Pipe(pipe) => pipe.fmt(out),
            Self::Call(call) => call.fmt(out),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{{{{template {}", quoted(&self.name))?;
        if let Some(pipe) = &self.pipe {
            write!(out, " {pipe}")?;
        }
        out.write_str("}}")
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(out, "{} {sign} ", self.variables.join(", "))?;
        }
        joined(out, &self.commands, " | ")
    }
}

impl fmt::Display for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, term) in self.terms.iter().enumerate() {
            if place > 0 {
                out.write_str(" ")?;
            }
            match &term.kind {
                TermKind::Pipe(pipe) => write!(out, "({pipe})")?,
                _ => term.fmt(out)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            TermKind::Bool(truth) => truth.fmt(out),
            TermKind::Dot => out.write_str("."),
            TermKind::Nil => out.write_str("nil"),
            TermKind::Number(_, text) | TermKind::Text(_, text) => out.write_str(text),
            TermKind::Field(names) => fields(out, names),
            TermKind::Variable(name, names) => {
                out.write_str(name)?;
                fields(out, names)
            }
            TermKind::Chain(term, names) => {
                match &term.kind {
                    TermKind::Pipe(pipe) => write!(out, "({pipe})")?,
                    _ => term.fmt(out)?,
                }
                fields(out, names)
            }
            TermKind::Function(name) => out.write_str(name),
            TermKind::Pipe(pipe) => pipe.fmt(out),
        }
    }
}

fn joined<T: fmt::Display>(out: &mut fmt::Formatter<'_>, items: &[T], between: &str) -> fmt::Result {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.write_str(between)?;
        }
        item.fmt(out)?;
    }
    Ok(())
}

fn fields(out: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    names.iter().try_for_each(|name| write!(out, ".{name}"))
}
