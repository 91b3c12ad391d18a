//! Hosts, a user with a home and a store, and the programs a user has.

mod bundles;
mod disk;
mod host;
mod proxy;
mod user;
mod vendor;

#[allow(unused_imports, reason = "the bench does not name them")]
pub use bundles::{bundle_20, bundle_26};
#[allow(unused_imports, reason = "the bench does not name it")]
pub use disk::SmallDisk;
#[allow(unused_imports, reason = "the bench does not name it")]
pub use host::can_make_hosts;
pub use host::{Host, Kind};
#[allow(unused_imports, reason = "the bench does not name it")]
pub use proxy::Proxy;
pub use user::{User, run};
#[allow(unused_imports, reason = "the bench does not name them")]
pub use vendor::{NAMES, Page, Vendor};
#[allow(unused_imports, reason = "the bench does not name them")]
pub use {
    host::{BUSYBOX, PASSWORD},
    user::Run,
};

use std::{fs::OpenOptions, io::Write, path::PathBuf};

/// The folder in which test hosts and their images live; the images stay for the next run.
pub fn lab_root() -> PathBuf {
    PathBuf::from("/var/tmp/rmachine-lab")
}

/// Whether the long way is wanted: `make campaign` rather than `make test`.
pub fn is_campaign() -> bool {
    std::env::var_os("RMACHINE_CAMPAIGN").is_some()
}

/// A number that decides what is left to chance; always the same one unless it is given.
pub fn seed() -> usize {
    const USUAL: usize = 12;
    std::env::var("RMACHINE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(USUAL)
}

/// Says how a long test went; the campaign collects that.
pub fn report(what: &str, count: usize, right: usize, took: std::time::Duration) {
    let line = format!("| {what} | {count} | {right} | {:.0} s |", took.as_secs_f32());
    println!("{line}");
    append("RMACHINE_RESULTS_FILE", &line);
}

/// Says that a test cannot run here. It counts as skipped, and as failed where hosts are demanded.
pub fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED: {test}: {why}");
    assert!(std::env::var_os("RMACHINE_REQUIRE_HOSTS").is_none(), "{line} (RMACHINE_REQUIRE_HOSTS is set)");
    println!("{line}");
    append("RMACHINE_SKIPPED_FILE", &line);
}

/// Adds a line to the file that a variable names, if it does.
fn append(variable: &str, line: &str) {
    if let Some(file) = std::env::var_os(variable) {
        let mut file = OpenOptions::new().append(true).create(true).open(file).expect(variable);
        writeln!(file, "{line}").expect(variable);
    }
}

/// Boots a host for this test, or says why not and returns from the test.
#[macro_export]
macro_rules! host {
    ($kind:expr) => {
        $crate::host!(@ $crate::support::Host::boot($kind))
    };
    ($kind:expr, $store:expr) => {
        $crate::host!(@ $crate::support::Host::boot_in($kind, $store))
    };
    (@ $booted:expr) => {
        match $booted {
            Ok(host) => host,
            Err(why) => {
                $crate::support::skip(std::thread::current().name().unwrap_or("a test"), &why);
                return;
            }
        }
    };
}
