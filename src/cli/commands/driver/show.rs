//! `driver show`: what a driver is, where it is, and its flags.

use serde_json::{Value as Json, json};

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        json,
        table::aligned,
    },
    driver::{Driver, FlagKind, FlagSpec, FlagValue},
    ops::OpsError,
};

/// Options of `driver show`.
#[derive(clap::Args)]
pub struct Args {
    /// The driver
    #[arg(value_name = "DRIVER")]
    name: String,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { name, json } = args;
    let drivers = app.drivers();
    let path = drivers.plugin(name).map(|plugin| plugin.path().display().to_string());
    let found = drivers.with_flags(name).map_err(OpsError::from)?;
    let driver = found.ok_or_else(|| CliError::from(OpsError::unknown_driver(name, &drivers)))?;
    app.ui.data(if *json {
        json::pretty(&as_json(driver.as_ref(), path.as_deref()))
    } else {
        as_text(driver.as_ref(), path.as_deref())
    });
    Ok(code::DONE)
}

fn as_json(driver: &dyn Driver, path: Option<&str>) -> Json {
    let flag = |spec: FlagSpec| {
        json!({
            "name": spec.name,
            "kind": kind(spec.kind),
            "default": spec.default.filter(|_| !spec.secret),
            "variable": spec.env,
            "help": spec.help,
            "secret": spec.secret,
        })
    };
    json!({
        "name": driver.name(),
        "kind": if path.is_some() { "plugin" } else { "built-in" },
        "summary": driver.profile().summary,
        "path": path,
        "flags": driver.flags().into_iter().map(flag).collect::<Vec<_>>(),
    })
}

fn as_text(driver: &dyn Driver, path: Option<&str>) -> String {
    let head = format!("{}: {}\n", driver.name(), driver.profile().summary);
    let path = path.map(|path| format!("program: {path}\n")).unwrap_or_default();
    let header = ["FLAG", "KIND", "DEFAULT", "VARIABLE", "HELP"].map(str::to_owned);
    let row = |spec: FlagSpec| {
        let default = spec.default.filter(|_| !spec.secret).map(shown).filter(|text| !text.is_empty());
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let kind = kind(spec.kind).to_owned();
        [format!("--{}", spec.name), kind, or_none(default), or_none(spec.env), spec.help]
    };
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(driver.flags().into_iter().map(row)).collect();
    format!("{head}{path}\n{}", aligned(&rows).trim_end())
}

fn kind(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::Bool => "switch",
        FlagKind::Int => "number",
        FlagKind::Text => "text",
        FlagKind::List => "list",
    }
}

fn shown(value: FlagValue) -> String {
    match value {
        FlagValue::Bool(is_on) => is_on.to_string(),
        FlagValue::Int(number) => number.to_string(),
        FlagValue::Text(text) => text,
        FlagValue::List(list) => list.join(","),
    }
}
