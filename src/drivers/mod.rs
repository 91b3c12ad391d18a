//! The list of built-in drivers, the one place that names them, and beside it the plugins that can be found.

mod generic_ssh;
mod local;
mod missing;
mod none;
mod nspawn;
pub mod plugin;
mod qemu;
#[cfg(debug_assertions)]
mod rehearsal;
mod stored;
mod virtualbox;

use std::path::PathBuf;

use crate::{
    driver::{Adapter, Driver, DriverError},
    env::Env,
};
use plugin::{Plugin, find::Program, pool::Pool};

/// All built-in drivers, in the order in which a default is looked for.
pub fn all() -> Vec<Box<dyn Driver>> {
    vec![
        Box::new(Adapter(nspawn::Nspawn)),
        Box::new(Adapter(qemu::Qemu)),
        Box::new(Adapter(virtualbox::VirtualBox)),
        Box::new(Adapter(generic_ssh::GenericSsh)),
        Box::new(Adapter(none::NoDriver)),
    ]
}

/// A built-in driver by its name.
pub fn find(name: &str) -> Option<Box<dyn Driver>> {
    all().into_iter().chain(unlisted()).find(|driver| driver.name() == name)
}

/// Drivers that are in no list: none but the one for tests, and that in debug builds only.
fn unlisted() -> Vec<Box<dyn Driver>> {
    #[cfg(debug_assertions)]
    return vec![Box::new(Adapter(rehearsal::Rehearsal))];
    #[cfg(not(debug_assertions))]
    Vec::new()
}

/// All drivers that there are: those of this program, and the plugins that its surroundings and the store have.
#[derive(Clone, Debug)]
pub struct Drivers {
    env: Env,
    store: Option<PathBuf>,
}

impl Drivers {
    /// With the plugins of these surroundings, and those in the folder of the store at this path.
    pub fn new(env: &Env, store: Option<PathBuf>) -> Self {
        Self { env: env.clone(), store }
    }

    /// The plugins, but for those that a built-in driver takes the place of.
    pub fn plugins(&self) -> Vec<Program> {
        let mut programs = plugin::find::all(&self.env, self.store.as_deref());
        programs.retain(|program| find(&program.driver).is_none());
        programs
    }

    /// A plugin by its driver's name.
    pub fn plugin(&self, name: &str) -> Option<Plugin> {
        if find(name).is_some() {
            return None;
        }
        let program = plugin::find::find(&self.env, self.store.as_deref(), name)?;
        Some(Plugin::new(program, Pool::of_all(), self.env.clone()))
    }

    /// A driver by its name.
    pub fn find(&self, name: &str) -> Option<Box<dyn Driver>> {
        find(name).or_else(|| Some(Box::new(self.plugin(name)?)))
    }

    /// A driver by its name, for who needs its flags: those of a plugin are asked for at once.
    pub fn with_flags(&self, name: &str) -> Result<Option<Box<dyn Driver>>, DriverError> {
        if let Some(plugin) = self.plugin(name) {
            plugin.known_flags()?;
            return Ok(Some(Box::new(plugin)));
        }
        Ok(find(name))
    }

    /// The driver of a stored machine; one that is not here stands in for itself.
    pub fn of_stored(&self, name: &str) -> Box<dyn Driver> {
        self.find(name).unwrap_or_else(|| Box::new(missing::Missing { name: name.to_owned() }))
    }

    /// Whether the driver is here.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Names that are near a mistyped one, nearest first.
    pub fn nearest(&self, name: &str) -> Vec<String> {
        near(name, self.plugins().into_iter().map(|program| program.driver))
    }
}

/// Ends the plugins that still run; nobody uses them any more.
pub fn close_plugins() {
    Pool::of_all().close();
}

/// Names of built-in drivers that are near a mistyped one, nearest first.
pub fn nearest(name: &str) -> Vec<String> {
    near(name, std::iter::empty())
}

fn near(name: &str, others: impl Iterator<Item = String>) -> Vec<String> {
    let mut near: Vec<(usize, String)> = all()
        .iter()
        .map(|driver| driver.name().to_owned())
        .chain(others)
        .map(|candidate| (strsim::damerau_levenshtein(name, &candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(name.len()) / 2)
        .collect();
    near.sort();
    near.into_iter().map(|(_, name)| name).collect()
}

/// The driver for a `create` that names none, and why it was taken.
pub struct Picked {
    /// The driver.
    pub driver: Box<dyn Driver>,
    /// One line for the user, such as `nspawn, a Linux host in namespaces of this machine`.
    pub why: String,
}

/// This machine can run no driver that makes hosts.
#[derive(Debug, thiserror::Error)]
#[error("no driver can make a host on this machine: {}", .reasons.join("; "))]
pub struct NoDefault {
    /// Why each one cannot, such as `nspawn: needs root`.
    pub reasons: Vec<String>,
}

/// The first driver that makes hosts and that this machine can run.
///
/// Drivers that adopt hosts are never a default: they need to be told which host.
pub fn pick_default(env: &Env) -> Result<Picked, NoDefault> {
    let mut reasons = Vec::new();
    for driver in all() {
        if driver.profile().origin == crate::driver::Origin::Adopted {
            continue;
        }
        match driver.available(env) {
            Ok(()) => {
                let why =
                    format!("{}, {}, which this machine can run", driver.name(), driver.profile().summary);
                return Ok(Picked { driver, why });
            }
            Err(missing) => reasons.push(format!("{}: {missing}", driver.name())),
        }
    }
    Err(NoDefault { reasons })
}

/// What docker-machine's `create` takes when nobody names a driver.
pub const DOCKER_MACHINE_DEFAULT: &str = "virtualbox";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_driver_leads_to_the_near_ones() {
        assert_eq!(nearest("genric"), ["generic"]);
        assert_eq!(nearest("nspwan"), ["nspawn"]);
        assert!(nearest("digitalocean").is_empty());
    }

    #[test]
    fn a_default_makes_hosts_and_every_reason_against_one_names_its_driver() {
        match pick_default(&Env::for_tests(std::path::Path::new("/nonexistent"))) {
            Ok(picked) => assert!(picked.why.starts_with(picked.driver.name()), "{}", picked.why),
            Err(none) => assert!(none.reasons.iter().all(|reason| reason.contains(": ")), "{none}"),
        }
    }

    #[test]
    fn a_driver_is_found_by_its_name_only() {
        assert!(find("generic").is_some());
        assert!(find("Generic").is_none());
        assert!(find("").is_none());
    }
}
