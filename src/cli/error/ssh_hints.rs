//! What to type when SSH does not get through.

use crate::{
    machine::MachineName,
    remote::{NotRoot, RemoteError},
    ssh::SshError,
};

/// What to type, in the order of usefulness.
pub fn hint(error: &SshError, program: &str, name: Option<&MachineName>) -> Vec<String> {
    let one = |text: &str| vec![text.to_owned()];
    match error {
        SshError::NameNotResolved { .. } => one("check the spelling, or give the address itself"),
        SshError::Refused { host, .. } => {
            vec![format!(
                "is sshd running there, on this port? ssh {host}; another port: --generic-ssh-port PORT"
            )]
        }
        SshError::NoRoute { .. } | SshError::ConnectTimedOut { .. } | SshError::Network { .. } => {
            one("is the host up, is the address right, and does a firewall stand between?")
        }
        SshError::Silent { .. } | SshError::ClosedAtOnce { .. } | SshError::NotSsh { .. } => {
            one("is this the SSH port? another one: --generic-ssh-port PORT")
        }
        SshError::NotNow { .. } => one("wait a minute, then run the same command again"),
        SshError::HostKeyChanged { host, .. } => vec![
            "somebody may be in between, or the host was installed anew: compare with `ssh-keygen -lf \
             /etc/ssh/ssh_host_ed25519_key.pub` on the host's own console"
                .to_owned(),
            match name {
                Some(name) => format!(
                    "if the new key is right: forget it with `ssh-keygen -R {host}`, or the machine with `{program} rm -f {name}`"
                ),
                None => format!("if the new key is right: forget the old one with `ssh-keygen -R {host}`"),
            },
        ],
        SshError::HostKeyUnknown { seen, .. } => {
            vec![format!("if that is the host's key: --generic-ssh-host-key {seen}")]
        }
        SshError::KeysRefused { user, .. } => vec![format!(
            "is {user} the right login (--generic-ssh-user), and is one of your keys (--generic-ssh-key FILE) in its \
             authorized_keys?"
        )],
        SshError::GaveUp { .. } => one("give it longer with --timeout SECONDS"),
        SshError::Jump { source, .. } => hint(source, program, name),
        SshError::Config(_)
        | SshError::KnownHosts(_)
        | SshError::Key(_)
        | SshError::ProxyCommand { .. }
        | SshError::UnsafeValue { .. }
        | SshError::JumpLoop { .. }
        | SshError::NoCommonAlgorithm { .. }
        | SshError::Handshake { .. }
        | SshError::BadHostKey { .. }
        | SshError::HostKeyRevoked { .. }
        | SshError::HostCertificate { .. }
        | SshError::Lost { .. }
        | SshError::Denied { .. }
        | SshError::Local(_) => Vec::new(),
    }
}

/// What to type when a script could not be run.
pub fn for_remote(error: &RemoteError) -> Vec<String> {
    match error {
        RemoteError::NotRoot { reason: NotRoot::NoPassword | NotRoot::WrongPassword, .. } => {
            vec!["give sudo's password with --sudo-password-env VAR or --sudo-password-file FILE".to_owned()]
        }
        RemoteError::NotRoot { .. } => {
            vec!["log in as root (--generic-ssh-user root), or as a user who may run sudo".to_owned()]
        }
        RemoteError::NoShell { .. } => vec!["give that login a shell, or take another one".to_owned()],
        RemoteError::Lost { .. } | RemoteError::TimedOut { .. } => {
            vec!["run the same command again".to_owned()]
        }
    }
}
