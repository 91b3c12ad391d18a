//! Where sudo's password comes from when it must be there beforehand: never from argv.

use std::path::PathBuf;

use super::{error::CliError, secrets};
use crate::{env::Env, secret::Secret};

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
        let (variable, file) = (self.sudo_password_env.as_deref(), self.sudo_password_file.as_deref());
        secrets::given(env, variable, file, "--sudo-password-file")
    }
}
