//! Classic swarm's flags. They are stored as docker-machine stored them; setting one up is refused, with the lines that set up a swarm of
//! today: classic swarm talks to engines in an API version that no engine of today answers.

mod instead;

use super::Chosen;
use crate::{
    cli::{app::App, error::CliError},
    machine::MachineName,
    store::SwarmOptions,
};

/// Classic swarm's flags.
#[derive(clap::Args)]
#[group(skip)]
#[command(next_help_heading = "Classic swarm (stored; none is set up)")]
pub struct SwarmArgs {
    /// Join a classic swarm (refused, with what to type instead)
    #[arg(long, hide_short_help = true)]
    swarm: bool,

    /// Be a classic swarm's master (refused, with what to type instead)
    #[arg(long, hide_short_help = true)]
    swarm_master: bool,

    /// Find the classic swarm with this service
    #[arg(long, hide_short_help = true, value_name = "URL")]
    swarm_discovery: Option<String>,

    /// Run this image
    #[arg(long, hide_short_help = true, value_name = "IMAGE", default_value = "swarm:latest")]
    swarm_image: String,

    /// Place containers by this strategy
    #[arg(long, hide_short_help = true, value_name = "STRATEGY", default_value = "spread")]
    swarm_strategy: String,

    /// Give the master this option
    #[arg(long, hide_short_help = true, value_name = "OPTION")]
    swarm_opt: Vec<String>,

    /// Give the agent this option
    #[arg(long, hide_short_help = true, value_name = "OPTION")]
    swarm_join_opt: Vec<String>,

    /// Let the master listen here
    #[arg(long, hide_short_help = true, value_name = "URL", default_value = "tcp://0.0.0.0:3376")]
    swarm_host: String,

    /// Advertise this address
    #[arg(long, hide_short_help = true, value_name = "ADDRESS")]
    swarm_addr: Option<String>,

    /// Use experimental features
    #[arg(long, hide_short_help = true)]
    swarm_experimental: bool,
}

impl SwarmArgs {
    /// As docker-machine stores them.
    pub fn stored(&self) -> SwarmOptions {
        let Self {
            swarm,
            swarm_master,
            swarm_discovery,
            swarm_image,
            swarm_strategy,
            swarm_opt,
            swarm_join_opt,
            swarm_host,
            swarm_addr,
            swarm_experimental,
        } = self;
        SwarmOptions {
            is_swarm: *swarm || *swarm_master,
            address: swarm_addr.clone().unwrap_or_default(),
            discovery: swarm_discovery.clone().unwrap_or_default(),
            agent: *swarm,
            master: *swarm_master,
            host: swarm_host.clone(),
            image: swarm_image.clone(),
            strategy: swarm_strategy.clone(),
            arbitrary_flags: Some(swarm_opt.clone()),
            arbitrary_join_flags: Some(swarm_join_opt.clone()),
            is_experimental: *swarm_experimental,
            ..SwarmOptions::default()
        }
    }

    /// Refuses a discovery service that is no URL.
    pub fn check(&self) -> Result<(), CliError> {
        match self.swarm_discovery.as_deref() {
            Some(url) if !url.is_empty() && !url.contains("://") => {
                Err(CliError::SwarmDiscovery { url: url.to_owned() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses to set up a classic swarm; options without `--swarm` or `--swarm-master` have no effect, as ever.
    pub fn refuse(&self, app: &App, names: &[MachineName], chosen: Option<&Chosen>) -> Result<(), CliError> {
        let options = self.stored();
        if !options.is_swarm {
            return Ok(());
        }
        Err(CliError::refused(
            "classic swarm is not set up: no engine of today speaks its API",
            format!("for a swarm of today: {}", instead::lines(app, &options, names, chosen)),
        ))
    }
}
