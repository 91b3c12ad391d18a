//! `--format`: templates of Go, read and filled in, with something to type where they are wrong.

use super::error::CliError;
use crate::template::{Template, TemplateError, Value};

/// Reads a template. `prefix` are docker-machine's words before what is wrong with it.
pub fn parse(text: &str, prefix: &'static str, example: &str) -> Result<Template, CliError> {
    Template::parse(text).map_err(|error| CliError::classic(prefix)(wrong(&error, example)))
}

/// Fills it in.
pub fn render(template: &Template, value: &Value, example: &str) -> Result<String, CliError> {
    template.render(value).map_err(|error| wrong(&error, example))
}

/// The trap that everybody falls into once: Go compares only what is of one kind.
const KINDS: &str = "numbers of a record are floats and a state is no text: {{eq .Driver.SSHPort 22.0}}, {{eq .State.String \"Running\"}}";

fn wrong(error: &TemplateError, example: &str) -> CliError {
    let message = error.to_string();
    let is_kinds = message.ends_with("incompatible types for comparison");
    CliError::usage(message, if is_kinds { KINDS } else { example })
}
