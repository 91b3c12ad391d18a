//! `--swarm` of the reading commands: classic swarm needs engines that are long gone.

use super::{app::App, error::CliError};

/// `--swarm`, kept so that it can be refused by name.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct ClassicSwarm {
    /// Use the classic swarm's master (refused: no engine of today has it)
    #[arg(long, hide = true)]
    swarm: bool,
}

impl ClassicSwarm {
    /// Refuses it.
    pub fn refuse(&self, app: &App) -> Result<(), CliError> {
        if !self.swarm {
            return Ok(());
        }
        Err(CliError::refused(
            "--swarm is classic swarm's, which no engine of today speaks",
            format!("a swarm of today is reached through any of its managers: {} env NAME", app.program()),
        ))
    }
}
