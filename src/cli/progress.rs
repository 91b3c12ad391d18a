//! Events as the user sees them: one live row per machine on a terminal, plain lines anywhere else.
//!
//! A row shows the step, how long the machine has been at work, and what is waited for. Output of a step is kept: the last lines of it are
//! shown when the step fails, all of it with -D.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::{tail::Tail, ui::Ui};
use crate::{
    event::{Event, Sink},
    machine::MachineName,
    retry::seconds,
};

/// How often a row is redrawn.
const TICK: Duration = Duration::from_millis(120);

/// A sink of events that shows them.
pub struct Progress {
    ui: Arc<Ui>,
    order: Vec<MachineName>,
    machines: Mutex<BTreeMap<MachineName, Machine>>,
}

#[derive(Default)]
struct Machine {
    row: Option<ProgressBar>,
    /// The row as it stays on the screen when all is over.
    last: Option<String>,
    step: String,
    tail: Tail,
}

impl Progress {
    /// For these machines, whose rows stand in this order.
    pub fn new(ui: Arc<Ui>, names: &[MachineName]) -> Self {
        let width = names.iter().map(|name| name.as_str().len()).max().unwrap_or(0);
        let machine = |name: &MachineName| Machine {
            row: ui.rows().map(|rows| new_row(rows, ui.has_color(), name, width)),
            ..Machine::default()
        };
        let machines = names.iter().map(|name| (name.clone(), machine(name))).collect();
        Self { ui, order: names.to_vec(), machines: Mutex::new(machines) }
    }

    fn of_machine(&self, name: &MachineName, event: Event) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let machine = machines.entry(name.clone()).or_default();
        match event {
            Event::Step(text) => {
                machine.tail.begin_step();
                machine.step.clone_from(&text);
                self.show(name, machine, &text);
            }
            Event::Waiting { what, at_most } => {
                let waiting = format!("waiting for {what} (at most {})", seconds(at_most));
                self.show(name, machine, &waiting);
            }
            Event::Output(line) => self.keep(name, machine, line),
            Event::Told(line) => {
                self.show(name, machine, &line);
                machine.tail.keep(line);
            }
            Event::Note(text) => self.ui.note(format_args!("{name}: {text}")),
            Event::Done(text) => self.end(name, machine, &text),
            Event::Failed(_) => self.fail(name, machine),
            Event::Phase(_) => {}
        }
    }

    fn show(&self, name: &MachineName, machine: &Machine, text: &str) {
        match &machine.row {
            Some(row) if machine.step.is_empty() || machine.step == text => row.set_message(text.to_owned()),
            Some(row) => row.set_message(format!("{}: {text}", machine.step)),
            None => self.ui.say(format_args!("{name}: {text}")),
        }
    }

    fn keep(&self, name: &MachineName, machine: &mut Machine, line: String) {
        if self.ui.manners().debug {
            self.ui.note(format_args!("{name} | {line}"));
        }
        machine.tail.keep(line);
    }

    fn end(&self, name: &MachineName, machine: &mut Machine, text: &str) {
        match &machine.row {
            Some(row) => machine.last = Some(ended(row, text)),
            None => self.ui.say(format_args!("{name}: {text}")),
        }
    }

    /// The error itself is printed by whoever reports it; here is what led to it.
    fn fail(&self, name: &MachineName, machine: &mut Machine) {
        if let Some(row) = &machine.row {
            let step = if machine.step.is_empty() {
                "failed".into()
            } else {
                format!("failed while {}", machine.step)
            };
            machine.last = Some(ended(row, &step));
        }
        if !self.ui.manners().debug {
            for line in machine.tail.taken() {
                self.ui.note(format_args!("{name} | {line}"));
            }
        }
    }

    fn of_no_machine(&self, event: Event) {
        match event {
            Event::Step(text) | Event::Done(text) | Event::Told(text) => self.ui.say(text),
            Event::Waiting { what, at_most } => {
                self.ui.say(format_args!("waiting for {what} (at most {})", seconds(at_most)));
            }
            Event::Output(line) if self.ui.manners().debug => self.ui.note(line),
            Event::Output(_) | Event::Failed(_) | Event::Phase(_) => {}
            Event::Note(text) => self.ui.note(text),
        }
    }
}

impl Sink for Progress {
    fn emit(&self, machine: Option<&MachineName>, event: Event) {
        match machine {
            Some(name) => self.of_machine(name, event),
            None => self.of_no_machine(event),
        }
    }
}

impl Drop for Progress {
    /// All is over: the rows go, and what they ended with stays, in their order.
    fn drop(&mut self) {
        let machines = self.machines.get_mut().unwrap_or_else(PoisonError::into_inner);
        for row in machines.values().filter_map(|machine| machine.row.as_ref()) {
            row.finish_and_clear();
        }
        for name in &self.order {
            if let Some(last) = machines.get(name).and_then(|machine| machine.last.as_ref()) {
                self.ui.note(last);
            }
        }
    }
}

/// Stops a row, with these last words.
fn ended(row: &ProgressBar, text: &str) -> String {
    let last = format!("{}  {:>6}  {text}", row.prefix(), seconds(row.elapsed()));
    row.finish_with_message(text.to_owned());
    last
}

fn new_row(rows: &MultiProgress, color: bool, name: &MachineName, width: usize) -> ProgressBar {
    let row = rows.add(ProgressBar::no_length());
    row.set_style(style(color));
    row.set_prefix(format!("{:width$}", name.as_str()));
    row.enable_steady_tick(TICK);
    row
}

fn style(color: bool) -> ProgressStyle {
    let template = if color {
        "{spinner:.cyan} {prefix:.bold} {took:>6}  {wide_msg}"
    } else {
        "{spinner} {prefix} {took:>6}  {wide_msg}"
    };
    let took = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // Writing into indicatif's own buffer does not fail.
        let _ = write!(out, "{}", seconds(state.elapsed()));
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    style.with_key("took", took).tick_chars("-\\|/ ")
}
