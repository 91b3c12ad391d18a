//! Options of the engine as they are typed after `--engine-opt` and `engine set`, and a user's own daemon.json.

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    path::Path,
};

use super::error::CliError;
use crate::engine::options::{self, OptionError, Options};

/// The socket that an engine has anyway, in each of its spellings.
const OWN_SOCKETS: [&str; 3] = ["fd://", "unix:///var/run/docker.sock", "unix:///run/docker.sock"];

/// What words ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// Settings, as a patch of daemon.json.
    pub options: Options,
    /// What `hosts` says; the engine's port is opened for these.
    pub listen: Vec<IpAddr>,
    /// The port that `hosts` says.
    pub port: Option<u16>,
}

/// Reads words such as `mtu=1450`; what is wrong with one is told with what to look at.
pub fn read<'a>(program: &str, words: impl IntoIterator<Item = &'a str>) -> Result<Asked, CliError> {
    let mut asked = Asked::default();
    for word in words {
        match host(word) {
            Some(host) => listen(&mut asked, host)?,
            None => options::set_word(&mut asked.options, word).map_err(|error| wrong(program, &error))?,
        }
    }
    Ok(asked)
}

/// A wrong option, with the command that shows what it must look like.
pub fn wrong(program: &str, error: &OptionError) -> CliError {
    let hint = match error {
        OptionError::WrongForm { key, .. } | OptionError::Twice { key, .. } => {
            format!("{program} engine options {key}")
        }
        OptionError::Unknown { nearest: Some(name), .. } => format!("{program} engine options {name}"),
        OptionError::Managed { key, .. } if key == "hosts" => "--engine-listen IP".to_owned(),
        OptionError::Unknown { nearest: None, .. }
        | OptionError::TooNew { .. }
        | OptionError::TooOld { .. }
        | OptionError::Pair { .. }
        | OptionError::Needs { .. }
        | OptionError::Managed { .. } => format!("{program} engine options lists them"),
    };
    CliError::usage(error.to_string(), hint)
}

/// The value of a word that is about `hosts`.
fn host(word: &str) -> Option<&str> {
    let (name, value) = word.trim_start_matches('-').split_once('=')?;
    matches!(name, "hosts" | "host").then_some(value)
}

/// Where an engine listens is no setting here: the port is guarded by TLS, whoever opens it.
fn listen(asked: &mut Asked, hosts: &str) -> Result<(), CliError> {
    for host in hosts.split(',').filter(|host| !OWN_SOCKETS.contains(host)) {
        let wrong = |why: &str| {
            CliError::usage(format!("hosts={host}: {why}"), "hosts=tcp://IP:PORT, or --engine-listen IP")
        };
        let address = host
            .strip_prefix("tcp://")
            .ok_or_else(|| wrong("the engine keeps its own socket, and listens beside it on TCP only"))?;
        let (ip, port) = match (address.parse::<SocketAddr>(), address.parse::<IpAddr>()) {
            (Ok(both), _) => (both.ip(), Some(both.port())),
            (Err(_), Ok(ip)) => (ip, None),
            (Err(_), Err(_)) => return Err(wrong("that is no IP address, or no port")),
        };
        if port.is_some() && asked.port.is_some_and(|known| Some(known) != port) {
            return Err(wrong("the engine has one port, on all of its addresses"));
        }
        asked.port = port.or(asked.port);
        asked.listen.push(ip);
    }
    Ok(())
}

/// A daemon.json of the user's own. What the table does not know is left to the engine, unless it looks like a slip.
pub fn file(program: &str, path: &Path) -> Result<Options, CliError> {
    let doing = || format!("read {}", path.display());
    let bytes = fs::read(path).map_err(|source| CliError::Io { doing: doing(), source })?;
    let settings = options::parse(&bytes).map_err(|error| {
        CliError::usage(format!("{}: {error}", path.display()), "it must be JSON, as a daemon.json is")
    })?;
    for (key, value) in &settings {
        let one = Options::from_iter([(key.clone(), value.clone())]);
        let judged = match options::spec_of_key(key) {
            Some(spec) => spec.managed.map_or_else(
                || options::check_typed(&one, None),
                |reason| Err(OptionError::Managed { key: key.clone(), reason }),
            ),
            None if options::nearest_key(key).is_some() => options::check(&one, None),
            None => Ok(()),
        };
        judged.map_err(|error| match wrong(program, &error) {
            CliError::Usage { message, hint } => {
                CliError::Usage { message: format!("{}: {message}", path.display()), hint }
            }
            other => other,
        })?;
    }
    Ok(settings)
}

/// Variables of the engine's environment are `KEY=VALUE`, with a key that a shell could have.
pub fn variables(flag: &str, values: &[String]) -> Result<(), CliError> {
    let is_one = |value: &String| {
        value.split_once('=').is_some_and(|(name, text)| {
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !text.chars().any(char::is_control)
        })
    };
    match values.iter().find(|value| !is_one(value)) {
        Some(wrong) => {
            Err(CliError::usage(format!("{flag} {wrong:?} is not KEY=VALUE"), format!("{flag} KEY=VALUE")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[&str]) -> Result<Asked, String> {
        read("rmachine", words.iter().copied()).map_err(|error| error.to_string())
    }

    #[test]
    fn hosts_say_where_the_engine_listens_and_the_rest_are_settings() {
        let both =
            asked(&["mtu=1450", "hosts=fd://,tcp://10.0.0.5:2377", "host=tcp://[fd00::5]:2377"]).unwrap();
        assert_eq!(both.listen, ["10.0.0.5".parse::<IpAddr>().unwrap(), "fd00::5".parse().unwrap()]);
        assert_eq!((both.port, both.options.len()), (Some(2377), 1));
        for (wrong, why) in [
            ("hosts=unix:///tmp/x.sock", "listens beside it on TCP only"),
            ("hosts=tcp://name:2376", "that is no IP address"),
            ("hosts=tcp://10.0.0.5:1,tcp://10.0.0.6:2", "the engine has one port"),
        ] {
            let error = asked(&[wrong]).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
