//! `provision`: brings engines to what was asked for at create; changes and restarts nothing where nothing differs.

use crate::{
    cli::{app::App, error::Outcome, many, names, sudo::SudoArgs},
    event::Event,
    ops::provision::provision,
};

/// Options of `provision`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines (default: the machine `default`)
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Stop running containers where that cannot be avoided
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    sudo: SudoArgs,
}

/// Does it for all of them at once.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref names, yes, ref sudo } = args;
    let names = names::several(app, &app.store()?, names)?;
    let world = app.world_with(&names, sudo.read(&app.env)?, "provision")?;
    let results = many::existing(app, world, names, move |world, name| async move {
        let has_changed = provision(&world, &name, yes).await?;
        let text = if has_changed { "provisioned" } else { "already as it should be" };
        world.events.of(&name).emit(Event::Done(text.to_owned()));
        Ok(())
    })?;
    many::ended(results)
}
