//! Hosts, a user with a home and a store, and the programs a user has.

mod disk;
mod host;
mod user;

#[allow(unused_imports, reason = "the bench does not name it")]
pub use disk::SmallDisk;
pub use host::{Host, Kind};
pub use user::{User, run};
#[allow(unused_imports, reason = "the bench does not name them")]
pub use {host::PASSWORD, user::Run};

use std::{fs::OpenOptions, io::Write, path::PathBuf};

/// The folder in which test hosts and their images live; the images stay for the next run.
pub fn lab_root() -> PathBuf {
    PathBuf::from("/var/tmp/rmachine-lab")
}

/// Whether the long way is wanted: `make campaign` rather than `make test`.
pub fn is_campaign() -> bool {
    std::env::var_os("RMACHINE_CAMPAIGN").is_some()
}

/// Says that a test cannot run here. It counts as skipped, and as failed where hosts are demanded.
pub fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED: {test}: {why}");
    assert!(std::env::var_os("RMACHINE_REQUIRE_HOSTS").is_none(), "{line} (RMACHINE_REQUIRE_HOSTS is set)");
    println!("{line}");
    if let Some(file) = std::env::var_os("RMACHINE_SKIPPED_FILE") {
        let mut file =
            OpenOptions::new().append(true).create(true).open(file).expect("the list of skipped tests");
        writeln!(file, "{line}").expect("the list of skipped tests");
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
