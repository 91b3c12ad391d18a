//! `exec`: one command on many hosts at once, each line with its machine's name.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::io::AsyncWrite;

use crate::{
    cli::{
        app::App,
        error::{CliError, Outcome, code},
        many, names,
        ui::Ui,
    },
    machine::MachineName,
    ops::login,
    remote::Exit,
    retry::Deadline,
};

/// How long a login may take, questions to the user included.
const LOGIN: Duration = Duration::from_secs(120);
/// What is shown as one line at most, in bytes.
const LONGEST: usize = 64 << 10;

/// Options of `exec`.
#[derive(clap::Args)]
pub struct Args {
    /// The machines
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<String>,

    /// Take all machines
    #[arg(long, conflicts_with = "names")]
    all: bool,

    /// The command, which the login shell of each host runs; it reads nothing
    #[arg(value_name = "COMMAND", last = true, required = true)]
    command: Vec<String>,
}

/// Runs it everywhere; the exit code is the worst one, and 255 where it came to run nowhere.
pub fn run(app: &App, args: &Args) -> Outcome {
    let Args { names, all, command } = args;
    let names = if *all { names::all(app)? } else { names::several(app, &app.store()?, names)? };
    let width = names.iter().map(|name| name.as_str().len()).max().unwrap_or_default();
    let (command, ui) = (command.join(" "), Arc::clone(&app.ui));
    let results = many::existing(app, app.quiet_world()?, names, move |world, name| {
        let (command, ui) = (command.clone(), Arc::clone(&ui));
        async move {
            let record = world.store.load(&name)?;
            let session = login::log_in(&world, &record, Deadline::after(LOGIN)).await?;
            let lines =
                |is_data| Lines { ui: Arc::clone(&ui), head: head(&name, width), is_data, begun: Vec::new() };
            let exit = session.command(Some(&command), tokio::io::empty(), lines(true), lines(false)).await?;
            session.close().await;
            Ok(match exit {
                Exit::Status(status) => u8::try_from(status).unwrap_or(code::NO_STATUS),
                Exit::Signal(_) => code::NO_STATUS,
            })
        }
    })?;
    let all = results.len();
    let worst = results.iter().filter_map(|(_, result)| result.as_ref().ok()).max().copied();
    let failures: Vec<(MachineName, CliError)> =
        results.into_iter().filter_map(|(name, result)| Some((name, result.err()?))).collect();
    if failures.is_empty() {
        return Ok(worst.unwrap_or(code::DONE));
    }
    let source = CliError::Machines { done: all - failures.len(), failures };
    Err(CliError::NoStatus { source: Box::new(source) })
}

fn head(name: &MachineName, width: usize) -> String {
    format!("{:width$} | ", name.as_str())
}

/// Output in whole lines, so that those of several machines do not mix.
struct Lines {
    ui: Arc<Ui>,
    head: String,
    is_data: bool,
    begun: Vec<u8>,
}

impl Lines {
    fn say(&self, line: &[u8]) {
        let line = format!("{}{}", self.head, String::from_utf8_lossy(line).trim_end_matches('\r'));
        if self.is_data { self.ui.data(line) } else { self.ui.note(line) }
    }
}

impl AsyncWrite for Lines {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.begun.extend_from_slice(bytes);
        let begun = std::mem::take(&mut self.begun);
        let mut rest = begun.as_slice();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.say(&rest[..end]);
            rest = &rest[end + 1..];
        }
        while rest.len() > LONGEST {
            self.say(&rest[..LONGEST]);
            rest = &rest[LONGEST..];
        }
        self.begun = rest.to_vec();
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Lines {
    /// A last line without its end.
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            let begun = std::mem::take(&mut self.begun);
            self.say(&begun);
        }
    }
}
