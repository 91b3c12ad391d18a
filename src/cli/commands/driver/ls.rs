//! `driver ls`: the drivers of this program, and the plugins that are found, each started to see whether it answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::mpsc,
    time::Duration,
};

use serde_json::{Value as Json, json};

use crate::{
    cli::{app::App, error::code, json, table::aligned},
    driver::Driver,
    drivers::{
        self,
        plugin::{Plugin, client::START},
    },
    error::in_one_line,
    retry::seconds,
};

/// How long plugins may be silent before it is said whom we wait for.
const SILENCE: Duration = Duration::from_secs(1);

/// Options of `driver ls`.
#[derive(clap::Args)]
pub struct Args {
    /// Start no plugin: show only where they are
    #[arg(long)]
    offline: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A row of the list.
struct Row {
    name: String,
    version: String,
    path: String,
    trouble: String,
}

/// Prints them, the built-in ones first.
pub fn run(app: &App, args: &Args) -> u8 {
    let &Args { offline, json } = args;
    let built_in = drivers::all().into_iter().map(|driver| built_in(app, driver.as_ref()));
    let found = app.drivers();
    let programs = found.plugins();
    let plugins = programs.iter().filter_map(|program| found.plugin(&program.driver)).collect();
    let rows: Vec<Row> = built_in.chain(asked(app, plugins, offline)).collect();
    app.ui.data(if json {
        json::pretty(&rows.iter().map(as_json).collect::<Json>())
    } else {
        as_table(rows)
    });
    code::DONE
}

/// Asks all plugins at once, and says whom it waits for.
fn asked(app: &App, plugins: Vec<Plugin>, offline: bool) -> impl Iterator<Item = Row> {
    let mut waiting: BTreeSet<String> = plugins.iter().map(|plugin| plugin.name().to_owned()).collect();
    let (answer, answers) = mpsc::channel();
    for plugin in plugins {
        let answer = answer.clone();
        // It ends within the plugin's deadline; nobody listens any more if we end before.
        std::thread::spawn(move || drop(answer.send(of_plugin(&plugin, offline))));
    }
    drop(answer);
    let mut rows = BTreeMap::new();
    let mut is_said = false;
    loop {
        let patience = if is_said { START * 2 } else { SILENCE };
        match answers.recv_timeout(patience) {
            Ok(row) => {
                waiting.remove(&row.name);
                rows.insert(row.name.clone(), row);
            }
            Err(mpsc::RecvTimeoutError::Timeout) if !is_said => {
                is_said = true;
                let names: Vec<&str> = waiting.iter().map(String::as_str).collect();
                app.ui.note(format!(
                    "waiting for the plugins to answer, {} at most: {}",
                    seconds(START),
                    names.join(", ")
                ));
            }
            Err(_) => return rows.into_values(),
        }
    }
}

fn built_in(app: &App, driver: &dyn Driver) -> Row {
    Row {
        name: driver.name().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        path: String::new(),
        trouble: driver.available(&app.env).err().unwrap_or_default(),
    }
}

fn of_plugin(plugin: &Plugin, offline: bool) -> Row {
    let answer = if offline { None } else { Some(plugin.version()) };
    let (version, trouble) = match answer {
        None => (String::new(), String::new()),
        Some(Ok(version)) => (version.to_string(), String::new()),
        Some(Err(error)) => (String::new(), in_one_line(&error)),
    };
    Row { name: plugin.name().to_owned(), version, path: plugin.path().display().to_string(), trouble }
}

fn as_json(row: &Row) -> Json {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "name": row.name,
        "kind": if row.path.is_empty() { "built-in" } else { "plugin" },
        "version": given(&row.version),
        "path": given(&row.path),
        "error": given(&row.trouble),
    })
}

fn as_table(rows: Vec<Row>) -> String {
    let header = ["NAME", "KIND", "VERSION", "PATH", "PROBLEM"].map(str::to_owned);
    let row = |row: Row| match row.path.as_str() {
        "" => [row.name, "built-in".to_owned(), row.version, "-".to_owned(), row.trouble],
        _ if row.version.is_empty() => [row.name, "plugin".to_owned(), "-".to_owned(), row.path, row.trouble],
        _ => [row.name, "plugin".to_owned(), format!("protocol {}", row.version), row.path, row.trouble],
    };
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(rows.into_iter().map(row)).collect();
    aligned(&rows).trim_end().to_owned()
}
