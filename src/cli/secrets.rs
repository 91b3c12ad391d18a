//! Secrets that must be there beforehand: out of a variable or a file, never out of argv.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{app::App, error::CliError};
use crate::{env::Env, prompt::Prompt, secret::Secret};

/// Bits that let others than the owner read a file.
const OTHERS: u32 = 0o077;

/// A secret by the flags of its variable and its file; `flag` is the latter's name.
pub fn given(
    env: &Env,
    variable: Option<&str>,
    file: Option<&Path>,
    flag: &str,
) -> Result<Option<Secret>, CliError> {
    if let Some(name) = variable {
        let value = env.var(name).ok_or_else(|| {
            CliError::usage(
                format!("the variable {name} is not set"),
                format!("export {name}, or use {flag} FILE"),
            )
        })?;
        return Ok(Some(Secret::new(value)));
    }
    file.map(|path| from_file(&env.cwd.join(path))).transpose()
}

fn from_file(path: &Path) -> Result<Secret, CliError> {
    let reading =
        |source| CliError::Io { doing: format!("read the password file {}", path.display()), source };
    let mode = fs::metadata(path).map_err(reading)?.permissions().mode();
    if mode & OTHERS != 0 {
        return Err(CliError::refused(
            format!("others may read the password file {} (mode {:04o})", path.display(), mode & 0o7777),
            format!("chmod 600 {}", path.display()),
        ));
    }
    let text = fs::read_to_string(path).map_err(reading)?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}

/// Where the passphrase of an exported file comes from.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct PassphraseArgs {
    /// Take the passphrase from this environment variable
    #[arg(long, value_name = "VARIABLE", conflicts_with = "passphrase_file")]
    passphrase_env: Option<String>,

    /// Take the passphrase from this file, which only you may read
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// The passphrase of a new file, which is asked for twice, because nobody could open the file after a slip.
    pub fn new_one(&self, app: &App) -> Result<Secret, CliError> {
        let passphrase = self.read(app, "Passphrase for the file: ")?;
        if passphrase.expose().is_empty() {
            return Err(CliError::usage("the passphrase is empty", "choose one of several words"));
        }
        let is_asked = self.passphrase_env.is_none() && self.passphrase_file.is_none();
        if is_asked && app.terminal().secret("The same once more: ").as_ref() != Some(&passphrase) {
            return Err(CliError::refused("the two passphrases are not the same", "type the command again"));
        }
        Ok(passphrase)
    }

    /// The passphrase, asked for where no flag says it.
    pub fn read(&self, app: &App, question: &str) -> Result<Secret, CliError> {
        let file = self.passphrase_file.as_deref();
        let given = given(&app.env, self.passphrase_env.as_deref(), file, "--passphrase-file")?;
        given.or_else(|| app.terminal().secret(question)).ok_or_else(|| {
            CliError::refused(
                "there is no terminal to ask for the passphrase",
                "say where it is: --passphrase-file FILE, or --passphrase-env VARIABLE",
            )
        })
    }
}
