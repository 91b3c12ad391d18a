//! Classic swarm's flags. They are read, so that scripts get a clear answer, and refused: it talks to engines in an API version that no engine
//! of today answers.

use crate::cli::{app::App, error::CliError};

/// Classic swarm's flags.
#[derive(clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Classic swarm (refused)")]
pub struct SwarmArgs {
    /// Join a classic swarm
    #[arg(long, hide_short_help = true)]
    swarm: bool,

    /// Be a classic swarm's master
    #[arg(long, hide_short_help = true)]
    swarm_master: bool,

    /// Find the classic swarm with this service
    #[arg(long, hide_short_help = true, value_name = "URL")]
    swarm_discovery: Option<String>,

    /// Run this image
    #[arg(long, hide_short_help = true, value_name = "IMAGE")]
    swarm_image: Option<String>,

    /// Place containers by this strategy
    #[arg(long, hide_short_help = true, value_name = "STRATEGY")]
    swarm_strategy: Option<String>,

    /// Give the master this option
    #[arg(long, hide_short_help = true, value_name = "OPTION")]
    swarm_opt: Vec<String>,

    /// Give the agent this option
    #[arg(long, hide_short_help = true, value_name = "OPTION")]
    swarm_join_opt: Vec<String>,

    /// Let the master listen here
    #[arg(long, hide_short_help = true, value_name = "URL")]
    swarm_host: Option<String>,

    /// Advertise this address
    #[arg(long, hide_short_help = true, value_name = "ADDRESS")]
    swarm_addr: Option<String>,

    /// Use experimental features
    #[arg(long, hide_short_help = true)]
    swarm_experimental: bool,
}

impl SwarmArgs {
    /// Refuses a classic swarm; options without `--swarm` or `--swarm-master` have no effect, as ever.
    pub fn refuse(&self, app: &App) -> Result<(), CliError> {
        let Self {
            swarm,
            swarm_master,
            swarm_discovery: _,
            swarm_image: _,
            swarm_strategy: _,
            swarm_opt: _,
            swarm_join_opt: _,
            swarm_host: _,
            swarm_addr: _,
            swarm_experimental: _,
        } = self;
        if !swarm && !swarm_master {
            return Ok(());
        }
        Err(CliError::refused(
            "classic swarm cannot be set up: no engine of today speaks its API",
            format!(
                "create the machine without these flags, then make a swarm of today on it: eval \"$({} env NAME)\"; docker swarm init",
                app.program()
            ),
        ))
    }
}
