//! `engine show`: what an engine runs with, who set it, and what differs from what is stored.

use serde_json::Value;

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        json, many, names,
        sudo::SudoArgs,
        table,
    },
    ops::engine::show::{From, Shown, show},
};

/// Options of `engine show`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines (default: the machine `default`)
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Show options that nobody has set, too
    #[arg(long)]
    all: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    sudo: SudoArgs,
}

/// Looks at all of them at once.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { ref names, all, json, ref sudo } = args;
    let names = names::several(app, &app.store()?, names)?;
    let world = app.world_with(&names, sudo.read(&app.env)?, "look at the engine of")?;
    let results = many::existing(app, world, names, move |world, name| async move {
        show(&world, &name, all).await.map_err(CliError::from)
    })?;
    let shown: Vec<&Shown> = results.iter().filter_map(|(_, shown)| shown.as_ref().ok()).collect();
    if json {
        app.ui.data(json::pretty(&serde_json::to_value(&shown).unwrap_or_default()));
    } else {
        for shown in shown {
            print(app, shown);
        }
    }
    many::ended(results)?;
    Ok(code::DONE)
}

fn print(app: &App, shown: &Shown) {
    let version = shown.version.as_deref().unwrap_or("of an unknown version");
    let state = if shown.is_running { "running" } else { "not running" };
    let at = shown.url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
    app.ui.data(format_args!(
        "{}: engine {version}, {state}{at}, options in {}\n",
        shown.machine, shown.config
    ));
    let header = [["OPTION", "VALUE", "FROM"].map(str::to_owned)];
    let rows = shown.options.iter().map(|row| [row.option.clone(), value(&row.value), from(&row.from)]);
    app.ui.data_raw(&table::aligned(&header.into_iter().chain(rows).collect::<Vec<_>>()));
    if !shown.environment.is_empty() {
        app.ui.data(format_args!("\nvariables set by us: {}", shown.environment.join(", ")));
    }
    for differs in &shown.differences {
        let side = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), self::value);
        app.ui.data(format_args!(
            "\n{} differs: the host has {}, and {} is stored",
            differs.option,
            side(&differs.host),
            side(&differs.stored)
        ));
    }
    if !shown.changes.is_empty() {
        app.ui.data(format_args!("\nengine apply {} would:", shown.machine));
        for change in &shown.changes {
            app.ui.data(format_args!("  {change}"));
        }
    }
    if let Some(reason) = &shown.refused {
        app.ui.data(format_args!("\nengine apply {} would be refused: {reason}", shown.machine));
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

fn from(from: &From) -> String {
    match from {
        From::Ours => "rmachine".to_owned(),
        From::Both => "rmachine and the host".to_owned(),
        From::Host => "the host".to_owned(),
        From::Flag(unit) => format!("a flag in {unit}"),
        From::Default => "default".to_owned(),
    }
}
