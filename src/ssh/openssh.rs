//! The system's `ssh` for what we do not do ourselves (`-L`, `-D`, `-A`, copies and mounts): its arguments and configuration, so that
//! it uses our key and accepts only the pinned host key. Nothing is run here.

mod block;

pub use block::{block, file, host_name};

use std::path::Path;

use super::SshError;
use crate::machine::{MachineName, SshEndpoint};

/// The name of a machine in a known_hosts file of ours, which no host has.
fn alias(machine: &MachineName) -> String {
    format!("rmachine.{machine}")
}

/// The text of the known_hosts file that [`arguments`] points to.
pub fn known_hosts(machine: &MachineName, host_keys: &[String]) -> String {
    let name = alias(machine);
    let lines: Vec<_> = host_keys.iter().map(|key| format!("{name} {key}\n")).collect();
    lines.concat()
}

/// A piece of ssh_config for programs that run `ssh` by themselves, such as the docker client: our key and only the pinned
/// host keys, for this host.
pub fn piece(machine: &MachineName, endpoint: &SshEndpoint, known_hosts: &Path) -> String {
    let mut lines = vec![
        format!("# The way to machine {machine}. Written by rmachine; changes are lost."),
        format!("Host {}", bare(&endpoint.host)),
    ];
    lines.extend(pinned(machine, known_hosts).map(|(keyword, value)| format!("  {keyword} {value}")));
    if let Some(identity) = &endpoint.identity {
        lines.push(format!("  IdentityFile {}", quoted(identity)));
        lines.push("  IdentitiesOnly yes".to_owned());
    }
    lines.join("\n") + "\n"
}

/// Only the keys in this file count.
fn pinned(machine: &MachineName, known_hosts: &Path) -> [(&'static str, String); 6] {
    [
        ("UserKnownHostsFile", quoted(known_hosts)),
        ("GlobalKnownHostsFile", "none".to_owned()),
        ("StrictHostKeyChecking", "yes".to_owned()),
        ("HostKeyAlias", alias(machine)),
        ("UpdateHostKeys", "no".to_owned()),
        ("CheckHostIP", "no".to_owned()),
    ]
}

/// The arguments of `ssh`, without the program's name; `rest` are the user's own options, and a command if there is one.
///
/// `known_hosts` is the file with the pinned keys; without pinned keys the user's own files count.
pub fn arguments(
    machine: &MachineName,
    endpoint: &SshEndpoint,
    known_hosts: Option<&Path>,
    rest: &[String],
) -> Result<Vec<String>, SshError> {
    let mut options = Options::default();
    if !endpoint.use_ssh_config {
        options.pair("-F", "none");
    }
    if let Some(file) = known_hosts {
        for (keyword, value) in pinned(machine, file) {
            options.set(keyword, &value);
        }
    }
    if let Some(identity) = &endpoint.identity {
        options.pair("-i", &identity.to_string_lossy());
    }
    if endpoint.identity.is_some() || !endpoint.use_ssh_config {
        // The agent's keys are none of that host's, but `-A` may take the agent there: IdentityAgent stays.
        options.set("IdentitiesOnly", "yes");
    }
    if let Some(port) = endpoint.port {
        options.pair("-p", &port.to_string());
    }
    let user = endpoint.user.as_deref().or(if endpoint.use_ssh_config { None } else { Some("root") });
    if let Some(user) = user {
        options.pair("-l", user);
    }
    let host = bare(&endpoint.host);
    if host.starts_with('-') || host.is_empty() {
        return Err(SshError::UnsafeValue { value: host.to_owned() });
    }
    options.0.push(host.to_owned());
    options.0.extend_from_slice(rest);
    Ok(options.0)
}

#[derive(Default)]
struct Options(Vec<String>);

impl Options {
    fn pair(&mut self, option: &str, value: &str) {
        self.0.extend([option.to_owned(), value.to_owned()]);
    }

    fn set(&mut self, keyword: &str, value: &str) {
        self.pair("-o", &format!("{keyword}={value}"));
    }
}

/// An address without brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// A path in an option is split at blanks unless quoted, and `%` begins a token.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> SshEndpoint {
        SshEndpoint {
            host: "10.0.0.5".into(),
            port: Some(2222),
            user: Some("bob".into()),
            identity: Some("/store/id".into()),
            host_keys: Vec::new(),
            fingerprint: None,
            use_ssh_config: true,
        }
    }

    fn words(endpoint: &SshEndpoint, known_hosts: Option<&str>, rest: &[&str]) -> String {
        let rest: Vec<_> = rest.iter().map(|word| (*word).to_owned()).collect();
        let name = "n1".parse().unwrap();
        arguments(&name, endpoint, known_hosts.map(Path::new), &rest).unwrap().join(" ")
    }

    #[test]
    fn the_pinned_key_is_the_only_one_that_counts() {
        assert_eq!(
            words(&endpoint(), Some("/s/known hosts"), &["-L", "80:localhost:80"]),
            "-o UserKnownHostsFile=\"/s/known hosts\" -o GlobalKnownHostsFile=none -o StrictHostKeyChecking=yes \
             -o HostKeyAlias=rmachine.n1 -o UpdateHostKeys=no -o CheckHostIP=no -i /store/id -o IdentitiesOnly=yes \
             -p 2222 -l bob 10.0.0.5 -L 80:localhost:80"
        );
        let name = "n1".parse().unwrap();
        assert_eq!(known_hosts(&name, &["ssh-ed25519 AAAA".into()]), "rmachine.n1 ssh-ed25519 AAAA\n");
    }

    #[test]
    fn a_host_that_a_driver_made_is_none_of_the_users_configurations_business() {
        let made = SshEndpoint { use_ssh_config: false, port: None, user: None, ..endpoint() };
        assert_eq!(words(&made, None, &[]), "-F none -i /store/id -o IdentitiesOnly=yes -l root 10.0.0.5");
    }

    #[test]
    fn a_piece_of_configuration_says_the_same() {
        let name = "n1".parse().unwrap();
        assert_eq!(
            piece(&name, &endpoint(), Path::new("/s/100%/known_hosts")),
            "# The way to machine n1. Written by rmachine; changes are lost.\n\
             Host 10.0.0.5\n  UserKnownHostsFile \"/s/100%%/known_hosts\"\n  GlobalKnownHostsFile none\n  \
             StrictHostKeyChecking yes\n  HostKeyAlias rmachine.n1\n  UpdateHostKeys no\n  CheckHostIP no\n  \
             IdentityFile \"/store/id\"\n  IdentitiesOnly yes\n"
        );
    }

    #[test]
    fn a_host_that_looks_like_an_option_is_refused() {
        let wrong = SshEndpoint { host: "-oProxyCommand=id".into(), ..endpoint() };
        let name = "n1".parse().unwrap();
        assert!(matches!(arguments(&name, &wrong, None, &[]), Err(SshError::UnsafeValue { .. })));
    }
}
