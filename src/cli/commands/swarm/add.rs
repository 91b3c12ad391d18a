//! `swarm add`: further machines for a swarm.

use super::{
    create::labels,
    members::{AddressArgs, MembersArgs, show_plan, tell},
    named,
};
use crate::{
    cli::{
        app::App,
        commands::create,
        error::{CliError, Outcome},
    },
    ops::swarm::create::{Request, create as form},
    swarm::{record::Settings, topology::Asked},
};

/// Options of `swarm add`. New machines are made as `create` makes them, with its options.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    members: MembersArgs,

    #[command(flatten)]
    addresses: AddressArgs,

    /// Give the new nodes this label, KEY=VALUE
    #[arg(long = "node-label", value_name = "LABEL")]
    node_labels: Vec<String>,

    #[command(flatten)]
    pub create: create::Args,
}

/// Adds them.
pub fn run(app: &App, args: &Args) -> Outcome {
    let name = args.create.only_name(app, "swarm add")?;
    let name = named(app, name.as_str())?;
    let asked = args.members.asked(app)?;
    if asked == Asked::default() {
        return Err(CliError::usage(
            "nobody is to be added",
            "--workers 2, --managers n4,n5, or --hosts LIST",
        ));
    }
    let request = Request {
        name: name.clone(),
        asked,
        // Those of the swarm are recorded; the labels are for the new nodes.
        settings: Settings { labels: labels(&args.node_labels)?, ..Settings::default() },
        wishes: args.addresses.wishes(),
        template: args.create.template(app, &name)?,
        context: args.create.context(app),
        is_added: true,
    };
    let world = app.world_with(&[], args.create.sudo(app)?, "swarm add")?;
    if args.create.is_dry_run() {
        return show_plan(app, world, request);
    }
    let report = app.wait(async move { Ok(form(&world, request).await?) })?;
    tell(app, &name, report)
}
