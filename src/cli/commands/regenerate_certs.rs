//! `regenerate-certs`: new certificates for engines and for the client, while containers go on.

mod ca;
mod report;

use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        error::{CliError, Outcome, code},
        json, many, names,
        sudo::SudoArgs,
    },
    event::Event,
    machine::MachineName,
    ops::{
        OpsError, World,
        certs::{
            MaxAge, NewClient, Renewal, Renewed, copy_client, preview_renewal, renew, renew_client, sharing,
        },
    },
};
use report::Report;

/// The command's name, which others are told who wait for our locks.
const COMMAND: &str = "regenerate-certs";

/// Options of `regenerate-certs`.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub struct Args {
    /// The machines whose engines get a new certificate
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Take all machines of the store
    #[arg(long, conflicts_with = "names")]
    all: bool,

    /// Make a new client certificate too; without names, only that
    #[arg(long)]
    client_certs: bool,

    /// Make a new CA and bring all machines over to it; an interrupted change goes on
    #[arg(long, conflicts_with_all = ["names", "all", "client_certs"])]
    ca: bool,

    /// Stop while both CAs are trusted, so that copies of the client's certificate elsewhere can be replaced
    #[arg(long)]
    overlap: bool,

    /// Stop running containers where that cannot be avoided, and do not ask
    #[arg(long, short, alias = "yes", short_alias = 'y')]
    force: bool,

    /// Renew only what is older than this, or ends within 30 days; say nothing when nothing is
    #[arg(long, value_name = "DAYS", value_parser = max_age)]
    max_age: Option<MaxAge>,

    /// Print what would be done, change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print JSON: what came of each machine, and when its certificates end
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    sudo: SudoArgs,
}

/// Renews what was asked for.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args {
        names: _,
        all: _,
        client_certs: _,
        ca,
        overlap,
        force,
        max_age: _,
        dry_run: _,
        json,
        sudo: _,
    } = args;
    if overlap && !ca {
        let hint = format!("{} {COMMAND} --ca --overlap", app.program());
        return Err(CliError::usage("--overlap is a part of --ca", hint));
    }
    if app.has(Habit::AsksBeforeCertificates) {
        if !force && !consent(app)? {
            return Ok(code::DONE);
        }
        app.ui.say("Regenerating TLS certificates");
    }
    let mut report = Report::default();
    let outcome = if ca { ca::run(app, args, &mut report) } else { certificates(app, args, &mut report) };
    // Where nothing was begun, the error alone is the answer.
    if json && (outcome.is_ok() || !report.is_empty()) {
        app.ui.data(json::pretty(&report.json()));
    }
    outcome
}

/// The client's certificate and those of engines, all of the CA that is there.
fn certificates(app: &App, args: &Args, report: &mut Report) -> Outcome {
    let names = named(app, args)?;
    if args.client_certs {
        client_certificate(app, args, report)?;
    }
    if names.is_empty() {
        return Ok(code::DONE);
    }
    if args.dry_run { plans(app, args, names, report) } else { servers(app, args, names, report) }
}

/// docker-machine's question; whoever ends stdin instead of answering is told so.
fn consent(app: &App) -> Result<bool, CliError> {
    app.terminal()
        .answer("Regenerate TLS machine certs?  Warning: this is irreversible.")
        .ok_or(CliError::Failed { message: "EOF".into(), hint: None })
}

/// The machines that are meant. In our own voice they are named: a new certificate means that an engine restarts.
fn named(app: &App, args: &Args) -> Result<Vec<MachineName>, CliError> {
    let store = app.store()?;
    if args.all {
        return Ok(store.names()?.iter().filter_map(|name| name.parse().ok()).collect());
    }
    if app.has(Habit::AsksBeforeCertificates) || !args.names.is_empty() {
        return names::several(app, &store, &args.names);
    }
    if args.client_certs { Ok(Vec::new()) } else { Err(CliError::NoNames { command: COMMAND }) }
}

/// One progress row per machine, all at once.
fn servers(app: &App, args: &Args, names: Vec<MachineName>, report: &mut Report) -> Outcome {
    let renewal = renewal(app, args);
    let (is_watched, spares) = (app.env.stderr_is_terminal, args.all);
    let world = app.world_with(&names, args.sudo.read(&app.env)?, COMMAND)?;
    let names = if spares { provisioned(&world, names) } else { names };
    let results = many::existing(app, world.clone(), names, move |world, name| async move {
        let renewed = renew(&world, &name, renewal).await?;
        let said = match renewed {
            Renewed::Yes => Some("its engine has a new certificate"),
            Renewed::HasNone => Some("it is reached over ssh and has no certificate"),
            // Nobody reads the mail of a job that found nothing to do.
            Renewed::NotDue => is_watched.then_some("its certificate is young enough"),
        };
        if let Some(said) = said {
            world.events.of(&name).emit(Event::Done(said.to_owned()));
        }
        Ok(renewed)
    })?;
    report.renewed(&world, &results);
    many::ended(results)
}

/// Of all machines, those whose hosts are ours to change.
fn provisioned(world: &World, names: Vec<MachineName>) -> Vec<MachineName> {
    let is_ours = |name: &MachineName| {
        let driver = world.store.load(name).ok().and_then(|record| world.driver(&record).ok());
        // One that cannot be loaded is told of when its turn comes.
        driver.is_none_or(|driver| driver.profile().provisions)
    };
    names.into_iter().filter(is_ours).collect()
}

fn plans(app: &App, args: &Args, names: Vec<MachineName>, report: &mut Report) -> Outcome {
    let renewal = renewal(app, args);
    let world = app.world_with(&names, args.sudo.read(&app.env)?, COMMAND)?;
    let results = many::existing(app, world, names, move |world, name| async move {
        Ok(preview_renewal(&world, &name, renewal).await?)
    })?;
    report.planned(&results);
    for (name, result) in &results {
        if let (Ok(plan), false) = (result, args.json) {
            let text = plan.as_deref().unwrap_or("nothing to change\n");
            for line in text.lines() {
                app.ui.data(format_args!("{name}: {line}"));
            }
        }
    }
    many::ended(results)
}

fn renewal(app: &App, args: &Args) -> Renewal {
    // docker-machine always stopped them, so whoever agreed there has agreed to that.
    Renewal { may_stop_containers: args.force || app.has(Habit::StopsContainers), max_age: args.max_age }
}

/// A new client certificate, and copies of it wherever the old one is.
fn client_certificate(app: &App, args: &Args, report: &mut Report) -> Result<(), CliError> {
    let world = app.world(COMMAND, &[])?;
    if args.dry_run {
        let file = world.store.authority_files().client_certificate;
        report.client_planned(&file);
        if !args.json {
            app.ui.data(format_args!("make a new client certificate: {}", file.display()));
        }
        return Ok(());
    }
    if app.has(Habit::AsksBeforeCertificates) {
        app.ui.say("Regenerating local certificates");
    }
    let (given, max_age) = (app.authority(), args.max_age);
    let making = world.clone();
    let made =
        app.wait(async move { Ok(renew_client(&making, &given, max_age).await.map_err(OpsError::from)?) })?;
    report.client(made.as_ref());
    let Some(made) = made else { return Ok(()) };
    tell(app, &made);
    let names = sharing(&world, &made.files).map_err(OpsError::from)?;
    let results = many::each(app, app.world(COMMAND, &names)?, names, |world, name| async move {
        if copy_client(&world, &name).await? {
            world.events.of(&name).emit(Event::Done("its client has the new certificate".to_owned()));
        }
        Ok(())
    })?;
    report.copied(&results);
    many::ended(results).map(drop)
}

fn tell(app: &App, made: &NewClient) {
    app.ui.say(format_args!("a new client certificate: {}", made.files.client_certificate.display()));
    if let Some(former) = made.former.filter(|former| former.days_left >= 0) {
        app.ui.say(format_args!(
            "engines let the one before in until {}, as long as its CA is trusted",
            former.last_day()
        ));
    }
}

/// `300`, `300d` or `40w`.
fn max_age(text: &str) -> Result<MaxAge, String> {
    let (number, days) = match text.strip_suffix('w') {
        Some(weeks) => (weeks, 7),
        None => (text.strip_suffix('d').unwrap_or(text), 1),
    };
    let count: u32 = number.parse().map_err(|_| "days are meant, such as 300 or 300d, or weeks: 40w")?;
    Ok(MaxAge { days: count.saturating_mul(days) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_days_or_weeks() {
        for (text, days) in [("30", 30), ("30d", 30), ("4w", 28), ("0", 0)] {
            assert_eq!(max_age(text), Ok(MaxAge { days }), "{text}");
        }
        for text in ["", "d", "-1", "1.5d", "30 days", "1h"] {
            assert!(max_age(text).is_err(), "{text}");
        }
    }
}
