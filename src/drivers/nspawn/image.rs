//! The image that hosts share: built once per recipe, kept in the store's cache, never changed afterwards.
//!
//! A finished image appears by one rename. Who builds holds the recipe's lock, and so does the builder's own process as long as it
//! lives, so that a killed rmachine leaves no two builders behind. Hosts are noted in `users/` of their image; one that was
//! replaced goes with its last host.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::{
        build,
        lock::Lock,
        recipe::{self, Recipe},
    },
    process::Command,
};

/// How long a build may take; slow mirrors are common.
const BUILD_AT_MOST: Duration = Duration::from_secs(30 * 60);

/// Keeps a first start from making what we make, and background work from holding the package lock when an engine is to be installed.
const MASKED: [&str; 8] = [
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "console-getty.service",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
    "systemd-firstboot.service",
    "systemd-networkd-wait-online.service",
];

/// Files that every host of an image has.
const FILES: [(&str, &str); 2] = [
    (
        "etc/systemd/system/rmachine-cgroups.service",
        include_str!("../../../templates/nspawn/cgroups.service"),
    ),
    ("etc/ssh/sshd_config.d/rmachine.conf", include_str!("../../../templates/nspawn/sshd.conf")),
];

/// Where images are.
pub(super) fn cache(context: &Context) -> PathBuf {
    context.cache.join("nspawn")
}

/// The root file system of an image by its name.
pub(super) fn root(context: &Context, name: &str) -> PathBuf {
    cache(context).join(name).join("root")
}

/// Whether an image exists.
pub(super) fn exists(context: &Context, name: &str) -> bool {
    !name.is_empty() && root(context, name).is_dir()
}

/// The newest finished image of a recipe.
pub(super) fn find(context: &Context, recipe: &Recipe) -> Option<String> {
    generations(context, &name_of(recipe)).into_iter().max_by_key(|name| generation(name))
}

/// The image of a recipe, built where there is none, or where a new one is wanted. Gives its name.
pub(super) async fn ensure(context: &Context, recipe: &Recipe, wants_new: bool) -> Result<String> {
    if let (Some(name), false) = (find(context, recipe), wants_new) {
        return Ok(name);
    }
    let folder = cache(context);
    fs::create_dir_all(&folder).map_err(|error| DriverError::failed("make the folder for images", error))?;
    let lock_file = folder.join(format!(".{}.lock", name_of(recipe)));
    let what = "the image that another rmachine builds";
    let before = find(context, recipe);
    let lock = Lock::alone(&lock_file, what, BUILD_AT_MOST, &context.events).await?;
    let now = find(context, recipe);
    if let (Some(name), true) = (&now, !wants_new || now != before) {
        return Ok(name.clone());
    }
    build(context, recipe, &lock, now.as_deref()).await
}

/// Notes that a host stands on an image; `false` when the image went away meanwhile, and another has to be chosen.
pub(super) async fn take(context: &Context, name: &str, id: &str) -> Result<bool> {
    let _lock = lock_users(context).await?;
    if !exists(context, name) {
        return Ok(false);
    }
    let users = cache(context).join(name).join("users");
    let noted = fs::create_dir_all(&users)
        .and_then(|()| fs::write(users.join(id), context.folder.to_string_lossy().as_bytes()));
    noted.map(|()| true).map_err(|error| DriverError::failed("note the host's image", error))
}

/// Forgets a host; an image that was replaced meanwhile goes with its last one.
pub(super) async fn give_back(context: &Context, name: &str, id: &str) -> Result<()> {
    if !exists(context, name) {
        return Ok(());
    }
    let _lock = lock_users(context).await?;
    let folder = cache(context).join(name);
    let forgotten = absent_is_fine(fs::remove_file(folder.join("users").join(id)));
    forgotten.map_err(|error| DriverError::failed("forget the host's image", error))?;
    remove_replaced(context, name.split('.').next().unwrap_or(name))
}

/// Removes those images of a recipe that are not the newest and that no host stands on. The users' lock is held.
fn remove_replaced(context: &Context, recipe: &str) -> Result<()> {
    let mut all = generations(context, recipe);
    all.sort_by_key(|name| generation(name));
    all.pop();
    for folder in all.iter().map(|name| cache(context).join(name)).filter(|folder| !has_users(folder)) {
        let removed = absent_is_fine(fs::remove_dir_all(&folder));
        removed.map_err(|error| DriverError::failed("remove an image that was replaced", error))?;
    }
    Ok(())
}

/// Held for moments only, never while an image is built.
async fn lock_users(context: &Context) -> Result<Lock> {
    let what = "another rmachine that chooses an image";
    Lock::alone(&cache(context).join(".users.lock"), what, Duration::from_secs(60), &context.events).await
}

/// A machine whose folder was deleted by hand counts no more.
fn has_users(image: &Path) -> bool {
    let notes = fs::read_dir(image.join("users")).into_iter().flatten().flatten();
    notes
        .into_iter()
        .any(|note| fs::read_to_string(note.path()).is_ok_and(|folder| Path::new(&folder).is_dir()))
}

/// The finished images of a recipe.
fn generations(context: &Context, recipe: &str) -> Vec<String> {
    let entries = fs::read_dir(cache(context)).into_iter().flatten().flatten();
    let names = entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok());
    let of_recipe = |name: &String| name.strip_prefix(recipe).is_some_and(is_generation);
    names.filter(of_recipe).filter(|name| exists(context, name)).collect()
}

/// `SUITE-KEY` is the first image of a recipe, `SUITE-KEY.1` the one that replaced it.
fn is_generation(rest: &str) -> bool {
    rest.is_empty() || rest.strip_prefix('.').is_some_and(|number| number.parse::<u32>().is_ok())
}

fn generation(name: &str) -> u32 {
    name.rsplit_once('.').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}

async fn build(context: &Context, recipe: &Recipe, lock: &Lock, replaces: Option<&str>) -> Result<String> {
    let name = match replaces {
        Some(old) => format!("{}.{}", name_of(recipe), generation(old) + 1),
        None => name_of(recipe),
    };
    let folder = cache(context);
    let draft = folder.join(format!(".{}.draft", name_of(recipe)));
    let failed = |error| DriverError::failed(format!("make the image {name}"), error);
    // Nobody else is at it: we hold the lock, which a builder that outlived its rmachine would still hold.
    absent_is_fine(fs::remove_dir_all(&draft)).map_err(failed)?;
    fs::create_dir_all(&draft).map_err(failed)?;
    bootstrap(context, recipe, &draft, lock).await?;
    furnish(&draft.join("root"), recipe).map_err(failed)?;
    fs::rename(&draft, folder.join(&name)).map_err(failed)?;
    let _lock = lock_users(context).await?;
    remove_replaced(context, &name_of(recipe))?;
    Ok(name)
}

async fn bootstrap(context: &Context, recipe: &Recipe, draft: &Path, lock: &Lock) -> Result<()> {
    let failed = |error| DriverError::failed(format!("build the {} image", recipe.suite()), error);
    let keys = recipe.write_keys(draft).map_err(failed)?;
    let options = recipe.apt_options.iter().flat_map(|option| ["--aptopt", option.as_str()]);
    // In namespaces of its own: what it mounts and starts ends with it, even when it is killed.
    let command = Command::new(&context.env, "unshare")
        .args([
            "--mount",
            "--propagation=private",
            "--pid",
            "--mount-proc",
            "--fork",
            "--kill-child",
            "mmdebstrap",
        ])
        .args(["--variant=minbase", "--mode=root", "--format=directory"])
        // Without waiting for the disk after each package: a draft that did not get whole is thrown away.
        .args(["--dpkgopt=force-unsafe-io", "--aptopt=APT::Install-Recommends \"false\""])
        .arg(format!("--include={}", recipe.packages.join(",")))
        .args(["--customize-hook=chroot \"$1\" systemctl --quiet enable ssh systemd-networkd"])
        .args(options)
        .arg(&recipe.suite)
        .arg(draft.join("root"))
        .args(recipe.lines(&keys))
        .input_file(lock.file()?);
    build::run(context, command, recipe.suite(), BUILD_AT_MOST).await
}

/// What packages do not bring: our files in, secrets and identities out.
fn furnish(root: &Path, recipe: &Recipe) -> io::Result<()> {
    for (path, text) in FILES {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root))?;
        fs::write(path, text)?;
    }
    let units = root.join("etc/systemd/system");
    enable(&units, "sysinit.target.wants", "../rmachine-cgroups.service")?;
    for unit in MASKED {
        let link = units.join(unit);
        absent_is_fine(fs::remove_file(&link))?;
        std::os::unix::fs::symlink("/dev/null", link)?;
    }
    for entry in fs::read_dir(root.join("etc/ssh"))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("ssh_host_") {
            fs::remove_file(entry.path())?;
        }
    }
    fs::write(root.join("etc/machine-id"), "")?;
    for leftover in ["etc/apt/apt.conf.d/99mmdebstrap", "etc/dpkg/dpkg.cfg.d/99mmdebstrap"] {
        absent_is_fine(fs::remove_file(root.join(leftover)))?;
    }
    recipe.furnish_sources(root)
}

fn enable(units: &Path, target: &str, unit: &str) -> io::Result<()> {
    let wants = units.join(target);
    fs::create_dir_all(&wants)?;
    let link = wants.join(unit.trim_start_matches("../"));
    if link.symlink_metadata().is_ok() {
        return Ok(());
    }
    std::os::unix::fs::symlink(unit, link)
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The name of a recipe's images; what we put into each is part of it.
fn name_of(recipe: &Recipe) -> String {
    let files = FILES.iter().flat_map(|(path, text)| [*path, *text]);
    recipe.name(&recipe::digest(files.chain(MASKED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_are_told_from_other_recipes() {
        assert!(is_generation("") && is_generation(".2"));
        assert!(!is_generation(".draft") && !is_generation("ab"));
        assert_eq!([generation("trixie-0a1b"), generation("trixie-0a1b.2")], [0, 2]);
    }
}
