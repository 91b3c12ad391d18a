//! Where sudo's password comes from when it must be there beforehand: never from argv.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, path::PathBuf};

use super::error::CliError;
use crate::{env::Env, secret::Secret};

/// Bits that let others than the owner read a file.
const OTHERS: u32 = 0o077;

/// Where sudo's password comes from.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct SudoArgs {
    /// Take sudo's password from this environment variable
    #[arg(long, value_name = "VARIABLE", conflicts_with = "sudo_password_file")]
    pub sudo_password_env: Option<String>,

    /// Take sudo's password from this file, which only you may read
    #[arg(long, value_name = "FILE")]
    pub sudo_password_file: Option<PathBuf>,
}

impl SudoArgs {
    /// The password, where one is given.
    pub fn read(&self, env: &Env) -> Result<Option<Secret>, CliError> {
        if let Some(name) = &self.sudo_password_env {
            let value = env.var(name).ok_or_else(|| {
                CliError::usage(
                    format!("the variable {name} is not set"),
                    format!("export {name}, or use --sudo-password-file FILE"),
                )
            })?;
            return Ok(Some(Secret::new(value)));
        }
        self.sudo_password_file.as_deref().map(|path| from_file(&env.cwd.join(path))).transpose()
    }
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
