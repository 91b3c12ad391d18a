//! The runtime, for the commands that wait; those that only read the store never start one.
//!
//! The work is a task of its own and this thread only watches: a question on the terminal blocks the task, never the watching, so
//! that SIGINT is always seen. Several threads, because TLS and SSH of many machines are work for all cores.

use std::time::Duration;

use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    task::{JoinError, JoinHandle},
};

use super::{ask::Terminal, error::CliError, ui::Ui};
use crate::retry::Deadline;

/// How long interrupted work may take to end: children are killed, terminals put back. A second SIGINT does not wait.
const GRACE: Duration = Duration::from_secs(3);
/// One thread may hang in a question while another one works.
const FEWEST_THREADS: usize = 2;

/// Runs the work to its end, or to SIGINT.
pub fn wait<T, F>(ui: &Ui, terminal: &Terminal, work: F) -> Result<T, CliError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, CliError>> + Send + 'static,
{
    let starting = |source| CliError::Io { doing: "start the threads that wait".into(), source };
    let threads =
        std::thread::available_parallelism().map_or(FEWEST_THREADS, usize::from).max(FEWEST_THREADS);
    let runtime =
        Builder::new_multi_thread().worker_threads(threads).enable_all().build().map_err(starting)?;
    let outcome = runtime.block_on(async {
        let mut interrupts = signal(SignalKind::interrupt()).map_err(starting)?;
        let mut task = tokio::spawn(work);
        tokio::select! {
            ended = &mut task => result(ended),
            _ = interrupts.recv() => {
                terminal.restore();
                task.abort();
                if !ui.is_asking() {
                    tokio::select! {
                        () = end(task) => {}
                        _ = interrupts.recv() => {}
                    }
                }
                Err(CliError::Interrupted { goes_on: false })
            }
        }
    });
    // What still hangs (a question, a name lookup) must not hold the process.
    runtime.shutdown_background();
    outcome
}

fn result<T>(ended: Result<Result<T, CliError>, JoinError>) -> Result<T, CliError> {
    match ended {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(CliError::Interrupted { goes_on: false }),
    }
}

async fn end<T>(task: JoinHandle<T>) {
    let _ = Deadline::after(GRACE).bound("the work to end", task).await;
}
