//! `generic`: a host that somebody else made, adopted over SSH.
//!
//! Flags, variables and stored fields are docker-machine's (its `drivers/generic`). What it has no field for stands beside them: a
//! demanded host key, and whether user and port were given or may be decided by the user's ssh_config.

mod address;
mod key;
mod reach;

use serde::{Deserialize, Serialize};

use crate::{
    driver::{
        Adopts, Base, BuiltIn, Context, DriverError, FlagSpec, Flags, Identity, Origin, Profile, Result,
    },
    machine::{Fingerprint, SshEndpoint, State},
};

/// Who logs in where nobody says.
const DEFAULT_USER: &str = "root";
/// Where sshd listens where nobody says.
const DEFAULT_SSH_PORT: u16 = 22;
/// Where the engine listens where nobody says.
const DEFAULT_ENGINE_PORT: i64 = 2376;

/// The driver.
pub(super) struct GenericSsh;

/// What is stored of a machine.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Adopted {
    #[serde(flatten)]
    base: Base,
    #[serde(default)]
    engine_port: u16,
    /// The key as the user named it; the copy in the machine's folder is `SSHKeyPath`.
    #[serde(rename = "SSHKey", default)]
    ssh_key: String,
    /// Whether `SSHUser` is only the default, so that ssh_config may decide. docker-machine never lets it.
    #[serde(rename = "SSHUserIsDefault", default)]
    is_user_default: bool,
    /// Likewise for `SSHPort`.
    #[serde(rename = "SSHPortIsDefault", default)]
    is_port_default: bool,
    /// The host key the user demands.
    #[serde(rename = "SSHHostKey", default, skip_serializing_if = "Option::is_none")]
    host_key: Option<Fingerprint>,
}

impl BuiltIn for GenericSsh {
    type State = Adopted;
    const NAME: &'static str = "generic";

    fn profile(&self) -> Profile {
        Profile {
            summary: "a host that is there already, over SSH",
            origin: Origin::Adopted,
            provisions: true,
            identity: Identity::Users,
            names_host: false,
            is_local: false,
            adopts: Some(Adopts { address: "generic-ip-address", engine_port: "generic-engine-port" }),
        }
    }

    fn flags(&self) -> Vec<FlagSpec> {
        vec![
            FlagSpec::text(
                "generic-ip-address",
                "Adopt the host with this name, address or ssh_config alias",
            )
            .alias("ip")
            .env("GENERIC_IP_ADDRESS"),
            FlagSpec::text(
                "generic-ssh-user",
                "Log in as this user (root where neither this nor ssh_config says)",
            )
            .env("GENERIC_SSH_USER"),
            FlagSpec::text(
                "generic-ssh-key",
                "Log in with this private key file, which is copied into the store",
            )
            .env("GENERIC_SSH_KEY"),
            FlagSpec::text(
                "generic-ssh-port",
                "Log in on this port (22 where neither this nor ssh_config says)",
            )
            .number()
            .env("GENERIC_SSH_PORT"),
            FlagSpec::int("generic-engine-port", DEFAULT_ENGINE_PORT, "Let the engine listen on this port")
                .env("GENERIC_ENGINE_PORT"),
            FlagSpec::text("generic-ssh-host-key", "Demand the host key with this SHA256 fingerprint")
                .env("GENERIC_SSH_HOST_KEY"),
        ]
    }

    fn configure(&self, context: &Context, flags: &Flags) -> Result<Adopted> {
        let address = address::parse(flags.text("generic-ip-address").unwrap_or_default())
            .map_err(|message| DriverError::Usage { message })?;
        let user = user(flags.text("generic-ssh-user"))?;
        let port = port("generic-ssh-port", flags.int("generic-ssh-port"))?;
        let engine_port = port_or("generic-engine-port", flags, DEFAULT_ENGINE_PORT)?;
        let base = Base {
            ip_address: address,
            ssh_user: user.unwrap_or(DEFAULT_USER).to_owned(),
            ssh_port: port.unwrap_or(DEFAULT_SSH_PORT),
            ..Base::new(context)
        };
        Ok(Adopted {
            base,
            engine_port,
            ssh_key: key::absolute(&context.env, flags.text("generic-ssh-key")),
            is_user_default: user.is_none(),
            is_port_default: port.is_none(),
            host_key: host_key(flags.text("generic-ssh-host-key"))?,
        })
    }

    async fn preflight(&self, _context: &Context, state: &Adopted) -> Result<()> {
        if state.ssh_key.is_empty() { Ok(()) } else { key::check(state.ssh_key.as_ref()) }
    }

    async fn create(
        &self,
        context: &Context,
        state: &mut Adopted,
        save: &(dyn Fn(&Adopted) -> Result<()> + Send + Sync),
    ) -> Result<()> {
        if !state.ssh_key.is_empty() {
            context.events.step("importing SSH key");
            let copy = key::import(state.ssh_key.as_ref(), &context.folder)?;
            state.base.ssh_key_path = copy.to_string_lossy().into_owned();
        }
        save(state)
    }

    async fn state(&self, _context: &Context, state: &mut Adopted) -> Result<State> {
        Ok(reach::state(&state.base.ip_address, state.engine_port, state.base.ssh_port).await)
    }

    fn ssh(&self, _context: &Context, state: &Adopted) -> Option<SshEndpoint> {
        let base = &state.base;
        let user = base.ssh_user.as_str();
        // Before `create` has copied the key, as in a dry run, the user's own file is all there is.
        let key = [&base.ssh_key_path, &state.ssh_key].into_iter().find(|path| !path.is_empty());
        Some(SshEndpoint {
            host: base.ip_address.clone(),
            port: (!state.is_port_default && base.ssh_port != 0).then_some(base.ssh_port),
            user: (!state.is_user_default && !user.is_empty()).then(|| user.to_owned()),
            identity: key.map(Into::into),
            host_keys: Vec::new(),
            fingerprint: state.host_key.clone(),
            use_ssh_config: true,
        })
    }

    fn url(&self, _context: &Context, state: &Adopted) -> Option<String> {
        let host = &state.base.ip_address;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        (!host.is_empty()).then(|| format!("tcp://{host}:{}", state.engine_port))
    }

    fn ip(&self, _context: &Context, state: &Adopted) -> Option<String> {
        Some(state.base.ip_address.clone()).filter(|address| !address.is_empty())
    }

    async fn remove(&self, _context: &Context, _state: &mut Adopted) -> Result<()> {
        Ok(())
    }
}

fn user(given: Option<&str>) -> Result<Option<&str>> {
    let is_wrong = |user: &str| {
        user.starts_with('-')
            || user.chars().any(|c| c.is_whitespace() || c.is_control() || "@:/'\"".contains(c))
    };
    match given {
        Some(user) if is_wrong(user) => {
            Err(DriverError::Usage { message: format!("--generic-ssh-user {user:?} is not a login name") })
        }
        given => Ok(given),
    }
}

fn port(flag: &str, given: Option<i64>) -> Result<Option<u16>> {
    let Some(number) = given else { return Ok(None) };
    match u16::try_from(number) {
        Ok(port) if port != 0 => Ok(Some(port)),
        _ => Err(DriverError::Usage {
            message: format!("--{flag} {number} is not a port: it must be 1 to 65535"),
        }),
    }
}

fn port_or(flag: &str, flags: &Flags, default: i64) -> Result<u16> {
    let given = port(flag, Some(flags.int(flag).unwrap_or(default)))?;
    given.ok_or_else(|| DriverError::Usage { message: format!("--{flag} is missing") })
}

fn host_key(given: Option<&str>) -> Result<Option<Fingerprint>> {
    let parsed = given.map(str::parse).transpose();
    parsed.map_err(|error: crate::machine::FingerprintError| DriverError::Usage {
        message: format!("--generic-ssh-host-key: {error}"),
    })
}
