//! How each shell sets and unsets variables, so that `env` prints and env files hold text that any of them can evaluate.
//!
//! Plain values look as docker-machine prints them, byte for byte; anything else is quoted by the shell's own rules, or
//! refused where the shell has none.

mod detect;
mod quote;

use std::fmt;

pub use detect::{UnknownShell, detect, parent_name};
pub use quote::Unquotable;

use crate::env::{PLUGIN, Voice};

/// A shell, or another reader of variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shell {
    /// sh, dash, bash, zsh, ksh.
    Sh,
    /// fish.
    Fish,
    /// PowerShell.
    PowerShell,
    /// cmd.exe.
    Cmd,
    /// csh and tcsh.
    Tcsh,
    /// Emacs Lisp.
    Emacs,
    /// Nushell.
    Nushell,
    /// The `.env` files of Compose and editors.
    Dotenv,
    /// One object.
    Json,
}

/// A variable to set, or to unset where there is no value.
pub type Variable<'a> = (&'a str, Option<&'a str>);

impl Shell {
    /// All of them, under the names they are asked for by.
    pub const ALL: [(&'static str, Self); 17] = [
        ("sh", Self::Sh),
        ("bash", Self::Sh),
        ("zsh", Self::Sh),
        ("dash", Self::Sh),
        ("ash", Self::Sh),
        ("ksh", Self::Sh),
        ("mksh", Self::Sh),
        ("fish", Self::Fish),
        ("powershell", Self::PowerShell),
        ("pwsh", Self::PowerShell),
        ("cmd", Self::Cmd),
        ("tcsh", Self::Tcsh),
        ("csh", Self::Tcsh),
        ("emacs", Self::Emacs),
        ("nushell", Self::Nushell),
        ("nu", Self::Nushell),
        ("dotenv", Self::Dotenv),
    ];

    /// A shell by its name, with or without `.exe`; docker-machine's voice takes what is not known for [`Shell::Sh`].
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let name = name.strip_suffix(".exe").unwrap_or(&name);
        if name == "json" {
            return Some(Self::Json);
        }
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, shell)| *shell)
    }

    /// The statements that set and unset these variables, one a line, each line ended.
    pub fn statements(self, variables: &[Variable<'_>]) -> Result<String, Unquotable> {
        if self == Self::Json {
            return Ok(json(variables));
        }
        let mut text = String::new();
        for (key, value) in variables {
            let statement = match value {
                Some(value) => self.set(key, value)?,
                None => self.unset(key),
            };
            text.push_str(&statement);
            // In an unquoted `eval $(...)` line ends are spaces, and `unset` would take the next statement for more names.
            if self == Self::Sh && value.is_none() && variables.iter().any(|(_, value)| value.is_some()) {
                text.push(';');
            }
            text.push('\n');
        }
        Ok(text)
    }

    /// The statement that sets a variable, without a line end.
    pub fn set(self, key: &str, value: &str) -> Result<String, Unquotable> {
        let quoted = quote::quote(self, value).map_err(|what| Unquotable {
            shell: self,
            key: key.to_owned(),
            what,
        })?;
        Ok(match self {
            Self::Sh => format!("export {key}={quoted}"),
            Self::Fish => format!("set -gx {key} {quoted};"),
            Self::PowerShell => format!("$Env:{key} = {quoted}"),
            Self::Cmd if quoted == value => format!("SET {key}={value}"),
            // The quotes stand around the whole, so that they do not become part of the value.
            Self::Cmd => format!("SET \"{key}={value}\""),
            Self::Tcsh => format!("setenv {key} {quoted};"),
            Self::Emacs => format!("(setenv \"{key}\" {quoted})"),
            Self::Nushell => format!("$env.{key} = {quoted}"),
            Self::Dotenv => format!("{key}={quoted}"),
            Self::Json => format!("{{\"{key}\":{quoted}}}"),
        })
    }

    /// The statement that unsets a variable, without a line end.
    pub fn unset(self, key: &str) -> String {
        match self {
            Self::Sh => format!("unset {key}"),
            Self::Fish => format!("set -e {key};"),
            // Two backslashes, as docker-machine has it; PowerShell takes them for one.
            Self::PowerShell => format!(r"Remove-Item Env:\\{key}"),
            Self::Cmd => format!("SET {key}="),
            Self::Tcsh => format!("unsetenv {key};"),
            Self::Emacs => format!("(setenv \"{key}\" nil)"),
            Self::Nushell => format!("hide-env --ignore-errors {key}"),
            // The nearest that these files have; docker takes an empty variable for none.
            Self::Dotenv => format!("{key}="),
            Self::Json => format!("{{\"{key}\":null}}"),
        }
    }

    /// The two lines that say how to have the statements evaluated, each line ended; `argv` is the command line that printed
    /// them. Readers of data get none.
    pub fn hint(self, voice: Voice, argv: &[String]) -> String {
        let command = command_line(argv);
        let command = match (self, voice) {
            (Self::Sh, Voice::DockerMachine) => format!("eval $({command})"),
            // With the quotes, runs of spaces and wildcards in values survive.
            (Self::Sh, Voice::Rmachine) => format!("eval \"$({command})\""),
            (Self::Fish, Voice::DockerMachine) => format!("eval ({command})"),
            (Self::Fish, Voice::Rmachine) => format!("{command} | source"),
            (Self::PowerShell, _) => format!("& {command} | Invoke-Expression"),
            (Self::Cmd, _) => format!("\t@FOR /f \"tokens=*\" %i IN ('{command}') DO @%i"),
            (Self::Tcsh, _) => format!("eval `{command}`"),
            (Self::Emacs, _) => {
                format!("(with-temp-buffer (shell-command \"{command}\" (current-buffer)) (eval-buffer))")
            }
            // Nushell evaluates no text that a program printed, but takes data.
            (Self::Nushell, _) => format!("{command} --shell json | from json | load-env"),
            (Self::Dotenv | Self::Json, _) => return String::new(),
        };
        self.comment("Run this command to configure your shell: ") + &self.comment(&command)
    }

    /// A line that the shell passes over, ended; readers of data get none.
    pub fn comment(self, text: &str) -> String {
        let mark = match self {
            Self::Sh | Self::Fish | Self::PowerShell | Self::Nushell => "# ",
            Self::Cmd => "REM ",
            Self::Tcsh => ": ",
            Self::Emacs => ";; ",
            Self::Dotenv | Self::Json => return String::new(),
        };
        format!("{mark}{text}\n")
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Sh => "sh",
            Self::Fish => "fish",
            Self::PowerShell => "PowerShell",
            Self::Cmd => "cmd",
            Self::Tcsh => "tcsh",
            Self::Emacs => "Emacs",
            Self::Nushell => "nushell",
            Self::Dotenv => "dotenv",
            Self::Json => "JSON",
        })
    }
}

fn json(variables: &[Variable<'_>]) -> String {
    let members = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).into()));
    let object = serde_json::Value::Object(members.collect());
    format!("{object:#}\n")
}

/// The command line in docker-machine's form: only the program is quoted, and only where it must be.
fn command_line(argv: &[String]) -> String {
    let quoted = |(index, word): (usize, &String)| {
        if index == 0 && word != PLUGIN && word.contains([' ', '\\']) {
            format!("\"{word}\"")
        } else {
            word.clone()
        }
    };
    argv.iter().enumerate().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
