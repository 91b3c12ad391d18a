//! `engine audit`: findings about engines, each with what cures it.

use serde_json::{Value, json};

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        json, many, names,
        sudo::SudoArgs,
    },
    machine::MachineName,
    ops::engine::audit::audit,
    provision::audit::{Cure, Finding, Severity},
};

/// Options of `engine audit`.
#[derive(clap::Args)]
#[command(after_help = "Exits with 1 when a finding is at least as grave as --fail-on says, else with 0.")]
pub struct Args {
    /// The machines (default: the machine `default`)
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Fail when a finding is at least this grave
    #[arg(long, value_enum, default_value_t = FailOn::High)]
    fail_on: FailOn,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    sudo: SudoArgs,
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    /// Any finding
    Low,
    /// One that makes an attack easier
    Medium,
    /// One that gives the host away
    High,
    /// None: findings are only printed
    Never,
}

/// Looks at all of them at once.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref names, fail_on, json, ref sudo } = args;
    let names = names::several(app, &app.store()?, names)?;
    let world = app.world_with(&names, sudo.read(&app.env)?, "look at the engine of")?;
    let results = many::existing(app, world, names, |world, name| async move {
        audit(&world, &name).await.map_err(CliError::from)
    })?;
    let found: Vec<(&MachineName, &Vec<Finding>)> =
        results.iter().filter_map(|(name, found)| Some((name, found.as_ref().ok()?))).collect();
    if json {
        let all: Vec<Value> = found.iter().map(|(name, found)| as_json(app, name, found)).collect();
        app.ui.data(json::pretty(&all.into()));
    } else {
        for (name, found) in &found {
            print(app, name, found);
        }
    }
    let is_grave =
        found.iter().flat_map(|(_, found)| *found).any(|finding| counts(fail_on, finding.severity));
    many::ended(results)?;
    Ok(if is_grave { code::FAILED } else { code::DONE })
}

fn counts(fail_on: FailOn, severity: Severity) -> bool {
    match fail_on {
        FailOn::Low => true,
        FailOn::Medium => severity >= Severity::Medium,
        FailOn::High => severity >= Severity::High,
        FailOn::Never => false,
    }
}

fn print(app: &App, name: &MachineName, found: &[Finding]) {
    if found.is_empty() {
        app.ui.data(format_args!("{name}: nothing found"));
    }
    for finding in found {
        let severity = severity(finding.severity);
        let about = finding.about.as_ref().map(|about| format!(" {about}:")).unwrap_or_default();
        app.ui.data(format_args!("{name}: {severity:<6} {}:{about} {}", finding.check, finding.text));
        app.ui.data(format_args!(
            "{:width$}  cure: {}",
            "",
            cure(app, name, finding),
            width = name.as_str().len()
        ));
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
    }
}

fn cure(app: &App, name: &MachineName, finding: &Finding) -> String {
    let program = app.program();
    match &finding.cure {
        Cure::Set(word) => format!("{program} engine set {name} {word}"),
        Cure::Unset(word) => format!("{program} engine unset {name} {word}"),
        Cure::Provision => format!("{program} provision {name}"),
        Cure::OnHost(command) => format!("{program} ssh {name} -- {command}"),
        Cure::ByHand(text) => text.replace("NAME", name.as_str()),
    }
}

fn as_json(app: &App, name: &MachineName, found: &[Finding]) -> Value {
    let findings = found.iter().map(|finding| {
        json!({
            "check": finding.check,
            "severity": finding.severity,
            "about": finding.about,
            "text": finding.text,
            "cure": cure(app, name, finding),
        })
    });
    json!({ "machine": name, "findings": findings.collect::<Vec<_>>() })
}
