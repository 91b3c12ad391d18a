//! `swarm rotate-tokens` and `swarm rotate-ca`.

use super::named;
use crate::{
    cli::{
        app::App,
        error::{Outcome, code},
    },
    engine::api::swarm::Rotation,
    ops::swarm::change,
};

/// Options of `swarm rotate-tokens`.
#[derive(clap::Args)]
pub struct TokensArgs {
    /// The swarm
    #[arg(value_name = "SWARM")]
    swarm: String,

    /// Only the one for workers
    #[arg(long, conflicts_with = "manager")]
    worker: bool,

    /// Only the one for managers
    #[arg(long)]
    manager: bool,
}

/// Options of `swarm rotate-ca`.
#[derive(clap::Args)]
pub struct CaArgs {
    /// The swarm
    #[arg(value_name = "SWARM")]
    swarm: String,
}

/// Makes tokens anew.
pub fn tokens(app: &App, args: &TokensArgs) -> Outcome {
    let &TokensArgs { ref swarm, worker, manager } = args;
    let swarm = named(app, swarm)?;
    let rotation = Rotation { worker_token: !manager, manager_token: !worker };
    let world = app.world("swarm rotate-tokens", &[])?;
    app.wait(async move { Ok(change::rotate_tokens(&world, &swarm, rotation).await?) })?;
    app.ui.say("tokens that were seen before let nobody in any more");
    Ok(code::DONE)
}

/// Replaces the CA.
pub fn ca(app: &App, args: &CaArgs) -> Outcome {
    let swarm = named(app, &args.swarm)?;
    let world = app.world("swarm rotate-ca", &[])?;
    app.wait(async move { Ok(change::rotate_ca(&world, &swarm).await?) })?;
    app.ui.say("every node has a certificate of the new CA");
    Ok(code::DONE)
}
