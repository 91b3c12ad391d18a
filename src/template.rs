//! Go's text templates, as `inspect --format` and `ls --format` take them.
//!
//! There are crates for them (gtmpl and its fork gtmpl-ng), but they know no Go types, which complaints name and `printf` shows, have no
//! numbers with names (a state, a duration), and word and place their errors in other ways. This room knows nothing of machines: a
//! template is given a [`Value`]. What Go leaves to its stack and memory has bounds here, so that no template hangs or takes all memory.

mod ast;
mod duration;
mod exec;
mod functions;
pub mod json;
mod lexer;
mod literal;
mod parser;
mod print;
mod token;
mod value;

pub use duration::duration;
pub use value::{Element, Field, List, Map, Method, Named, Struct, Value};

use parser::Bodies;

/// A template that was understood.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    bodies: Bodies,
}

/// What is wrong with a template, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is none.
    #[error("{0}")]
    Parse(String),
    /// It asks for what is not there, or does too much.
    #[error("{0}")]
    Execute(String),
}

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let bodies = parser::parse(text, functions::is_function).map_err(TemplateError::Parse)?;
        Ok(Self { text: text.to_owned(), bodies })
    }

    /// Fills it in.
    pub fn render(&self, value: &Value) -> Result<String, TemplateError> {
        exec::render(&self.text, &self.bodies, value).map_err(TemplateError::Execute)
    }
}

#[cfg(test)]
mod tests;
