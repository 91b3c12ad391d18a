//! Reading files from top to bottom for one host, keeping the first value of each keyword.

use std::{fs, io::ErrorKind, path::Path, time::Duration};

use super::{
    ConfigError, Proxy, Query, Settings, Strict, include,
    line::{self, Directive},
    pattern,
};

/// Files may include each other this deep, as in OpenSSH.
const DEEPEST_INCLUDE: usize = 16;

/// The state of reading.
pub(super) struct Reading<'a> {
    query: Query<'a>,
    /// What was found so far.
    pub settings: Settings,
}

/// One file being read.
struct Place<'p> {
    path: &'p Path,
    /// What relative includes are relative to.
    folder: &'p Path,
    depth: usize,
}

impl<'a> Reading<'a> {
    pub fn new(query: Query<'a>) -> Self {
        Self { query, settings: Settings::default() }
    }

    /// Reads a file; one that is not there says nothing.
    pub fn file_if_there(&mut self, path: &Path, folder: &Path) -> Result<(), ConfigError> {
        self.file(&Place { path, folder, depth: 0 }, true)
    }

    fn file(&mut self, place: &Place<'_>, outer_active: bool) -> Result<(), ConfigError> {
        let bytes = match fs::read(place.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(ConfigError::Unreadable { path: place.path.to_owned(), source }),
        };
        let mut active = outer_active;
        for (index, text) in String::from_utf8_lossy(&bytes).lines().enumerate() {
            let bad = |reason: String| ConfigError::BadLine {
                path: place.path.to_owned(),
                line: index + 1,
                reason,
            };
            let Some(directive) = line::parse(text).map_err(|reason| bad(reason.to_owned()))? else {
                continue;
            };
            match directive.keyword.as_str() {
                "host" => active = outer_active && self.host_fits(&directive),
                "match" => active = outer_active && self.match_fits(&directive.args).map_err(bad)?,
                "include" if active => self.include(&directive, place).map_err(|e| e.unwrap_or_else(bad))?,
                _ if active => self.take(&directive).map_err(bad)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn host_fits(&self, directive: &Directive) -> bool {
        pattern::list_matches(directive.args.iter().map(String::as_str), self.query.host)
    }

    /// `Match` with the criteria that cost nothing; a block with any other is passed over.
    fn match_fits(&self, args: &[String]) -> Result<bool, String> {
        let mut words = args.iter();
        let mut fits = true;
        while let Some(word) = words.next() {
            let (negated, criterion) = match word.strip_prefix('!') {
                Some(criterion) => (true, criterion),
                None => (false, word.as_str()),
            };
            let holds = match criterion.to_ascii_lowercase().as_str() {
                "all" => true,
                "canonical" | "final" => false,
                known @ ("host" | "originalhost" | "user" | "localuser") => {
                    let list = words.next().ok_or_else(|| format!("{known} has no argument"))?;
                    pattern::list_matches(list.split(','), &self.subject(known))
                }
                other => {
                    tracing::debug!(criterion = other, "a Match block of ssh_config is passed over");
                    return Ok(false);
                }
            };
            fits &= holds != negated;
        }
        Ok(fits)
    }

    fn subject(&self, criterion: &str) -> String {
        let query = &self.query;
        match criterion {
            "host" => match &self.settings.host_name {
                Some(name) => name.replace("%h", query.host),
                None => query.host.to_owned(),
            },
            "user" => query.user.or(self.settings.user.as_deref()).unwrap_or(query.local_user).to_owned(),
            "localuser" => query.local_user.to_owned(),
            _ => query.host.to_owned(),
        }
    }

    /// Reads the included files as if they stood here. The error is either a finished one, or none yet with a reason.
    fn include(&mut self, directive: &Directive, place: &Place<'_>) -> Result<(), IncludeError> {
        if place.depth == DEEPEST_INCLUDE {
            return Err(IncludeError::Here("files include each other too deeply".to_owned()));
        }
        for arg in &directive.args {
            for path in include::paths(arg, place.folder, self.query.home) {
                let inner = Place { path: &path, folder: place.folder, depth: place.depth + 1 };
                self.file(&inner, true).map_err(IncludeError::Inside)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, directive: &Directive) -> Result<(), String> {
        let settings = &mut self.settings;
        let value = directive.args[0].as_str();
        match directive.keyword.as_str() {
            "hostname" => first(&mut settings.host_name, || Ok(value.to_owned())),
            "port" => first(&mut settings.port, || port(value)),
            "user" => first(&mut settings.user, || Ok(value.to_owned())),
            "identityfile" => {
                settings.identity_files.push(value.to_owned());
                Ok(())
            }
            "identitiesonly" => first(&mut settings.identities_only, || yes_or_no(value)),
            "identityagent" => first(&mut settings.identity_agent, || Ok(value.to_owned())),
            "proxyjump" => first(&mut settings.proxy, || Ok(jump(value))),
            "proxycommand" => first(&mut settings.proxy, || Ok(command(&directive.rest))),
            "userknownhostsfile" => first(&mut settings.user_known_hosts, || Ok(directive.args.clone())),
            "globalknownhostsfile" => first(&mut settings.global_known_hosts, || Ok(directive.args.clone())),
            "stricthostkeychecking" => first(&mut settings.strict, || strict(value)),
            "hostkeyalias" => first(&mut settings.host_key_alias, || Ok(value.to_owned())),
            "connecttimeout" => first(&mut settings.connect_timeout, || seconds(value)),
            _ => Ok(()),
        }
    }
}

/// What went wrong with an include: on the line itself, or inside of the included file.
enum IncludeError {
    Here(String),
    Inside(ConfigError),
}

impl IncludeError {
    fn unwrap_or_else(self, bad: impl FnOnce(String) -> ConfigError) -> ConfigError {
        match self {
            Self::Here(reason) => bad(reason),
            Self::Inside(error) => error,
        }
    }
}

/// Keeps the first value; later ones are still checked.
fn first<T>(slot: &mut Option<T>, value: impl FnOnce() -> Result<T, String>) -> Result<(), String> {
    let value = value()?;
    slot.get_or_insert(value);
    Ok(())
}

fn port(value: &str) -> Result<u16, String> {
    match value.parse() {
        Ok(0) | Err(_) => Err(format!("{value:?} is not a port")),
        Ok(port) => Ok(port),
    }
}

fn yes_or_no(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" => Ok(true),
        "no" | "false" => Ok(false),
        _ => Err(format!("{value:?} is neither yes nor no")),
    }
}

fn strict(value: &str) -> Result<Strict, String> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" => Ok(Strict::Yes),
        "ask" => Ok(Strict::Ask),
        "no" | "false" | "off" | "accept-new" => Ok(Strict::AcceptNew),
        _ => Err(format!("{value:?} is none of yes, no, ask, accept-new")),
    }
}

fn seconds(value: &str) -> Result<Duration, String> {
    value.parse().map(Duration::from_secs).map_err(|_| format!("{value:?} is not a number of seconds"))
}

fn jump(value: &str) -> Proxy {
    if value.eq_ignore_ascii_case("none") {
        return Proxy::None;
    }
    Proxy::Jump(value.split(',').map(|hop| hop.trim().to_owned()).collect())
}

fn command(rest: &str) -> Proxy {
    if rest.eq_ignore_ascii_case("none") { Proxy::None } else { Proxy::Command(rest.to_owned()) }
}
