//! Each shell's own quoting. Control characters are refused everywhere: the unquoted `eval $(...)` that people
//! type turns line ends into spaces, and no variable of ours holds one.

use super::Shell;

/// A value that a shell has no way to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the value of {key} holds {what}, which {shell} cannot be told")]
pub struct Unquotable {
    /// The shell.
    pub shell: Shell,
    /// The variable.
    pub key: String,
    /// What cannot be written.
    pub what: &'static str,
}

/// The value as it stands in a statement, with its quotes; `Err` says what the shell has no way to write.
pub(super) fn quote(shell: Shell, value: &str) -> Result<String, &'static str> {
    if value.chars().any(char::is_control) {
        return Err("a control character");
    }
    match shell {
        // History expansion reaches into double quotes, where nothing escapes it.
        Shell::Sh if value.contains('!') => Ok(format!("'{}'", value.replace('\'', r"'\''"))),
        Shell::Sh => Ok(double_quoted(value, '\\', &['"', '\\', '$', '`'])),
        Shell::Fish => Ok(double_quoted(value, '\\', &['"', '\\', '$'])),
        // PowerShell takes typographic quotes for quotes.
        Shell::PowerShell => {
            Ok(double_quoted(value, '`', &['"', '`', '$', '\u{201c}', '\u{201d}', '\u{201e}']))
        }
        Shell::Cmd => cmd(value),
        Shell::Tcsh => Ok(tcsh(value)),
        Shell::Emacs | Shell::Nushell => Ok(double_quoted(value, '\\', &['"', '\\'])),
        Shell::Dotenv => dotenv(value),
        Shell::Json => Ok(serde_json::Value::from(value).to_string()),
    }
}

fn double_quoted(value: &str, escape: char, special: &[char]) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for c in value.chars() {
        if special.contains(&c) {
            text.push(escape);
        }
        text.push(c);
    }
    text.push('"');
    text
}

/// cmd expands `%` even in quotes, and what ends a quote depends on who reads it.
fn cmd(value: &str) -> Result<String, &'static str> {
    if value.contains('"') {
        return Err("a double quote");
    }
    if value.contains('%') {
        return Err("a percent sign");
    }
    if value.contains([' ', '&', '|', '<', '>', '^', '(', ')', '!']) {
        return Ok(format!("\"{value}\""));
    }
    Ok(value.to_owned())
}

/// In tcsh nothing escapes within double quotes, so that they hold plain values only; within single quotes all is plain but
/// `!`, which a backslash escapes everywhere.
fn tcsh(value: &str) -> String {
    if !value.contains(['"', '\\', '$', '`', '!', '\'']) {
        return format!("\"{value}\"");
    }
    let escaped = value.replace('\'', r#"'"'"'"#).replace('!', r"'\!'");
    format!("'{escaped}'")
}

/// What Compose, its predecessor in Python and sh read the same way.
fn dotenv(value: &str) -> Result<String, &'static str> {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:@,+=".contains(c);
    if value.chars().all(is_plain) {
        return Ok(value.to_owned());
    }
    if !value.contains(['\'', '\\']) {
        return Ok(format!("'{value}'"));
    }
    if value.contains(['`', '!']) {
        return Err("a backtick or an exclamation mark beside a quote or a backslash");
    }
    Ok(double_quoted(value, '\\', &['"', '\\', '$']))
}
