//! `rm` as docker-machine told it: what it is about to do, and for each machine whether it was done.

use crate::{
    cli::{
        app::App,
        consent,
        error::{self, CliError, Outcome, code},
        many::{self, Results},
    },
    machine::MachineName,
    ops::{
        OpsError,
        rm::{Ignored, Removed, rm},
    },
    store::StoreError,
};

/// Removes the machines that are there; the others are told. All names are looked at before anything is done.
pub fn run(app: &App, typed: &[String], force: bool, yes: bool) -> Outcome {
    let parsed: Result<Vec<MachineName>, _> = typed.iter().map(|name| name.parse()).collect();
    let names = parsed?;
    let warning = "WARNING: This action will delete both local reference and remote instance.";
    let about = format!("About to remove {}\n{warning}", typed.join(", "));
    if !consent::given(app, &about, force || yes, "rm")? {
        return Ok(code::DONE);
    }
    let world = app.world("rm", &names)?;
    let results =
        many::each(app, world, names, move |world, name| async move { Ok(rm(&world, &name, force).await?) })?;
    let mut failed = Results::new();
    for (name, result) in results {
        match result {
            Ok(removed) => tell(app, &name, removed),
            Err(error) if force && is_gone(&error) => {
                error::classic::tell(&app.ui, &before(&name)(error));
                app.ui.note(format_args!("Can't remove \"{name}\""));
            }
            Err(error) => failed.push((name.clone(), Err(before(&name)(error)))),
        }
    }
    many::ended::<()>(failed)
}

fn before(name: &MachineName) -> impl Fn(CliError) -> CliError {
    CliError::classic(format!("Error removing host \"{name}\": "))
}

/// With force a host that could not be removed is told, and the machine is forgotten all the same.
fn tell(app: &App, name: &MachineName, removed: Removed) {
    if let Some(Ignored { why, .. }) = removed.ignored {
        error::classic::tell(&app.ui, &before(name)(why.into()));
    }
    if let Some(stays) = removed.stays {
        app.ui.note(format_args!("({name}) {stays}"));
    }
    app.ui.say(format_args!("Successfully removed {name}"));
}

/// What is not there needs no force.
fn is_gone(error: &CliError) -> bool {
    matches!(error, CliError::Ops(OpsError::Store(StoreError::NotFound { .. })))
}
