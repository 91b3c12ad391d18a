//! The commands and flags of docker-machine 0.16.2, in the order of its help. What we have beside them works in its voice, too, and
//! is not shown there.

/// A flag with all its names, the first one foremost, such as `["force", "f"]`.
pub type Names = &'static [&'static str];

/// A command of docker-machine's.
pub struct Spoken {
    /// Its name.
    pub name: &'static str,
    /// Its flags in the order of its help; those of a driver join them in `create`.
    pub flags: &'static [Names],
}

/// Every command, in the order of the help; `help` itself comes last there.
pub const COMMANDS: [Spoken; 22] = [
    Spoken { name: "active", flags: &[&["timeout", "t"]] },
    Spoken { name: "config", flags: &[&["swarm"]] },
    Spoken { name: "create", flags: CREATE },
    Spoken { name: "env", flags: &[&["swarm"], &["shell"], &["unset", "u"], &["no-proxy"]] },
    Spoken { name: "inspect", flags: &[&["format", "f"]] },
    Spoken { name: "ip", flags: &[] },
    Spoken { name: "kill", flags: &[] },
    Spoken { name: "ls", flags: &[&["quiet", "q"], &["filter"], &["timeout", "t"], &["format", "f"]] },
    Spoken { name: "provision", flags: &[] },
    Spoken { name: "regenerate-certs", flags: &[&["force", "f"], &["client-certs"]] },
    Spoken { name: "restart", flags: &[] },
    Spoken { name: "rm", flags: &[&["force", "f"], &["y"]] },
    Spoken { name: "ssh", flags: &[] },
    Spoken { name: "scp", flags: &[&["recursive", "r"], &["delta", "d"], &["quiet", "q"]] },
    Spoken { name: "mount", flags: &[&["unmount", "u"]] },
    Spoken { name: "start", flags: &[] },
    Spoken { name: "status", flags: &[] },
    Spoken { name: "stop", flags: &[] },
    Spoken { name: "upgrade", flags: &[] },
    Spoken { name: "url", flags: &[] },
    Spoken { name: "version", flags: &[] },
    Spoken { name: "help", flags: &[] },
];

/// The flags of `create` that every driver shares, by name as its help sorts them.
const CREATE: &[Names] = &[
    &["driver", "d"],
    &["engine-env"],
    &["engine-insecure-registry"],
    &["engine-install-url"],
    &["engine-label"],
    &["engine-opt"],
    &["engine-registry-mirror"],
    &["engine-storage-driver"],
    &["swarm"],
    &["swarm-addr"],
    &["swarm-discovery"],
    &["swarm-experimental"],
    &["swarm-host"],
    &["swarm-image"],
    &["swarm-join-opt"],
    &["swarm-master"],
    &["swarm-opt"],
    &["swarm-strategy"],
    &["tls-san"],
];

/// The options before the command, in the order of the help.
pub const GLOBALS: [Names; 11] = [
    &["debug", "D"],
    &["storage-path", "s"],
    &["tls-ca-cert"],
    &["tls-ca-key"],
    &["tls-client-cert"],
    &["tls-client-key"],
    &["github-api-token"],
    &["native-ssh"],
    &["bugsnag-api-token"],
    &["help", "h"],
    &["version", "v"],
];

/// The flags of a command, or of no command.
pub fn flags(command: Option<&str>) -> &'static [Names] {
    match command {
        None => &GLOBALS,
        Some(name) => COMMANDS.iter().find(|known| known.name == name).map_or(&[], |known| known.flags),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_of_create_are_sorted_as_its_help_sorts_them() {
        assert!(CREATE.is_sorted());
    }
}
