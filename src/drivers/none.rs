//! `none`: an engine that is only pointed at.
//!
//! Nothing is made, logged into or provisioned. Fields and flag are docker-machine's (its `drivers/none`): `URL` verbatim, and
//! `IPAddress` with the host part of it, the port included.

use serde::{Deserialize, Serialize};

use crate::{
    driver::{Base, BuiltIn, Context, DriverError, FlagSpec, Flags, Identity, Origin, Profile, Result},
    machine::{SshEndpoint, State},
};

/// Schemes under which an engine can be reached by a client.
const SCHEMES: [&str; 6] = ["tcp", "unix", "ssh", "http", "https", "npipe"];

/// The driver.
pub(super) struct NoDriver;

/// What is stored of a machine.
#[derive(Serialize, Deserialize)]
pub(super) struct Pointed {
    #[serde(flatten)]
    base: Base,
    #[serde(rename = "URL", default)]
    url: String,
}

impl BuiltIn for NoDriver {
    type State = Pointed;
    const NAME: &'static str = "none";

    fn profile(&self) -> Profile {
        Profile {
            summary: "an engine that is only pointed at",
            origin: Origin::Adopted,
            provisions: false,
            identity: Identity::NoLogin,
            names_host: false,
            is_local: false,
            adopts: None,
        }
    }

    fn flags(&self) -> Vec<FlagSpec> {
        vec![FlagSpec::text("none-url", "Point at the engine with this URL").alias("url")]
    }

    fn configure(&self, context: &Context, flags: &Flags) -> Result<Pointed> {
        let Some(url) = flags.text("none-url") else {
            return Err(usage("the none driver needs the URL of an engine: --url tcp://HOST:2376"));
        };
        let authority = authority(url)?;
        let base = Base { ip_address: authority.to_owned(), ..Base::new(context) };
        Ok(Pointed { base, url: url.to_owned() })
    }

    async fn preflight(&self, _context: &Context, _state: &Pointed) -> Result<()> {
        Ok(())
    }

    async fn create(
        &self,
        _context: &Context,
        state: &mut Pointed,
        save: &(dyn Fn(&Pointed) -> Result<()> + Send + Sync),
    ) -> Result<()> {
        save(state)
    }

    async fn state(&self, _context: &Context, _state: &mut Pointed) -> Result<State> {
        Ok(State::Running)
    }

    fn ssh(&self, _context: &Context, _state: &Pointed) -> Option<SshEndpoint> {
        None
    }

    fn url(&self, _context: &Context, state: &Pointed) -> Option<String> {
        Some(state.url.clone()).filter(|url| !url.is_empty())
    }

    fn ip(&self, _context: &Context, state: &Pointed) -> Option<String> {
        Some(state.base.ip_address.clone()).filter(|address| !address.is_empty())
    }

    async fn remove(&self, _context: &Context, _state: &mut Pointed) -> Result<()> {
        Ok(())
    }
}

/// The part of a URL between the scheme and the path.
fn authority(url: &str) -> Result<&str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(usage(&format!(
            "{url:?} is not the URL of an engine: it must look like tcp://HOST:2376"
        )));
    };
    if !SCHEMES.contains(&scheme) {
        let known = SCHEMES.join(", ");
        return Err(usage(&format!("{url:?} begins with {scheme}://, which is none of {known}")));
    }
    if rest.is_empty() || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(usage(&format!(
            "{url:?} is not the URL of an engine: it must look like tcp://HOST:2376"
        )));
    }
    Ok(rest.split('/').next().unwrap_or_default())
}

fn usage(message: &str) -> DriverError {
    DriverError::Usage { message: message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_address_is_the_host_part_with_its_port() {
        for (url, expected) in [
            ("tcp://10.0.0.5:2376", "10.0.0.5:2376"),
            ("unix:///var/run/docker.sock", ""),
            ("ssh://me@n1", "me@n1"),
        ] {
            assert_eq!(authority(url).unwrap(), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_engine_url_is_refused() {
        for url in ["10.0.0.5", "10.0.0.5:2376", "ftp://10.0.0.5", "tcp://", "tcp://a b"] {
            assert!(matches!(authority(url), Err(DriverError::Usage { .. })), "{url}");
        }
    }
}
