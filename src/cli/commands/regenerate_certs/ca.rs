//! `regenerate-certs --ca`: all machines of the store go over to a new CA.

use super::{Args, COMMAND, Report, renewal};
use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
    },
    machine::MachineName,
    ops::{
        OpsError,
        certs::{Change, Changed, Phase, Rotation, outlook, rotate},
    },
};

/// Begins the change, or goes on with one.
pub fn run(app: &App, args: &Args, report: &mut Report) -> Outcome {
    let given = app.authority();
    let (under_way, names) = outlook(&app.quiet_world()?, &given).map_err(OpsError::from)?;
    if args.dry_run {
        for (phase, who) in plan(under_way.as_ref(), &names) {
            report.phase_planned(phase, &who);
            if !args.json {
                app.ui.data(in_words(phase, &who));
            }
        }
        return Ok(code::DONE);
    }
    let change = Change { rests_in_overlap: args.overlap, renewal: renewal(app, args) };
    let world = app.world_with(&names, args.sudo.read(&app.env)?, COMMAND)?;
    let changed = app.wait(async move { Ok(rotate(&world, &given, change).await?) });
    let changed = changed.map_err(|error| match error {
        CliError::Interrupted { .. } => CliError::Interrupted { goes_on: true },
        error => error,
    })?;
    report.ca(&app.quiet_world()?, &names, &changed);
    ended(app, changed)
}

fn ended(app: &App, changed: Changed) -> Outcome {
    let again = format!("{} {COMMAND} --ca", app.program());
    match changed {
        Changed::NotDue if app.env.stderr_is_terminal => app.ui.say("the CA is young enough"),
        Changed::NotDue => {}
        Changed::Done(kept_as) => {
            let kept = app.store()?.certs_dir().join(format!("{kept_as}.pem"));
            app.ui.say(format_args!("the new CA is the only one; the old one is kept as {}", kept.display()));
        }
        Changed::Resting => app.ui.say(format_args!(
            "engines trust both CAs and let the old client certificate in; when copies elsewhere are replaced: {again}"
        )),
        Changed::Waiting { phase, failures, through } => {
            let waiting: Vec<_> = failures.iter().map(|(name, _)| name.clone()).collect();
            app.ui.note(format_args!(
                "stopped before {}: {}; machines can be reached as before, and {again} goes on",
                before(phase),
                waits_for(&waiting),
            ));
            let failures = failures.into_iter().map(|(name, error)| (name, error.into())).collect();
            return Err(CliError::Machines { failures, done: through });
        }
    }
    Ok(code::DONE)
}

fn waits_for(names: &[MachineName]) -> String {
    format!("{} {} not there yet", in_a_row(names), if names.len() == 1 { "is" } else { "are" })
}

fn in_a_row(names: &[MachineName]) -> String {
    names.iter().map(MachineName::as_str).collect::<Vec<_>>().join(", ")
}

/// What does not begin while machines wait in this phase.
fn before(phase: Phase) -> &'static str {
    match phase {
        Phase::TrustBoth => "the client certificate is replaced",
        Phase::Overlap => "any engine forgets the old CA",
        Phase::DropOld => "the end",
    }
}

/// The phases that are to come, each with the machines that have not been through it.
fn plan(under_way: Option<&Rotation>, names: &[MachineName]) -> Vec<(Phase, Vec<MachineName>)> {
    let left = |phase| match under_way {
        Some(rotation) if rotation.phase > phase => Vec::new(),
        Some(rotation) => names.iter().filter(|name| !rotation.has_been(name, phase)).cloned().collect(),
        None => names.to_vec(),
    };
    let phases = [Phase::TrustBoth, Phase::Overlap, Phase::DropOld].map(|phase| (phase, left(phase)));
    phases.into_iter().filter(|(_, left)| !left.is_empty()).collect()
}

fn in_words(phase: Phase, who: &[MachineName]) -> String {
    let who = in_a_row(who);
    match phase {
        Phase::TrustBoth => format!("{who}: the engine trusts the old CA and a new one, and restarts once"),
        Phase::Overlap => format!("{who}: the client shows a certificate of the new CA"),
        Phase::DropOld => {
            format!("{who}: the engine gets a certificate of the new CA, trusts it alone, and restarts once")
        }
    }
}
