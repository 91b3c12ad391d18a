//! Where a connection goes and as whom: the endpoint, with the user's ssh_config under it where that takes part.
//!
//! An explicit value of the endpoint beats the file; the file beats our defaults.

use std::{fmt, path::PathBuf, time::Duration};

use super::{
    SshError,
    config::{self, ConfigError, Proxy, Query, Settings, Strict, tokens::Tokens},
};
use crate::{env::Env, machine::SshEndpoint};

/// Everything that is settled before the first packet.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// The host as the user knows it, for messages.
    pub shown: String,
    /// The name or address to connect to.
    pub host: String,
    /// The port to connect to.
    pub port: u16,
    /// The login name.
    pub user: String,
    /// The name known_hosts and certificates have the host by.
    pub key_name: String,
    /// The port that belongs to it there.
    pub key_port: u16,
    /// Which keys to offer.
    pub identities: Identities,
    /// How the connection leaves this machine.
    pub route: Route,
    /// The known_hosts files that count.
    pub known_hosts: Vec<PathBuf>,
    /// What to do about unknown keys.
    pub strict: Strict,
    /// How long one attempt to connect may take.
    pub connect_timeout: Duration,
}

/// Which keys to offer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identities {
    /// The one key that was asked for, offered alone.
    pub explicit: Option<PathBuf>,
    /// The files ssh_config names.
    pub configured: Vec<PathBuf>,
    /// The files that are tried when nobody names one.
    pub defaults: Vec<PathBuf>,
    /// Whether the agent's other keys stay out.
    pub only: bool,
    /// The agent's socket.
    pub agent: Option<PathBuf>,
}

/// How the connection leaves this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// By TCP.
    Direct,
    /// Through these hosts.
    Jump(Vec<Hop>),
    /// Through a command's stdin and stdout.
    Command(String),
}

/// A jump host as `ProxyJump` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
}

/// The login name when nobody says.
pub(super) const DEFAULT_USER: &str = "root";
/// The port when nobody says.
const DEFAULT_PORT: u16 = 22;
/// How long one attempt to connect may take when nobody says.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// The identities that are tried when nobody names one, in OpenSSH's order of preference today.
const DEFAULT_IDENTITIES: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

impl Target {
    /// Settles an endpoint.
    pub fn resolve(endpoint: &SshEndpoint, env: &Env, default_user: &str) -> Result<Self, SshError> {
        let local_user = config::local_user(env);
        let home = env.home.as_deref();
        let query = Query { host: &endpoint.host, user: endpoint.user.as_deref(), local_user, home };
        let settings = if endpoint.use_ssh_config { config::load(query)? } else { Settings::default() };
        let host = match &settings.host_name {
            Some(name) => name.replace("%h", &endpoint.host),
            None => endpoint.host.clone(),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = endpoint.port.or(settings.port).unwrap_or(DEFAULT_PORT);
        let user = endpoint.user.clone().or_else(|| settings.user.clone());
        let user = user.unwrap_or_else(|| default_user.to_owned());
        let expander = Expander {
            endpoint,
            env,
            tokens: Tokens { host: &host, original: &endpoint.host, port, user: &user, local_user, home },
        };
        let (key_name, key_port) = match &settings.host_key_alias {
            Some(alias) => (alias.clone(), DEFAULT_PORT),
            None => (host.clone(), port),
        };
        Ok(Self {
            shown: endpoint.host.clone(),
            key_name,
            key_port,
            identities: expander.identities(&settings)?,
            route: expander.route(settings.proxy.as_ref())?,
            known_hosts: expander.known_hosts(&settings)?,
            strict: settings.strict.unwrap_or(Strict::Ask),
            connect_timeout: settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
            host: host.clone(),
            port,
            user: user.clone(),
        })
    }
}

/// Turns the settings' texts into paths and routes.
struct Expander<'a> {
    endpoint: &'a SshEndpoint,
    env: &'a Env,
    tokens: Tokens<'a>,
}

impl Expander<'_> {
    fn identities(&self, settings: &Settings) -> Result<Identities, SshError> {
        let explicit = self.endpoint.identity.clone();
        if !self.endpoint.use_ssh_config {
            return Ok(Identities { explicit, only: true, ..Identities::default() });
        }
        let files = settings.identity_files.iter().filter(|file| !is_none(file));
        let configured = files.map(|file| self.path("IdentityFile", file)).collect::<Result<Vec<_>, _>>()?;
        let defaults = match &self.env.home {
            Some(home) if settings.identity_files.is_empty() => {
                DEFAULT_IDENTITIES.map(|name| home.join(".ssh").join(name)).to_vec()
            }
            _ => Vec::new(),
        };
        Ok(Identities {
            only: explicit.is_some() || settings.identities_only.unwrap_or(false),
            agent: self.agent(settings.identity_agent.as_deref())?,
            explicit,
            configured,
            defaults,
        })
    }

    fn agent(&self, configured: Option<&str>) -> Result<Option<PathBuf>, SshError> {
        let env = self.env;
        match configured {
            None | Some("SSH_AUTH_SOCK") => Ok(env.var("SSH_AUTH_SOCK").map(PathBuf::from)),
            Some(value) if is_none(value) => Ok(None),
            Some(value) => match value.strip_prefix('$') {
                Some(variable) => Ok(env.var(variable.trim_matches(['{', '}'])).map(PathBuf::from)),
                None => self.path("IdentityAgent", value).map(Some),
            },
        }
    }

    fn route(&self, proxy: Option<&Proxy>) -> Result<Route, SshError> {
        match proxy {
            None | Some(Proxy::None) => Ok(Route::Direct),
            Some(Proxy::Jump(hops)) => {
                let hops = hops.iter().map(|hop| Hop::parse(hop));
                hops.collect::<Result<_, _>>()
                    .map(Route::Jump)
                    .map_err(|reason| self.bad("ProxyJump", reason))
            }
            Some(Proxy::Command(command)) => {
                for value in [self.tokens.host, self.tokens.original, self.tokens.user] {
                    check_proxy_value(value)?;
                }
                let command =
                    self.tokens.expand(command).map_err(|reason| self.bad("ProxyCommand", reason))?;
                Ok(Route::Command(command))
            }
        }
    }

    fn known_hosts(&self, settings: &Settings) -> Result<Vec<PathBuf>, SshError> {
        if !self.endpoint.use_ssh_config {
            return Ok(Vec::new());
        }
        let or_default = |files: &Option<Vec<String>>, defaults: [&str; 2]| {
            files.clone().unwrap_or_else(|| defaults.map(str::to_owned).to_vec())
        };
        let user = or_default(&settings.user_known_hosts, ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"]);
        let global = or_default(
            &settings.global_known_hosts,
            ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
        );
        let files = user.iter().chain(&global).filter(|file| !is_none(file));
        files.map(|file| self.path("UserKnownHostsFile", file)).collect()
    }

    fn path(&self, keyword: &'static str, value: &str) -> Result<PathBuf, SshError> {
        self.tokens.expand_path(value).map_err(|reason| self.bad(keyword, reason))
    }

    fn bad(&self, keyword: &'static str, reason: String) -> SshError {
        ConfigError::BadValue { keyword, host: self.endpoint.host.clone(), reason }.into()
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(out, "{user}@")?;
        }
        if self.host.contains(':') {
            write!(out, "[{}]", self.host)?;
        } else {
            out.write_str(&self.host)?;
        }
        self.port.map_or(Ok(()), |port| write!(out, ":{port}"))
    }
}

impl Hop {
    /// The hop as an endpoint; whatever it does not say is ssh_config's to say.
    pub fn endpoint(&self) -> SshEndpoint {
        SshEndpoint {
            host: self.host.clone(),
            port: self.port,
            user: self.user.clone(),
            identity: None,
            host_keys: Vec::new(),
            fingerprint: None,
            use_ssh_config: true,
        }
    }

    /// Reads `[user@]host[:port]`, also with an address in brackets and as an `ssh://` URL.
    fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is not a host, user@host or user@host:port");
        let plain = text.strip_prefix("ssh://").unwrap_or(text).trim_end_matches('/');
        let (user, place) = match plain.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, plain),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => {
                let (host, after) = rest.split_once(']').ok_or_else(bad)?;
                (host, after.strip_prefix(':'))
            }
            None if place.matches(':').count() > 1 => (place, None),
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = port.map(|port| port.parse().map_err(|_| bad())).transpose()?;
        if host.is_empty() || user.as_deref() == Some("") {
            return Err(bad());
        }
        Ok(Self { user, host: host.to_owned(), port })
    }
}

fn is_none(value: &str) -> bool {
    value.eq_ignore_ascii_case("none")
}

/// Values become part of a command that a shell reads, as OpenSSH does it: so they must not hold what it acts on.
fn check_proxy_value(value: &str) -> Result<(), SshError> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%' | '@' | '+');
    if value.starts_with('-') || !value.chars().all(is_plain) {
        return Err(SshError::UnsafeValue { value: value.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
