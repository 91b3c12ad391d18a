//! `release`: puts adopted hosts back as they were and forgets the machines.

use crate::{
    cli::{
        app::App,
        consent,
        error::{Outcome, code},
        many, names,
        sudo::SudoArgs,
    },
    event::Event,
    ops::release::release,
};

/// Options of `release`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,

    /// Do not ask, and stop running containers where that cannot be avoided
    #[arg(long, short)]
    yes: bool,

    #[command(flatten)]
    sudo: SudoArgs,
}

/// Asks, then does it for all of them at once.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref names, yes, ref sudo } = args;
    let store = app.store()?;
    let names = names::several(app, &store, names)?;
    let list = names::list(&store, &names);
    let about = format!("This puts {list} back as before and forgets what rmachine did there.");
    if !consent::given(app, &about, yes, "release")? {
        return Ok(code::DONE);
    }
    let world = app.world_with(&names, sudo.read(&app.env)?, "release")?;
    let results = many::existing(app, world, names, move |world, name| async move {
        let released = release(&world, &name, yes).await?;
        if !released.kept.is_empty() {
            let what = released.kept.join(", ");
            world
                .events
                .of(&name)
                .note(format!("daemon.json keeps what others have changed there since: {what}"));
        }
        if released.engine_stays {
            world.events.of(&name).note("the engine that came with the adoption stays installed");
        }
        world.events.of(&name).emit(Event::Done("released".to_owned()));
        Ok(())
    })?;
    many::ended(results)
}
