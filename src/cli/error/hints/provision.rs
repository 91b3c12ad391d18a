//! Provisioning that did not end well.

use super::{Hints, To, one};
use crate::{
    provision::{After, Holder, ProvisionError, Refusal},
    remote::{NotRoot, RemoteError},
};

/// True of every change of a host: it ends or undoes itself there, and the next run looks how.
const AGAIN: &str = "run the same command again: it looks how that ended, and goes on";

pub(super) fn hints(error: &ProvisionError, to: To<'_>) -> Hints {
    match error {
        ProvisionError::Refused(Refusal::Held { holder }) => of_held(holder, to),
        ProvisionError::Refused(Refusal::TakenOver { holder, can_forget }) => {
            of_taken_over(holder, *can_forget, to)
        }
        ProvisionError::Refused(refusal) => refusal.hint().map(ToOwned::to_owned).into_iter().collect(),
        ProvisionError::Remote(error) => of_remote(error),
        ProvisionError::Left { .. } | ProvisionError::Silent { .. } => one(AGAIN),
        ProvisionError::NotAdopted { .. } => {
            one(format!("forget the machine: {} rm {}", to.program, to.name()))
        }
        ProvisionError::Failed { after, .. } => of_failed(after, to),
        ProvisionError::Answer { .. } | ProvisionError::Parcel(_) => Vec::new(),
    }
}

fn of_held(holder: &Holder, to: To<'_>) -> Hints {
    let first = match holder {
        Holder { is_made: true, is_here: true, machine } => {
            Some(format!("use that machine: eval \"$({} env {machine})\"", to.program))
        }
        Holder { is_made: true, is_here: false, .. } => None,
        Holder { is_made: false, .. } => Some(format!("end that first{}", releases(holder, to))),
    };
    let or = if first.is_some() { "or " } else { "" };
    let take_over =
        format!("{or}take the host over, which that machine loses then: the same command with --take-over");
    first.into_iter().chain([take_over]).collect()
}

fn of_taken_over(holder: &Holder, can_forget: bool, to: To<'_>) -> Hints {
    let forget = can_forget.then(|| format!("forget the machine: {} rm {}", to.program, to.name()));
    let back = format!("to have the host back, end that first{}", releases(holder, to));
    forget.into_iter().chain([back]).collect()
}

/// What has a machine give its host back, and where that is to be typed.
fn releases(holder: &Holder, to: To<'_>) -> String {
    let there = if holder.is_here { "" } else { ", where its store is" };
    format!("{there}: {} release {}", to.program, holder.machine)
}

fn of_failed(after: &After, to: To<'_>) -> Hints {
    match after {
        After::Untouched | After::Undone => one("mend that, then run the same command again"),
        After::EngineDown(_) => {
            one(format!("its log: {} ssh {} -- journalctl -u docker -n 50", to.program, to.name()))
        }
        After::NotUndone(_) => one(AGAIN),
    }
}

fn of_remote(error: &RemoteError) -> Hints {
    match error {
        RemoteError::NotRoot { reason: NotRoot::NoPassword | NotRoot::WrongPassword, .. } => {
            one("give sudo's password with --sudo-password-env VARIABLE or --sudo-password-file FILE")
        }
        RemoteError::NotRoot { .. } => {
            one("log in as root, or as a user who may run sudo: --generic-ssh-user USER")
        }
        RemoteError::NoShell { .. } => {
            one("give that login a shell, or take another one: --generic-ssh-user USER")
        }
        RemoteError::Lost { .. } | RemoteError::TimedOut { .. } => one(AGAIN),
    }
}
