//! Every reason why no host could be made here, as far as it can be known without making one.

use std::{path::Path, time::Duration};

use super::{Nspawned, image, proc, subnet::Subnet};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::{
        mirror,
        routes::{self, Route},
    },
    env::Env,
    process::Command,
    retry::Deadline,
};

/// Programs that are needed, and the Debian package of each.
const PROGRAMS: [(&str, &str); 7] = [
    ("mmdebstrap", "mmdebstrap"),
    ("systemd-nspawn", "systemd-container"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("mount", "mount"),
    ("setsid", "util-linux"),
    ("unshare", "util-linux"),
];
/// statfs(2): magic numbers of file systems on which an overlay cannot have its upper folder.
const UNFIT: [(rustix::fs::FsWord, &str); 4] =
    [(0x794c_7630, "overlayfs"), (0x6969, "NFS"), (0x6573_5546, "FUSE"), (0x0102_1997, "9p")];
/// Bytes that a new image takes.
const IMAGE_BYTES: u64 = 1500 << 20;
/// Bytes that a host needs to begin with.
const HOST_BYTES: u64 = 500 << 20;

/// What can be told at once, for choosing a default driver.
pub(super) fn available(env: &Env) -> std::result::Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("it needs Linux".to_owned());
    }
    if !rustix::process::geteuid().is_root() {
        return Err("it needs root".to_owned());
    }
    let missing = missing_programs(env);
    if !missing.is_empty() {
        let names: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
        return Err(format!("{} is not installed ({})", names.join(", "), install_command(&missing)));
    }
    Ok(())
}

/// inotify instances that the programs of a host hold, systemd's above all.
const INOTIFY_INSTANCES: usize = 8;
/// Where the kernel says how many of them a user may have.
const INOTIFY_LIMIT: &str = "/proc/sys/fs/inotify/max_user_instances";

/// Everything else.
pub(super) async fn preflight(context: &Context, state: &Nspawned) -> Result<()> {
    programs(&context.env)?;
    paths(context)?;
    namespaces(&context.env).await?;
    disk(&context.store, 0)?;
    let recipe = state.recipe(context).await?;
    let has_image = image::find(context, &recipe).is_some() && !state.wants_new_image;
    disk(&context.store, if has_image { HOST_BYTES } else { IMAGE_BYTES + HOST_BYTES })?;
    watches()?;
    subnet(state.subnet, &routes::of_this_computer())?;
    if has_image { Ok(()) } else { mirror::check(context, &recipe).await }
}

/// The wanted network if it is free; without a wish, the first free one.
pub(super) fn subnet(wanted: Option<Subnet>, routes: &[Route]) -> Result<Subnet> {
    let Some(wanted) = wanted else {
        let free = Subnet::candidates().find(|candidate| candidate.conflict(routes).is_none());
        return free.ok_or_else(|| DriverError::Preflight {
            message: "every network that hosts could have is in use on this machine".to_owned(),
            hint: Some("--nspawn-subnet NETWORK/BITS".to_owned()),
        });
    };
    match wanted.conflict(routes) {
        None => Ok(wanted),
        Some(route) => Err(DriverError::Preflight {
            message: format!(
                "the network {wanted} is in use: this machine routes {} to {}",
                route.network, route.interface
            ),
            hint: Some("--nspawn-subnet with another network".to_owned()),
        }),
    }
}

fn programs(env: &Env) -> Result<()> {
    available(env).map_err(|reason| {
        let missing = missing_programs(env);
        let hint = (!missing.is_empty()).then(|| install_command(&missing));
        DriverError::Preflight { message: format!("the nspawn driver cannot be used here: {reason}"), hint }
    })
}

fn missing_programs(env: &Env) -> Vec<(&'static str, &'static str)> {
    PROGRAMS.into_iter().filter(|(program, _)| env.find_program(program).is_none()).collect()
}

fn install_command(missing: &[(&str, &str)]) -> String {
    let mut packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    packages.sort_unstable();
    packages.dedup();
    format!("apt-get install {}", packages.join(" "))
}

/// Mount options and bind mounts are separated by these characters, and the store's path stands in both.
fn paths(context: &Context) -> Result<()> {
    let path = context.folder.to_string_lossy();
    if path.contains([',', ':', '\\', '"', '\n']) {
        return Err(DriverError::Preflight {
            message: format!(
                "the store's path {path} holds a comma, colon, quote or backslash, which mounts cannot take"
            ),
            hint: Some("MACHINE_STORAGE_PATH=/a/plain/path".to_owned()),
        });
    }
    Ok(())
}

/// Makes some for the program `true`, which ends at once.
async fn namespaces(env: &Env) -> Result<()> {
    let probe =
        Command::new(env, "unshare").args(["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "true"]);
    let done = probe.run(Deadline::after(Duration::from_secs(10))).await;
    done.map(drop).map_err(|error| DriverError::Preflight {
        message: format!("namespaces cannot be made here: {error}"),
        hint: None,
    })
}

/// Whether the programs of one more host can watch files; all hosts share root's number of instances, and one that gets none does not boot.
fn watches() -> Result<()> {
    let limit = std::fs::read_to_string(INOTIFY_LIMIT).ok().and_then(|text| text.trim().parse().ok());
    limit.map_or(Ok(()), |limit| enough_watches(limit, proc::inotify_instances()))
}

fn enough_watches(limit: usize, held: usize) -> Result<()> {
    if held + INOTIFY_INSTANCES <= limit {
        return Ok(());
    }
    Err(DriverError::Preflight {
        message: format!(
            "of the {limit} inotify instances that root may have here {held} are in use, and a host needs {INOTIFY_INSTANCES}"
        ),
        hint: Some(format!("sysctl -w fs.inotify.max_user_instances={}", (limit * 2).max(1024))),
    })
}

/// Whether the store's file system fits, and has so many bytes left.
fn disk(store: &Path, bytes: u64) -> Result<()> {
    let Some(existing) = store.ancestors().find(|folder| folder.exists()) else { return Ok(()) };
    let failed = |error: rustix::io::Errno| {
        DriverError::failed(format!("look at the disk of {}", store.display()), error)
    };
    let kind = rustix::fs::statfs(existing).map_err(failed)?.f_type;
    if let Some((_, name)) = UNFIT.iter().find(|(magic, _)| kind == *magic) {
        return Err(DriverError::Preflight {
            message: format!(
                "the store {} is on {name}, where hosts cannot have their disks",
                store.display()
            ),
            hint: Some("MACHINE_STORAGE_PATH=/a/folder/on/a/local/disk".to_owned()),
        });
    }
    let space = rustix::fs::statvfs(existing).map_err(failed)?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    if free < bytes {
        return Err(DriverError::Preflight {
            message: format!(
                "the disk of {} has {} MiB free, and {} MiB are needed",
                store.display(),
                free >> 20,
                bytes >> 20
            ),
            hint: None,
        });
    }
    Ok(())
}

/// Whether an address of the network may stand on an interface at all; for the start of a host made long ago.
pub(super) fn still_free(subnet_of_host: Subnet) -> Result<()> {
    subnet(Some(subnet_of_host), &routes::of_this_computer()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_network_is_told_with_who_has_it() {
        let taken: Subnet = "10.47.0.0/24".parse().unwrap();
        let network = "10.47.0.0/24".parse().unwrap();
        let routes = [Route { interface: "tun0".into(), network }];
        let error = subnet(Some(taken), &routes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the network 10.47.0.0/24 is in use: this machine routes 10.47.0.0/24 to tun0"
        );
        assert_eq!(subnet(None, &routes).unwrap(), "10.47.1.0/24".parse().unwrap());
    }

    #[test]
    fn a_host_that_could_not_watch_its_files_is_refused_with_the_line_that_helps() {
        assert!(enough_watches(128, 120).is_ok());
        let DriverError::Preflight { message, hint } = enough_watches(128, 121).unwrap_err() else {
            panic!()
        };
        assert_eq!(
            message,
            "of the 128 inotify instances that root may have here 121 are in use, and a host needs 8"
        );
        assert_eq!(hint.as_deref(), Some("sysctl -w fs.inotify.max_user_instances=1024"));
    }

    #[test]
    fn packages_to_install_are_named_once() {
        let missing = [("setsid", "util-linux"), ("unshare", "util-linux"), ("ip", "iproute2")];
        assert_eq!(install_command(&missing), "apt-get install iproute2 util-linux");
    }
}
