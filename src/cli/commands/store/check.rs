//! `store check`: what is broken in the store, what `--repair` does about it, and what to type where it can do nothing.

use serde_json::{Value, json};

use super::words;
use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        json,
    },
    ops::store_check::{self, Finding, Level, Mended, Report},
};

/// Options of `store check`.
#[derive(clap::Args)]
pub struct Args {
    /// Mend what can be mended; what is replaced is kept in the store
    #[arg(long)]
    repair: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints each finding with its cure; says how many are left.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { repair, json } = args;
    let verb = if repair { "store check --repair" } else { "store check" };
    let world = app.world(verb, &[])?;
    let report = app.wait(async move { Ok(store_check::check(&world, repair).await?) })?;
    if json {
        let findings: Vec<Value> = report.findings.iter().map(|finding| value(app, finding)).collect();
        app.ui.data(json::pretty(&findings.into()));
    } else {
        for finding in &report.findings {
            print(app, finding, repair);
        }
    }
    summary(app, &report, repair)?;
    let is_clean = !report.findings.iter().any(is_broken);
    Ok(if is_clean { code::DONE } else { code::FAILED })
}

fn is_broken(finding: &Finding) -> bool {
    finding.level == Level::Fault && finding.mended != Mended::Yes
}

fn print(app: &App, finding: &Finding, repair: bool) {
    let whose = finding.machine.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
    let level = match finding.level {
        Level::Fault => "",
        Level::Note => "note: ",
    };
    app.ui.data(format_args!("{whose}{level}{}", finding.what));
    match (&finding.mended, &finding.repair) {
        (Mended::Yes, Some(does)) => app.ui.data(format_args!("  mended: {does}")),
        (Mended::Failed(why), _) => app.ui.data(format_args!("  not mended: {why}")),
        (Mended::No, Some(does)) if !repair => app.ui.data(format_args!("  --repair {does}")),
        (Mended::Yes | Mended::No, _) => {}
    }
    if let Some(hint) = words::hint(app, finding) {
        app.ui.data(format_args!("  hint: {hint}"));
    }
}

fn value(app: &App, finding: &Finding) -> Value {
    let error = match &finding.mended {
        Mended::Failed(why) => Some(why),
        Mended::Yes | Mended::No => None,
    };
    json!({
        "machine": finding.machine,
        "kind": finding.kind,
        "level": finding.level,
        "what": finding.what,
        "repair": finding.repair,
        "hint": words::hint(app, finding),
        "mended": finding.mended == Mended::Yes,
        "error": error,
    })
}

fn summary(app: &App, report: &Report, repair: bool) -> Result<(), CliError> {
    let count = |is: &dyn Fn(&Finding) -> bool| report.findings.iter().filter(|finding| is(finding)).count();
    let (faults, mended) = (count(&is_broken), count(&|finding| finding.mended == Mended::Yes));
    let notes = count(&|finding| finding.level == Level::Note && finding.mended != Mended::Yes);
    let root = app.store()?.root().display().to_string();
    let broken = match faults {
        0 => "nothing is broken".to_owned(),
        1 => "1 thing is broken".to_owned(),
        _ => format!("{faults} things are broken"),
    };
    let more = [(mended, "mended"), (notes, "to note")].map(|(count, what)| format!(", {count} {what}"));
    let more = more.into_iter().zip([mended, notes]).filter(|(_, count)| *count > 0).map(|(text, _)| text);
    app.ui.note(format_args!("{root}: {broken}{}", more.collect::<String>()));
    if let Some(backup) = &report.backup {
        app.ui.note(format_args!("what was replaced is kept in {}", backup.display()));
    }
    let can_mend = count(&|finding| finding.repair.is_some() && finding.mended == Mended::No);
    if !repair && can_mend > 0 {
        app.ui.note(format_args!("hint: {} store check --repair", app.program()));
    }
    Ok(())
}
