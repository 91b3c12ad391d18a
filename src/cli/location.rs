//! Places of files as `scp` and `mount` take them: here, or `[user@]machine:path`.

use super::{error::CliError, names};
use crate::{machine::MachineName, ssh::openssh, store::Store};

/// The name of this computer, which no machine has.
const HERE: &str = "localhost";

/// A place of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A path of this computer.
    Here(String),
    /// A path on a machine's host.
    There {
        /// The login name, where it is not the machine's own.
        user: Option<String>,
        /// The machine.
        machine: MachineName,
        /// The path; an empty one is the login's home.
        path: String,
    },
}

impl Location {
    /// Reads a place; a machine must exist.
    pub fn parse(store: &Store, typed: &str) -> Result<Self, CliError> {
        let Some((before, path)) = typed.split_once(':') else { return Ok(Self::Here(typed.to_owned())) };
        // As scp has it: what has a slash before its colon is a file with a colon in its name.
        if before.contains('/') || is_drive(store, before, path) {
            return Ok(Self::Here(typed.to_owned()));
        }
        if before == HERE {
            return Ok(Self::Here(if path.is_empty() { ".".to_owned() } else { path.to_owned() }));
        }
        let (user, machine) = match before.rsplit_once('@') {
            Some((user, machine)) => (Some(user), machine),
            None => (None, before),
        };
        if user.is_some_and(|user| user.is_empty() || user.starts_with('-')) {
            return Err(CliError::usage(format!("{before:?} names no login"), "user@machine:path"));
        }
        Ok(Self::There {
            user: user.map(str::to_owned),
            machine: names::one(store, Some(machine))?,
            path: path.to_owned(),
        })
    }

    /// The machine, where it is one's.
    pub fn machine(&self) -> Option<&MachineName> {
        match self {
            Self::Here(_) => None,
            Self::There { machine, .. } => Some(machine),
        }
    }

    /// The place as scp, rsync and sshfs take it, with the names of our configuration.
    pub fn word(&self) -> String {
        match self {
            // A colon would make it a host.
            Self::Here(path) if path.contains(':') && !path.starts_with(['/', '.']) => format!("./{path}"),
            Self::Here(path) => path.clone(),
            Self::There { user, machine, path } => {
                let user = user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
                format!("{user}{}:{}", openssh::host_name(machine), in_home(path))
            }
        }
    }
}

/// A path below `~` in the form that every program reads alike: what does not begin with a slash is in the login's home.
fn in_home(path: &str) -> &str {
    match path.strip_prefix('~') {
        Some("") => "",
        Some(rest) if rest.starts_with('/') => rest.trim_start_matches('/'),
        _ => path,
    }
}

/// `C:\x` is a path of Windows, where there is no machine of that name.
fn is_drive(store: &Store, before: &str, path: &str) -> bool {
    let is_letter = before.len() == 1 && before.chars().all(|c| c.is_ascii_alphabetic());
    is_letter && (path.starts_with('\\') || cfg!(windows)) && names::one(store, Some(before)).is_err()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Parses against a store with the machines `n1` and `D`; the word, or the error.
    fn word(typed: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        for machine in ["n1", "D"] {
            fs::create_dir_all(folder.path().join("machines").join(machine)).unwrap();
        }
        let place = Location::parse(&Store::at(folder.path()), typed);
        place.map(|place| place.word()).map_err(|error| error.to_string())
    }

    #[test]
    fn places_are_here_or_on_a_machine() {
        for (typed, read) in [
            ("a file", "a file"),
            ("n1:/tmp/a b", "rmachine.n1:/tmp/a b"),
            ("ann@n1:", "ann@rmachine.n1:"),
            ("n1:a:b", "rmachine.n1:a:b"),
            ("n1:~/a", "rmachine.n1:a"),
            ("n1:~", "rmachine.n1:"),
            ("n1:~bob/a", "rmachine.n1:~bob/a"),
            ("./n1:x", "./n1:x"),
            ("/tmp/n1:x", "/tmp/n1:x"),
            ("localhost:/x", "/x"),
            ("localhost:a:b", "./a:b"),
            ("localhost:", "."),
            (r"C:\x", r"./C:\x"),
            (r"D:\x", r"rmachine.D:\x"),
        ] {
            assert_eq!(word(typed).as_deref(), Ok(read), "{typed}");
        }
    }

    #[test]
    fn a_machine_that_is_not_there_is_told() {
        assert_eq!(word("n2:/x").unwrap_err(), "machine \"n2\" does not exist");
        assert_eq!(word("@n1:/x").unwrap_err(), "\"@n1\" names no login");
        assert!(word("-oProxyCommand=id:/x").is_err());
    }
}
