//! What docker-machine said while it worked: a sentence for each phase, a driver's own lines with the machine's name before them.
//!
//! What it had no words for (notes, long waits) goes to stderr, so that stdout is what scripts know.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    cli::{tail::Tail, ui::Ui},
    event::{Event, Phase, Sink},
    machine::MachineName,
};

/// A sink of events that tells them as docker-machine did.
pub struct Narrator {
    ui: Arc<Ui>,
    machines: Mutex<BTreeMap<MachineName, Machine>>,
}

#[derive(Default)]
struct Machine {
    /// The driver is at work, so steps are its own.
    is_driver_at_work: bool,
    /// What is waited for was said with the phase.
    is_wait_told: bool,
    /// What is being done with it; some phases are told only then.
    verb: Verb,
    tail: Tail,
}

/// What docker-machine told one way or another.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Verb {
    Create,
    Upgrade,
    #[default]
    Another,
}

impl Narrator {
    /// One that speaks through this printer.
    pub fn new(ui: Arc<Ui>) -> Self {
        Self { ui, machines: Mutex::default() }
    }

    fn of_machine(&self, name: &MachineName, event: Event) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let machine = machines.entry(name.clone()).or_default();
        match event {
            Event::Phase(phase) => {
                machine.enter(&phase);
                for line in sentences(name, &phase, machine.verb) {
                    self.ui.say(line);
                }
            }
            Event::Step(text) => {
                machine.tail.begin_step();
                if machine.is_driver_at_work {
                    self.ui.say(format_args!("({name}) {}...", capitalised(&text)));
                } else {
                    self.debug(format_args!("({name}) {text}"));
                }
            }
            Event::Output(line) => {
                self.debug(format_args!("({name}) DBG | {line}"));
                machine.tail.keep(line);
            }
            Event::Told(line) => self.ui.say(format_args!("({name}) {line}")),
            Event::Waiting { what, .. } if machine.is_wait_told => {
                self.debug(format_args!("({name}) waiting for {what}"));
            }
            Event::Waiting { what, .. } => self.ui.note(format_args!("({name}) waiting for {what}")),
            Event::Note(text) => self.ui.note(format_args!("({name}) {text}")),
            Event::Failed(_) => {
                for line in machine.tail.taken() {
                    self.ui.note(format_args!("({name}) {line}"));
                }
            }
            Event::Done(_) => {}
        }
    }

    fn of_no_machine(&self, event: Event) {
        match event {
            Event::Waiting { what, .. } => self.ui.note(format_args!("waiting for {what}")),
            Event::Note(text) => self.ui.note(text),
            Event::Told(line) => self.ui.say(line),
            Event::Output(text) | Event::Step(text) => self.debug(text),
            Event::Phase(_) | Event::Done(_) | Event::Failed(_) => {}
        }
    }

    fn debug(&self, line: impl std::fmt::Display) {
        if self.ui.manners().debug {
            self.ui.note(line);
        }
    }
}

impl Sink for Narrator {
    fn emit(&self, machine: Option<&MachineName>, event: Event) {
        match machine {
            Some(name) => self.of_machine(name, event),
            None => self.of_no_machine(event),
        }
    }
}

impl Machine {
    fn enter(&mut self, phase: &Phase) {
        match phase {
            Phase::MakingHost => self.verb = Verb::Create,
            Phase::Upgrading => self.verb = Verb::Upgrade,
            _ => {}
        }
        self.is_wait_told = *phase == Phase::HostMade;
        self.is_driver_at_work = matches!(phase, Phase::MakingHost | Phase::DriverActs);
    }
}

/// What docker-machine said; of some phases it said nothing, of some only while it created or upgraded.
fn sentences(name: &MachineName, phase: &Phase, verb: Verb) -> Vec<String> {
    let after_a_start =
        ["Waiting for SSH to be available...", "Detecting the provisioner..."].map(str::to_owned);
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    match phase {
        Phase::MakingAuthority(path) => vec![format!("Creating CA: {}", path.display())],
        Phase::MakingClient(path) => vec![format!("Creating client certificate: {}", path.display())],
        Phase::Checks => texts(&["Running pre-create checks..."]),
        Phase::MakingHost => texts(&["Creating machine..."]),
        Phase::HostMade => texts(&["Waiting for machine to be running, this may take a few minutes..."]),
        Phase::HostRuns => texts(&["Detecting operating system of created instance..."]),
        Phase::AwaitingLogin => texts(&["Waiting for SSH to be available..."]),
        Phase::Looking => texts(&["Detecting the provisioner..."]),
        Phase::Provisioning(os) if verb == Verb::Create => {
            vec![format!("Provisioning with {}...", provisioner(os))]
        }
        Phase::Installing => texts(&["Installing Docker..."]),
        Phase::Upgrading => texts(&["Upgrading docker..."]),
        Phase::RestartingEngine if verb == Verb::Upgrade => texts(&["Restarting docker..."]),
        Phase::CertificatesMade => texts(&["Copying certs to the local machine directory..."]),
        Phase::Writing if verb != Verb::Upgrade => texts(&[
            "Copying certs to the remote machine...",
            "Setting Docker configuration on the remote daemon...",
        ]),
        Phase::Checking if verb == Verb::Create => texts(&["Checking connection to Docker..."]),
        Phase::Answering => texts(&["Docker is up and running!"]),
        Phase::StartingToUpgrade => texts(&["Starting machine so machine can be upgraded..."]),
        Phase::Starting => vec![format!("Starting \"{name}\"...")],
        Phase::Stopping => vec![format!("Stopping \"{name}\"...")],
        Phase::Restarting => vec![format!("Restarting \"{name}\"...")],
        Phase::Killing => vec![format!("Killing \"{name}\"...")],
        Phase::Started => {
            [format!("Machine \"{name}\" was started.")].into_iter().chain(after_a_start).collect()
        }
        Phase::Restarted => after_a_start.into(),
        Phase::Stopped => vec![format!("Machine \"{name}\" was stopped.")],
        Phase::Killed => vec![format!("Machine \"{name}\" was killed.")],
        Phase::Provisioning(_)
        | Phase::Writing
        | Phase::RestartingEngine
        | Phase::Checking
        | Phase::DriverActs => Vec::new(),
    }
}

/// The name of docker-machine's provisioner for an `ID` of os-release; where it had none, that `ID`.
fn provisioner(os: &str) -> &str {
    match os {
        "ubuntu" => "ubuntu(systemd)",
        "rhel" => "redhat",
        "coreos" => "coreOS",
        os if os == "sles" || os.starts_with("opensuse") => "SUSE",
        os => os,
    }
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provisioners_have_docker_machines_names() {
        let recorded = include_str!("../../../tests/fixtures/docker-machine/provisioners.txt");
        for (id, name) in recorded.lines().filter_map(|row| row.split_once(' ')) {
            assert_eq!(provisioner(id), name, "{id}");
        }
    }
}
