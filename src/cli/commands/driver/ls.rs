//! `driver ls`: the drivers of this program, and the plugins that are found, each started to see whether it answers.

use serde_json::{Value as Json, json};

use crate::{
    cli::{app::App, error::code, json, table::aligned},
    driver::Driver,
    drivers::{self, plugin::Plugin},
    error::in_one_line,
};

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
    let plugins = std::thread::scope(|threads| {
        let found = &found;
        let asking = programs.iter().filter_map(|program| found.plugin(&program.driver));
        let asking: Vec<_> =
            asking.map(|plugin| threads.spawn(move || of_plugin(&plugin, offline))).collect();
        asking.into_iter().filter_map(|asked| asked.join().ok()).collect::<Vec<Row>>()
    });
    let rows: Vec<Row> = built_in.chain(plugins).collect();
    app.ui.data(if json {
        json::pretty(&rows.iter().map(as_json).collect::<Json>())
    } else {
        as_table(rows)
    });
    code::DONE
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
    let header = ["NAME", "KIND", "VERSION", "PATH", "NOT USABLE"].map(str::to_owned);
    let row = |row: Row| match row.path.as_str() {
        "" => [row.name, "built-in".to_owned(), row.version, "-".to_owned(), row.trouble],
        _ if row.version.is_empty() => [row.name, "plugin".to_owned(), "-".to_owned(), row.path, row.trouble],
        _ => [row.name, "plugin".to_owned(), format!("protocol {}", row.version), row.path, row.trouble],
    };
    let rows: Vec<[String; 5]> = std::iter::once(header).chain(rows.into_iter().map(row)).collect();
    aligned(&rows).trim_end().to_owned()
}
