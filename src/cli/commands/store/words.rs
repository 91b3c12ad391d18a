//! What to type about a finding that nobody can mend from here.

use crate::{
    cli::app::App,
    ops::store_check::{Advice, Finding},
};

/// What to type.
pub fn hint(app: &App, finding: &Finding) -> Option<String> {
    let (program, name) = (app.program(), finding.machine.as_deref().unwrap_or("NAME"));
    Some(match finding.advice.as_ref()? {
        Advice::Forget => format!("bring the file back from a backup, or forget the machine: {program} rm -f {name}"),
        Advice::UseNewest => format!("use the newest {program} for it"),
        Advice::TakeOut { swarm, machine } => format!("{program} swarm rm-node --force {swarm} {machine}"),
        Advice::CreateAgain { driver } => format!(
            "go on with the same command ({program} create --driver {driver} ... {name}), or remove what there is: \
             {program} rm {name}"
        ),
        Advice::RegenerateCerts => format!("{program} regenerate-certs {name}"),
        Advice::AskDockerMachine => format!(
            "only a program with its driver can give the host another one: docker-machine regenerate-certs {name}"
        ),
        Advice::RestoreAuthority => {
            "bring both halves back from a backup; else move what is left away, the next create makes a new CA, and every \
             machine needs new certificates"
                .to_owned()
        }
        Advice::Rename => "move the folder away, or give it a name such as n1".to_owned(),
        Advice::TakeOver => format!("do it as root: {program} store check --repair"),
        Advice::Wait => "look again when it has ended".to_owned(),
    })
}
