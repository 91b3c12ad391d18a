//! `ls`: every machine of the store, a broken one in a row of its own.

mod filter;
mod row;

use std::time::Duration;

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        json, table,
    },
    ops::query::{self, Row},
};
use filter::Filter;

/// Options of `ls`.
#[derive(clap::Args)]
pub struct Args {
    /// Print names only, from the store alone where no filter asks for more
    #[arg(id = "quiet", long = "quiet", short = 'q')]
    names_only: bool,

    /// Ask nobody: print what the store knows
    #[arg(long)]
    offline: bool,

    /// Show only machines that match: name=PART, driver=, state= or label=KEY=VALUE
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,

    /// Give up on a machine after this many seconds
    #[arg(long, short, value_name = "SECONDS", default_value_t = 10)]
    timeout: u64,

    /// Print with this template
    #[arg(long, short, value_name = "TEMPLATE", hide = true)]
    format: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints a table, names, or JSON.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { names_only, offline, ref filter, timeout, ref format, json } = args;
    if let Some(template) = format {
        return Err(no_templates(app, template));
    }
    let filter = Filter::parse(filter)?;
    let world = app.quiet_world()?;
    if names_only && filter.is_empty() && !app.is_classic() {
        for name in world.store.names()? {
            app.ui.data(name);
        }
        return Ok(code::DONE);
    }
    let mut rows = query::stored(&world)?;
    rows.retain(|row| filter.may_show(row));
    if !names_only {
        query::date_certificates(&world, &mut rows);
    }
    if !offline && (filter.asks_for_state() || !names_only) {
        let look = async move { Ok(query::look(&world, rows, Duration::from_secs(timeout)).await) };
        rows = app.wait(look)?;
    }
    rows.retain(|row| filter.shows(row));
    if names_only {
        print_names(app, &rows);
    } else if json {
        let rows: Vec<_> = rows.iter().map(|row| row::json(app, row)).collect();
        app.ui.data(json::pretty(&rows.into()));
    } else {
        print_table(app, rows);
    }
    Ok(code::DONE)
}

/// docker-machine names no machine that it cannot load.
fn print_names(app: &App, rows: &[Row]) {
    for row in rows.iter().filter(|row| !app.is_classic() || row.record.is_ok()) {
        app.ui.data(&row.name);
    }
}

fn print_table(app: &App, mut rows: Vec<Row>) {
    row::sort(&mut rows);
    let header = [row::HEADER.map(str::to_owned)];
    let cells: Vec<_> = header.into_iter().chain(rows.iter().map(|row| row::cells(app, row))).collect();
    app.ui.data_raw(&table::aligned(&cells));
}

fn no_templates(app: &App, template: &str) -> CliError {
    CliError::usage(
        format!("templates are not understood here yet: {template}"),
        format!("for programs: {} ls --json", app.program()),
    )
}
