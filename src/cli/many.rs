//! The same verb on many machines at once, and what to say of the result.

use std::future::Future;

use super::{
    app::App,
    error::{CliError, Outcome, code},
};
use crate::{
    event::{Event, Events},
    machine::MachineName,
    ops::{
        World,
        fan_out::{AT_ONCE, fan_out, fan_out_while},
        query,
    },
    store::Record,
};

/// What came of each machine, in the order of the names.
pub type Results<T> = Vec<(MachineName, Result<T, CliError>)>;

/// Does the work for every machine, one progress row each.
pub fn each<T, F, Fut>(
    app: &App,
    world: World,
    names: Vec<MachineName>,
    work: F,
) -> Result<Results<T>, CliError>
where
    T: Send + 'static,
    F: Fn(World, MachineName) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, CliError>> + Send + 'static,
{
    app.wait(async move {
        let results = fan_out(names, AT_ONCE, |name| {
            let events = world.events.of(&name);
            told(events, work(world.clone(), name))
        })
        .await;
        Ok(results)
    })
    .map_err(|error| match error {
        CliError::Interrupted { .. } => CliError::Interrupted { goes_on: true },
        error => error,
    })
}

/// Work whose failure ends its machine's progress row.
async fn told<T>(events: Events, job: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    job.await.inspect_err(|error| events.emit(Event::Failed(error.to_string())))
}

/// The same for machines that exist; a name that is none is an error of its own.
pub fn existing<T, F, Fut>(
    app: &App,
    world: World,
    names: Vec<MachineName>,
    work: F,
) -> Result<Results<T>, CliError>
where
    T: Send + 'static,
    F: Fn(World, MachineName) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, CliError>> + Send + 'static,
{
    each(app, world, names, move |world, name| {
        let missing = (!world.store.exists(&name)).then(|| world.store.not_found(name.as_str()));
        let job = work(world, name);
        async move {
            match missing {
                Some(error) => Err(error.into()),
                None => job.await,
            }
        }
    })
}

/// What came of machines that were worked on a few at a time.
pub struct Rolled<T> {
    /// Those that were begun.
    pub ended: Results<T>,
    /// Those that were not, because one failed.
    pub waiting: Vec<MachineName>,
}

impl<T> Rolled<T> {
    /// All were begun.
    pub fn all(ended: Results<T>) -> Self {
        Self { ended, waiting: Vec::new() }
    }
}

/// Does the work for a few machines at a time; none is begun once one has failed.
pub fn rolling<T, F, Fut>(
    app: &App,
    world: World,
    names: Vec<MachineName>,
    at_once: usize,
    work: F,
) -> Result<Rolled<T>, CliError>
where
    T: Send + 'static,
    F: Fn(World, MachineName) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, CliError>> + Send + 'static,
{
    app.wait(async move {
        let (ended, waiting) = fan_out_while(names, at_once, |name| {
            let events = world.events.of(&name);
            told(events, work(world.clone(), name))
        })
        .await;
        Ok(Rolled { ended, waiting })
    })
}

/// The exit of such work: what went, what did not, and what was left alone.
pub fn rolled<T>(app: &App, results: Rolled<T>) -> Outcome {
    let Rolled { ended: results, waiting } = results;
    if !waiting.is_empty() {
        let done: Vec<MachineName> =
            results.iter().filter(|(_, result)| result.is_ok()).map(|(name, _)| name.clone()).collect();
        let list =
            |names: &[MachineName]| names.iter().map(MachineName::as_str).collect::<Vec<_>>().join(", ");
        let done = if done.is_empty() { "none".to_owned() } else { list(&done) };
        app.ui.note(format_args!("done: {done}; left as they were: {}", list(&waiting)));
    }
    ended(results)
}

/// Reads something of every machine's record; `must_run` asks the hosts first, all at once.
pub fn look<T>(
    app: &App,
    world: &World,
    names: Vec<MachineName>,
    must_run: bool,
    read: impl Fn(&World, &Record) -> Result<T, CliError>,
) -> Result<Results<T>, CliError> {
    let load = |name: MachineName| {
        let record = world.store.load(&name).map_err(CliError::from);
        (name, record)
    };
    let mut records: Results<Record> = if must_run {
        each(app, world.clone(), names, |world, name| async move {
            let record = world.store.load(&name)?;
            query::must_run(&world, &record).await?;
            Ok(record)
        })?
    } else {
        names.into_iter().map(load).collect()
    };
    Ok(records
        .drain(..)
        .map(|(name, record)| (name, record.and_then(|record| read(world, &record))))
        .collect())
}

/// The exit of a verb on many machines.
pub fn ended<T>(results: Results<T>) -> Outcome {
    let all = results.len();
    let failures: Vec<_> =
        results.into_iter().filter_map(|(name, result)| Some((name, result.err()?))).collect();
    match failures.len() {
        0 => Ok(code::DONE),
        failed => Err(CliError::Machines { failures, done: all - failed }),
    }
}
