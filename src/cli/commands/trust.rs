//! `trust`: pins the host key that a machine's host shows now.

use crate::{
    cli::{
        app::App,
        consent,
        error::{CliError, Outcome, code},
        names,
    },
    machine::Fingerprint,
    ops::trust::{self, HostKey},
};

/// Options of `trust`.
#[derive(clap::Args)]
pub struct Args {
    /// The machine (default: the machine `default`)
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Trust this key and no other; nothing is asked then
    #[arg(long, value_name = "SHA256:...")]
    host_key: Option<Fingerprint>,

    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Shows the old and the new key, asks, and pins the new one.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { name, host_key, yes } = args;
    let world = app.quiet_world()?;
    let name = names::one(&world.store, name.as_deref())?;
    let about = CliError::about(&name);
    let demanded = host_key.clone();
    let shown = app
        .wait({
            let (world, name) = (world.clone(), name.clone());
            async move { Ok(trust::look(&world, &name, demanded).await?) }
        })
        .map_err(&about)?;
    let now = in_words(&shown.shown);
    if shown.is_pinned() {
        app.ui.say(format_args!("{name}: {} shows the key that is pinned: {now}", shown.host));
        return Ok(code::DONE);
    }
    for old in &shown.pinned {
        app.ui.say(format_args!("{name}: pinned is {}", in_words(old)));
    }
    app.ui.say(format_args!("{name}: {} shows {now}", shown.host));
    let question = "Trust the new key only if the host itself says the same, on its console.";
    if !consent::given(app, question, *yes || host_key.is_some(), "trust")? {
        return Ok(code::DONE);
    }
    app.wait({
        let (world, name) = (world, name.clone());
        async move { Ok(trust::trust(&world, &name, &shown).await?) }
    })
    .map_err(&about)?;
    app.ui.say(format_args!("{name}: trusted and pinned"));
    Ok(code::DONE)
}

fn in_words(key: &HostKey) -> String {
    format!("{} {}", key.kind, key.fingerprint)
}
