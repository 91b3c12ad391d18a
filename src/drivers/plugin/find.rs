//! Which plugins there are: programs on PATH, in the store's folder for them, and inside of an installed docker-machine.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::env::{Env, is_executable};

/// How the programs of plugins are named, the driver's name after it; the first wins, and speaks the protocol of our own.
const PREFIXES: [&str; 2] = ["rmachine-driver-", "docker-machine-driver-"];
/// The folder of a store for plugins of its own.
const FOLDER: &str = ".rmachine/plugins";
/// A program with several drivers in it.
const DOCKER_MACHINE: &str = "docker-machine";
/// The drivers that every docker-machine has.
const INSIDE: [&str; 13] = [
    "amazonec2",
    "azure",
    "digitalocean",
    "exoscale",
    "google",
    "openstack",
    "rackspace",
    "softlayer",
    "virtualbox",
    "vmwarefusion",
    "vmwarevcloudair",
    "vmwarevsphere",
    "hyperv",
];

/// A plugin's program, and which driver it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Program {
    /// The driver.
    pub driver: String,
    /// The file.
    pub path: PathBuf,
}

impl Program {
    /// Whether it speaks the protocol of our own.
    pub fn speaks_in_lines(&self) -> bool {
        self.file_name().starts_with(PREFIXES[0])
    }

    /// The file's name, for messages.
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// The program of a driver.
pub fn find(env: &Env, store: Option<&Path>, driver: &str) -> Option<Program> {
    if driver.is_empty() || driver.contains(['/', '\\', '\0']) {
        return None;
    }
    let (names, folders) = (file_names(driver), folders(env, store));
    let mut own: Vec<PathBuf> =
        names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).collect();
    own.retain(|path| path.is_file());
    let inside = || docker_machine(env).filter(|_| INSIDE.contains(&driver));
    let usable = own.iter().find(|path| is_executable(path)).cloned().or_else(inside);
    // Of one that may not be run it is told what it lacks.
    let path = usable.or_else(|| own.into_iter().next())?;
    Some(Program { driver: driver.to_owned(), path })
}

/// Every plugin, by its driver's name.
pub fn all(env: &Env, store: Option<&Path>) -> Vec<Program> {
    let mut drivers = BTreeSet::new();
    for entry in folders(env, store).iter().flat_map(fs::read_dir).flatten().flatten() {
        let name = entry.file_name();
        let driver =
            name.to_str().and_then(|name| PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)));
        // A checksum or an archive beside a plugin has a dot in its name.
        drivers.extend(
            driver.filter(|driver| !driver.contains('.') || is_executable(&entry.path())).map(str::to_owned),
        );
    }
    if docker_machine(env).is_some() {
        drivers.extend(INSIDE.map(str::to_owned));
    }
    drivers.iter().filter_map(|driver| find(env, store, driver)).collect()
}

/// The programs that a driver's plugin may be: one of our own protocol, one of docker-machine's.
pub fn file_names(driver: &str) -> [String; 2] {
    PREFIXES.map(|prefix| format!("{prefix}{driver}"))
}

/// Where plugins are looked for: the store's own first.
fn folders(env: &Env, store: Option<&Path>) -> Vec<PathBuf> {
    store.map(|store| store.join(FOLDER)).into_iter().chain(env.path_folders()).collect()
}

/// A docker-machine that is not this program under another name.
fn docker_machine(env: &Env) -> Option<PathBuf> {
    let own = fs::canonicalize(&env.exe).ok();
    let is_other = |path: &PathBuf| fs::canonicalize(path).ok() != own;
    env.path_folders()
        .into_iter()
        .map(|dir| dir.join(DOCKER_MACHINE))
        .filter(|path| is_executable(path))
        .find(is_other)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn plugins_are_found_on_path_in_the_store_and_inside_of_docker_machine() {
        let folder = tempfile::tempdir().unwrap();
        let (bin, store) = (folder.path().join("bin"), folder.path().join("store"));
        program(&bin.join("docker-machine-driver-hetzner"));
        program(&bin.join("rmachine-driver-own"));
        program(&bin.join("docker-machine-driver-own"));
        program(&bin.join("docker-machine"));
        program(&store.join(".rmachine/plugins/docker-machine-driver-kvm"));
        fs::write(bin.join("docker-machine-driver-text"), "no program").unwrap();
        fs::write(bin.join("docker-machine-driver-hetzner.sha256"), "a checksum").unwrap();
        fs::write(store.join(".rmachine/plugins/docker-machine-driver-hetzner"), "a program without its bit")
            .unwrap();
        let mut env = Env::for_tests(folder.path());
        env.vars.insert("PATH".into(), bin.to_string_lossy().into_owned());
        let path = |driver| find(&env, Some(&store), driver).map(|program| program.path);
        assert_eq!(path("hetzner"), Some(bin.join("docker-machine-driver-hetzner")));
        assert_eq!(path("own"), Some(bin.join("rmachine-driver-own")));
        assert_eq!(path("kvm"), Some(store.join(".rmachine/plugins/docker-machine-driver-kvm")));
        assert_eq!(path("amazonec2"), Some(bin.join("docker-machine")));
        assert_eq!(path("text"), Some(bin.join("docker-machine-driver-text")), "to be told what it lacks");
        for none in ["none", "", "../../bin/own", "linode"] {
            assert_eq!(path(none), None, "{none}");
        }
        let names: Vec<String> = all(&env, Some(&store)).into_iter().map(|program| program.driver).collect();
        assert!(
            ["hetzner", "own", "kvm", "amazonec2", "text"]
                .iter()
                .all(|name| names.contains(&(*name).to_owned()))
        );
        assert!(!names.contains(&"hetzner.sha256".to_owned()));
        assert!(
            all(&env, Some(&store))
                .iter()
                .all(|program| path(&program.driver).as_ref() == Some(&program.path))
        );
    }

    #[test]
    fn our_own_link_of_that_name_is_no_docker_machine() {
        let folder = tempfile::tempdir().unwrap();
        let exe = folder.path().join("rmachine");
        program(&exe);
        std::os::unix::fs::symlink(&exe, folder.path().join("docker-machine")).unwrap();
        let mut env = Env::for_tests(folder.path());
        env.vars.insert("PATH".into(), folder.path().to_string_lossy().into_owned());
        env.exe = exe;
        assert_eq!(find(&env, None, "amazonec2"), None);
    }
}
