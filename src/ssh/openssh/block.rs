//! A configuration file of our own for OpenSSH's programs and those that run them (`scp`, `rsync`, `sshfs`): one `Host` block for each
//! machine, so that two machines on one command line keep their own port, key and pinned host key.
//!
//! The file takes the place of the user's. What the user's says about a machine's host is settled here, by the reader that our own
//! logins use; it is included for jump hosts only.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use super::{alias, pinned, quoted};
use crate::{
    env::Env,
    machine::{MachineName, SshEndpoint},
    ssh::{
        SshError,
        config::Strict,
        target::{DEFAULT_USER, Identities, Route, Target},
    },
};

/// How often a login that lasts asks whether the host is still there, in seconds: a mount would hang for ever otherwise.
const ALIVE: u32 = 15;

/// The name by which a machine stands in such a file.
pub fn host_name(machine: &MachineName) -> String {
    alias(machine)
}

/// One machine's block. `known_hosts` is the file with its pinned keys; without pinned keys the user's own files count.
pub fn block(
    machine: &MachineName,
    endpoint: &SshEndpoint,
    known_hosts: Option<&Path>,
    env: &Env,
) -> Result<String, SshError> {
    let target = Target::resolve(endpoint, env, DEFAULT_USER)?;
    let mut lines = Lines::default();
    lines.set("HostName", &one_word(&target.host)?.replace('%', "%%"));
    lines.set("Port", &target.port.to_string());
    lines.set("User", one_word(&target.user)?);
    lines.identities(&target.identities);
    lines.route(&target.route)?;
    match known_hosts {
        Some(file) => {
            for (keyword, value) in pinned(machine, file) {
                lines.set(keyword, &value);
            }
            // Nothing is left to be told but errors.
            lines.set("LogLevel", "ERROR");
        }
        None => lines.user_known_hosts(&target, env.stdin_is_terminal),
    }
    lines.set("ConnectTimeout", &target.connect_timeout.as_secs().to_string());
    lines.set("ServerAliveInterval", &ALIVE.to_string());
    if lines.0.contains(['\r', '\0']) {
        return Err(SshError::UnsafeValue { value: machine.to_string() });
    }
    Ok(format!("Host {}\n{}", host_name(machine), lines.0))
}

/// The whole file: the machines' blocks, and the user's configuration for every other host.
pub fn file(blocks: &[String], env: &Env) -> String {
    let mut text = blocks.concat();
    text.push_str("Host !rmachine.* *\n");
    let own = env.home.as_deref().map(|home| home.join(".ssh/config"));
    for file in own.into_iter().chain([PathBuf::from("/etc/ssh/ssh_config")]) {
        let _ = writeln!(text, "  Include \"{}\"", file.display());
    }
    text
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn set(&mut self, keyword: &str, value: &str) {
        let _ = writeln!(self.0, "  {keyword} {value}");
    }

    fn identities(&mut self, identities: &Identities) {
        let Identities { explicit, configured, defaults, only, agent } = identities;
        for file in explicit.iter().chain(configured).chain(defaults) {
            self.set("IdentityFile", &quoted(file));
        }
        self.set("IdentitiesOnly", if *only { "yes" } else { "no" });
        self.set("IdentityAgent", &agent.as_deref().map_or_else(|| "none".to_owned(), quoted));
    }

    fn route(&mut self, route: &Route) -> Result<(), SshError> {
        match route {
            Route::Direct => {}
            Route::Jump(hops) => {
                let hops = hops.iter().map(|hop| one_word(&hop.to_string()).map(str::to_owned));
                self.set("ProxyJump", &hops.collect::<Result<Vec<_>, _>>()?.join(","));
            }
            Route::Command(command) => self.set("ProxyCommand", &command.replace('%', "%%")),
        }
        Ok(())
    }

    fn user_known_hosts(&mut self, target: &Target, may_ask: bool) {
        let files: Vec<_> = target.known_hosts.iter().map(|file| quoted(file)).collect();
        if !files.is_empty() {
            self.set("UserKnownHostsFile", &files.join(" "));
        }
        if target.key_name != target.host {
            self.set("HostKeyAlias", &target.key_name);
        }
        let strict = match target.strict {
            Strict::Yes => "yes",
            Strict::Ask if may_ask => "ask",
            Strict::Ask | Strict::AcceptNew => "accept-new",
        };
        self.set("StrictHostKeyChecking", strict);
    }
}

/// A value that cannot end its line or begin another word.
fn one_word(value: &str) -> Result<&str, SshError> {
    let is_plain = !value.is_empty()
        && !value.starts_with('-')
        && !value.chars().any(|c| c.is_whitespace() || c.is_control() || "\"'#".contains(c));
    if is_plain { Ok(value) } else { Err(SshError::UnsafeValue { value: value.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn endpoint(host: &str) -> SshEndpoint {
        SshEndpoint {
            host: host.into(),
            port: None,
            user: None,
            identity: Some("/store/my id".into()),
            host_keys: Vec::new(),
            fingerprint: None,
            use_ssh_config: true,
        }
    }

    /// The block of a machine in a home with this ssh_config.
    fn block_with(config: &str, endpoint: &SshEndpoint, pinned: Option<&str>) -> Result<String, SshError> {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".ssh")).unwrap();
        fs::write(home.path().join(".ssh/config"), config).unwrap();
        let text =
            block(&"n1".parse().unwrap(), endpoint, pinned.map(Path::new), &Env::for_tests(home.path()))?;
        Ok(text.replace(&home.path().display().to_string(), "HOME"))
    }

    #[test]
    fn the_users_configuration_is_settled_and_the_pinned_key_is_the_only_one() {
        let config = "Host web\n HostName 10.0.0.5\n Port 2222\n User ann\n ProxyJump bob@gate:99,last\n";
        let endpoint = SshEndpoint { identity: None, ..endpoint("web") };
        assert_eq!(
            block_with(config, &endpoint, Some("/s/100% known")).unwrap(),
            "Host rmachine.n1\n  HostName 10.0.0.5\n  Port 2222\n  User ann\n  IdentityFile \"HOME/.ssh/id_ed25519\"\n  \
             IdentityFile \"HOME/.ssh/id_ecdsa\"\n  IdentityFile \"HOME/.ssh/id_rsa\"\n  IdentitiesOnly no\n  \
             IdentityAgent none\n  ProxyJump bob@gate:99,last\n  UserKnownHostsFile \"/s/100%% known\"\n  \
             GlobalKnownHostsFile none\n  StrictHostKeyChecking yes\n  HostKeyAlias rmachine.n1\n  UpdateHostKeys no\n  \
             CheckHostIP no\n  LogLevel ERROR\n  ConnectTimeout 15\n  ServerAliveInterval 15\n"
        );
    }

    #[test]
    fn without_a_pinned_key_the_users_files_count() {
        let text = block_with("Host *\n HostKeyAlias db\n", &endpoint("fd00::5"), None).unwrap();
        assert!(text.contains("  HostName fd00::5\n"), "{text}");
        assert!(text.contains("  UserKnownHostsFile \"HOME/.ssh/known_hosts\" "), "{text}");
        assert!(text.contains("  HostKeyAlias db\n  StrictHostKeyChecking accept-new\n"), "{text}");
        let text = block_with("Host *\n StrictHostKeyChecking yes\n", &endpoint("h"), None).unwrap();
        assert!(text.contains("  StrictHostKeyChecking yes\n") && !text.contains("HostKeyAlias"), "{text}");
    }

    #[test]
    fn values_cannot_begin_a_line_of_their_own() {
        for user in ["ann\n  ProxyCommand id", "ann bob", "-oX", ""] {
            let wrong = SshEndpoint { user: Some(user.into()), ..endpoint("h") };
            assert!(matches!(block_with("", &wrong, None), Err(SshError::UnsafeValue { .. })), "{user:?}");
        }
    }

    #[test]
    fn every_other_host_is_the_users_configurations_business() {
        let text = file(&["Host rmachine.n1\n".to_owned()], &Env::for_tests(Path::new("/home/ann")));
        assert_eq!(
            text,
            "Host rmachine.n1\nHost !rmachine.* *\n  Include \"/home/ann/.ssh/config\"\n  Include \"/etc/ssh/ssh_config\"\n"
        );
    }
}
