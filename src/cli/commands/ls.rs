//! `ls`: every machine of the store, a broken one in a row of its own.

mod filter;
mod format;
mod headers;
mod item;
pub mod order;
pub mod swarms;
mod value;

use std::time::Duration;

use crate::{
    cli::{
        app::App,
        classic::habits::Habit,
        error::{CliError, Outcome, code},
        json, table,
    },
    ops::{
        World,
        query::{self, Ask, Row},
    },
};
use filter::Filter;
use format::Format;
use item::Item;
use swarms::Swarms;

/// docker-machine's columns.
const HEADER: [&str; 8] = ["NAME", "ACTIVE", "DRIVER", "STATE", "URL", "SWARM", "DOCKER", "ERRORS"];

/// Options of `ls`.
#[derive(clap::Args)]
pub struct Args {
    /// Print names only, from the store alone where no filter asks for more
    #[arg(id = "quiet", long = "quiet", short = 'q')]
    names_only: bool,

    /// Ask nobody: print what the store knows
    #[arg(long)]
    offline: bool,

    /// Show only machines that match: name=EXPRESSION, driver=, state=, swarm=MASTER or label=KEY=VALUE. The same key again
    /// is an alternative, another key must match, too
    #[arg(long, value_name = "KEY=VALUE")]
    filter: Vec<String>,

    /// Give up on a machine after this many seconds
    #[arg(long, short, value_name = "SECONDS", default_value_t = 10)]
    timeout: u64,

    /// Print this Go template for each machine, such as '{{.Name}} {{.State}}'; with 'table ' before it columns with headers
    #[arg(long, short, value_name = "TEMPLATE")]
    format: Option<String>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints a table, names, what a template makes of each machine, or JSON.
pub fn run(app: &App, args: &Args) -> Outcome {
    let &Args { names_only, offline, ref filter, timeout, ref format, json } = args;
    let filter = Filter::parse(filter, app.has(Habit::AnyState))?;
    let format =
        format.as_deref().filter(|text| !text.is_empty() && !names_only).map(Format::parse).transpose()?;
    let world = app.quiet_world()?;
    if names_only && filter.is_empty() && !app.has(Habit::BrokenInTables) {
        for name in world.store.names()? {
            app.ui.data(name);
        }
        return Ok(code::DONE);
    }
    let mut rows = query::stored(&world)?;
    let swarms = Swarms::of(&rows);
    rows.retain(|row| is_kept_broken(app, row, names_only) || filter.may_show(row, &swarms));
    if !names_only {
        query::date_certificates(&world, &mut rows);
    }
    let ask = match () {
        () if names_only => Ask::State,
        () if app.has(Habit::HostMustRun) => Ask::EngineOfRunning,
        () => Ask::Engine,
    };
    if !offline && (filter.asks_for_state() || !names_only) {
        rows = look(app, world, rows, ask, Duration::from_secs(timeout))?;
    }
    rows.retain(|row| is_kept_broken(app, row, names_only) || filter.shows(row));
    if names_only {
        print_names(app, &rows);
        return Ok(code::DONE);
    }
    if json {
        let rows: Vec<_> = rows.iter().map(|row| item::json(app, row, &swarms)).collect();
        app.ui.data(json::pretty(&rows.into()));
        return Ok(code::DONE);
    }
    order::sort(&mut rows);
    let items: Vec<Item<'_>> = rows.iter().map(|row| Item::of(app, row, &swarms)).collect();
    app.ui.data_raw(&match format {
        Some(format) => format.render(&items)?,
        None => as_table(&items),
    });
    Ok(code::DONE)
}

/// docker-machine's table shows every machine that it cannot load, whatever is filtered.
fn is_kept_broken(app: &App, row: &Row, names_only: bool) -> bool {
    app.has(Habit::BrokenInTables) && !names_only && row.record.is_err()
}

fn look(app: &App, world: World, rows: Vec<Row>, ask: Ask, at_most: Duration) -> Result<Vec<Row>, CliError> {
    app.wait(async move { Ok(query::look(&world, rows, ask, at_most).await) })
}

/// docker-machine names no machine that it cannot load.
fn print_names(app: &App, rows: &[Row]) {
    for row in rows.iter().filter(|row| !app.has(Habit::BrokenInTables) || row.record.is_ok()) {
        app.ui.data(&row.name);
    }
}

fn as_table(items: &[Item<'_>]) -> String {
    let header = [HEADER.map(str::to_owned)];
    table::aligned(&header.into_iter().chain(items.iter().map(Item::cells)).collect::<Vec<_>>())
}
