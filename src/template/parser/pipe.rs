//! The inside of an action: pipelines, commands and terms.

use super::{
    super::{
        ast::{Command, Pipe, Term, TermKind},
        literal,
        print::quoted,
        token::{Kind, Token, Word},
    },
    Parsed, Parser,
};

impl Parser {
    /// A pipeline up to its closing word, which is passed.
    pub(super) fn pipe(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        self.skip_space();
        let mut pipe = Pipe { pos: self.pos(), variables: Vec::new(), assigns: false, commands: Vec::new() };
        self.declarations(&mut pipe, context)?;
        loop {
            self.skip_space();
            let kind = self.peek();
            if kind == end {
                self.at += 1;
                checked(&pipe, context)?;
                return Ok(pipe);
            }
            if !begins_term(kind) {
                let token = self.next();
                return Err(self.unexpected(&token, context));
            }
            let command = self.command()?;
            pipe.commands.push(command);
        }
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Parsed<()> {
        while self.peek_word() == Kind::Variable {
            let start = self.at;
            let variable = self.next();
            let next = self.next_word();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    pipe.assigns = next.kind == Kind::Assign;
                    self.declare(pipe, variable);
                    return Ok(());
                }
                Kind::Other if next.text == "," => {
                    self.declare(pipe, variable);
                    if context != "range" || pipe.variables.len() > 1 {
                        return Err(format!("too many declarations in {context}"));
                    }
                    if !matches!(self.peek_word(), Kind::Variable | Kind::Close | Kind::CloseParen) {
                        return Err("range can only initialize variables".into());
                    }
                }
                _ => {
                    self.at = start;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn declare(&mut self, pipe: &mut Pipe, variable: Token) {
        self.variables.push(variable.text.clone());
        pipe.variables.push(variable.text);
    }

    /// Terms up to a pipe, which is passed, or to what closes the pipeline, which is not.
    fn command(&mut self) -> Parsed<Command> {
        let mut command = Command { pos: self.pos(), terms: Vec::new() };
        loop {
            self.skip_space();
            if let Some(term) = self.term_with_fields()? {
                command.terms.push(term);
            }
            match self.peek() {
                Kind::Space => self.at += 1,
                Kind::Close | Kind::CloseParen => break,
                Kind::Pipe => {
                    self.at += 1;
                    break;
                }
                _ => {
                    let token = self.next();
                    return Err(self.unexpected(&token, "operand"));
                }
            }
        }
        if command.terms.is_empty() { Err("empty command".into()) } else { Ok(command) }
    }

    fn term_with_fields(&mut self) -> Parsed<Option<Term>> {
        let Some(term) = self.term()? else { return Ok(None) };
        if self.peek() != Kind::Field {
            return Ok(Some(term));
        }
        let pos = self.pos();
        let mut names = Vec::new();
        while self.peek() == Kind::Field {
            names.push(field(&self.next()));
        }
        let kind = match term.kind {
            TermKind::Field(first) => TermKind::Field([first, names].concat()),
            TermKind::Variable(name, first) => TermKind::Variable(name, [first, names].concat()),
            TermKind::Bool(_) | TermKind::Dot | TermKind::Nil | TermKind::Number(..) | TermKind::Text(..) => {
                return Err(format!("unexpected . after term {}", quoted(&term.to_string())));
            }
            TermKind::Chain(..) | TermKind::Function(_) | TermKind::Pipe(_) => {
                TermKind::Chain(Box::new(term), names)
            }
        };
        Ok(Some(Term { pos, kind }))
    }

    fn term(&mut self) -> Parsed<Option<Term>> {
        if !begins_term(self.peek()) {
            return Ok(None);
        }
        let token = self.next();
        let pos = token.pos;
        let kind = match token.kind {
            Kind::Name if (self.is_function)(&token.text) => TermKind::Function(token.text),
            Kind::Name => return Err(format!("function {} not defined", quoted(&token.text))),
            Kind::Dot => TermKind::Dot,
            Kind::Bool => TermKind::Bool(token.text == "true"),
            Kind::Variable if self.variables.contains(&token.text) => {
                TermKind::Variable(token.text, Vec::new())
            }
            Kind::Variable => return Err(format!("undefined variable {}", quoted(&token.text))),
            Kind::Field => TermKind::Field(vec![field(&token)]),
            Kind::Char | Kind::Number => TermKind::Number(literal::number(&token.text)?, token.text),
            Kind::Quoted => TermKind::Text(literal::text(&token.text)?, token.text),
            Kind::OpenParen => {
                let inner = self.deeper(|parser| parser.pipe("parenthesized pipeline", Kind::CloseParen))?;
                return Ok(Some(Term { pos: inner.pos, kind: TermKind::Pipe(Box::new(inner)) }));
            }
            _ => TermKind::Nil,
        };
        Ok(Some(Term { pos, kind }))
    }
}

fn begins_term(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::Char
            | Kind::Dot
            | Kind::Field
            | Kind::Name
            | Kind::Number
            | Kind::Quoted
            | Kind::Variable
            | Kind::OpenParen
            | Kind::Word(Word::Nil)
    )
}

fn field(token: &Token) -> String {
    token.text.trim_start_matches('.').to_owned()
}

/// A pipeline has a value, and only its first command may be one that takes none.
fn checked(pipe: &Pipe, context: &str) -> Parsed<()> {
    if pipe.commands.is_empty() {
        return Err(format!("missing value for {context}"));
    }
    for (place, command) in pipe.commands.iter().enumerate().skip(1) {
        if matches!(
            command.terms[0].kind,
            TermKind::Bool(_) | TermKind::Dot | TermKind::Nil | TermKind::Number(..) | TermKind::Text(..)
        ) {
            return Err(format!("non executable command in pipeline stage {}", place + 1));
        }
    }
    Ok(())
}
