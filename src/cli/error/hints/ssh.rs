//! A login that did not come about, step by step.

use super::{Hints, To, key, one};
use crate::{
    machine::Fingerprint,
    ssh::{SshError, trust::Place},
};

/// How somebody on the host reads its keys' fingerprints.
const READ_KEYS: &str = "for key in /etc/ssh/ssh_host_*.pub; do ssh-keygen -lf $key; done";

pub(super) fn hints(error: &SshError, to: To<'_>) -> Hints {
    match error {
        SshError::Config(_) | SshError::KnownHosts(_) => one("mend that file"),
        SshError::Key(error) => key::hints(error),
        SshError::NameNotResolved { host, .. } => {
            one(format!("does the name resolve here? getent hosts {host}"))
        }
        SshError::Refused { host, port } => {
            one(format!("does SSH listen there, on this port? ssh -v -p {port} {host}"))
        }
        SshError::NoRoute { host, .. } | SshError::Network { host, .. } => {
            one(format!("is the address right, and is the host up? ping {host}"))
        }
        SshError::ConnectTimedOut { host, port } => {
            one(format!("is the host up, and does no firewall drop port {port}? ping {host}"))
        }
        SshError::ProxyCommand { command, .. } => one(format!("does this run? {command}")),
        SshError::Jump { source, .. } => hints(source, to),
        SshError::Silent { .. } | SshError::ClosedAtOnce { .. } | SshError::NotSsh { .. } => {
            one("is that the port of SSH? another one: --generic-ssh-port PORT")
        }
        SshError::NotNow { .. } => one("wait a minute, then try again"),
        SshError::Handshake { host, .. } => one(format!("what does OpenSSH say? ssh -v {host}")),
        SshError::BadHostKey { .. } => one(format!("what is stored: {} inspect {}", to.program, to.name())),
        SshError::HostKeyChanged { known, seen, .. } => host_key_changed(&known.place, seen, to),
        SshError::HostKeyUnknown { seen, .. } => vec![
            format!("compare it with what the host says on its own console: {READ_KEYS}"),
            format!("if that is the same, demand it: --generic-ssh-host-key {seen}"),
        ],
        SshError::KeysRefused { host, user, .. } => one(format!(
            "is {user} the right login (--generic-ssh-user), and is your key (--generic-ssh-key FILE) there? ssh-copy-id \
             {user}@{host}"
        )),
        SshError::Lost { .. } => one("try again; what was begun on the host ends or undoes itself"),
        SshError::GaveUp { last, .. } => {
            let mut hints = last.as_ref().map(|last| hints(last, to)).unwrap_or_default();
            hints.push("give it longer with --timeout SECONDS, or look at the host's console".to_owned());
            hints
        }
        SshError::NoSession { .. } => {
            one("how many may a connection have there? sshd -T | grep -i maxsessions")
        }
        SshError::UnsafeValue { .. }
        | SshError::JumpLoop { .. }
        | SshError::NoCommonAlgorithm { .. }
        | SshError::HostKeyRevoked { .. }
        | SshError::HostCertificate { .. }
        | SshError::Denied { .. }
        | SshError::Local(_) => Vec::new(),
    }
}

/// Somebody may be in between; only who knows that the host was made anew goes on.
fn host_key_changed(place: &Place, seen: &Fingerprint, to: To<'_>) -> Hints {
    let compare =
        format!("somebody may be in between: compare with what the host says on its console: {READ_KEYS}");
    let go_on = match place {
        Place::KnownHosts { file, name, .. } => {
            format!(
                "if the host was made anew, forget its old key: ssh-keygen -f {} -R {name:?}",
                file.display()
            )
        }
        Place::Pinned => format!(
            "if it says the same, because it was made anew, trust its new key: {program} trust {name} --host-key {seen}",
            program = to.program,
            name = to.name(),
        ),
        Place::Driver => {
            "the driver made another host than the one that answers: is the address taken twice?".into()
        }
        Place::Demanded => "demand the key that the host says, if that is the right host".into(),
    };
    vec![compare, go_on]
}
