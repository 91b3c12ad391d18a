//! A host's own files, laid over the image before it starts: who it is, how it is reached, and who may log in.
//!
//! They are written straight into the upper folder of the overlay while nothing is mounted. A folder that appears there takes its mode
//! from there, hence the modes below.

use std::{
    fs, io,
    net::Ipv4Addr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{net, resolve, subnet::Subnet};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::{
        apt_conf,
        keys::{keypair, replace},
        recipe,
    },
};

/// The host's private key inside.
const HOST_KEY: &str = "etc/ssh/ssh_host_ed25519_key";

/// Where everything of a host lies in its machine's folder.
#[derive(Debug)]
pub(super) struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// Of a machine.
    pub(super) fn of(context: &Context) -> Self {
        Self { folder: context.file("host") }
    }

    /// The folder of it all.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What differs from the image.
    pub(super) fn upper(&self) -> PathBuf {
        self.folder.join("upper")
    }

    /// The overlay's scratch folder.
    pub(super) fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Where the host's launcher mounts its root file system; empty for everyone else.
    pub(super) fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// Folders on the real disk, by their place inside: an overlay can't stand on an overlay.
    pub(super) fn bound(&self) -> [(PathBuf, &'static str); 2] {
        [
            (self.folder.join("docker"), "/var/lib/docker"),
            (self.folder.join("containerd"), "/var/lib/containerd"),
        ]
    }

    /// The script that becomes the host.
    pub(super) fn launcher(&self) -> PathBuf {
        self.folder.join("launch.sh")
    }

    /// What the host's console said since its last start.
    pub(super) fn console(&self) -> PathBuf {
        self.folder.join("console.log")
    }
}

/// Lays out a new host; what is there already stays. Gives the host's public key.
pub(super) async fn prepare(context: &Context, login_key: &str) -> Result<String> {
    let layout = Layout::of(context);
    let apt_dump = recipe::apt_config(context).await;
    let env = &context.env;
    let apt = apt_conf::for_host(&apt_dump, env.var("http_proxy"), env.var("https_proxy"));
    let laid = lay_out(&layout, context.name.as_str(), login_key, &apt);
    laid.map_err(|error| DriverError::failed("lay out the host's files", error))
}

/// Removes everything of a host. Something that is mounted there is somebody else's and stays untouched.
pub(super) async fn remove(context: &Context) -> Result<()> {
    let layout = Layout::of(context);
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    if let Some(mounted) = mounted_below(&mounts, layout.folder()) {
        return Err(DriverError::failed("remove the host's files", format!("{mounted} is mounted there")));
    }
    match tokio::fs::remove_dir_all(layout.folder()).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(DriverError::failed("remove the host's files", error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The first mount point in or below a folder.
fn mounted_below<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    points.into_iter().find(|point| Path::new(point).starts_with(folder))
}

/// What may have changed since the last start: addresses and resolvers.
pub(super) fn refresh(context: &Context, subnet: Subnet, address: Ipv4Addr) -> Result<()> {
    let layout = Layout::of(context);
    let network = network_file(subnet, address)?;
    let upper = layout.upper();
    let write = |path: &str, text: &str, mode| write(&upper, path, text.as_bytes(), mode);
    let written = write("etc/systemd/network/10-host0.network", &network, 0o644)
        .and_then(|()| write("etc/resolv.conf", &resolve::resolv_conf(), 0o644));
    written.map_err(|error| DriverError::failed("write the host's network settings", error))
}

fn lay_out(layout: &Layout, name: &str, login_key: &str, apt: &str) -> io::Result<String> {
    make_folder(layout.folder(), 0o700)?;
    for folder in [layout.upper(), layout.work(), layout.root()] {
        make_folder(&folder, 0o755)?;
    }
    for (outside, _) in layout.bound() {
        make_folder(&outside, 0o711)?;
    }
    let upper = layout.upper();
    let write = |path: &str, text: &str, mode| write(&upper, path, text.as_bytes(), mode);
    let own_hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    write("etc/hostname", &format!("{name}\n"), 0o644)?;
    write("etc/hosts", &resolve::hosts(&own_hosts, name), 0o644)?;
    write("etc/machine-id", &format!("{:032x}\n", rand::random::<u128>()), 0o444)?;
    write("etc/apt/apt.conf.d/90rmachine", apt, 0o644)?;
    make_folder(&upper.join("root"), 0o700)?;
    make_folder(&upper.join("root/.ssh"), 0o700)?;
    write("root/.ssh/authorized_keys", login_key, 0o600)?;
    make_folders(&upper, Path::new(HOST_KEY).parent().unwrap_or(Path::new("")))?;
    keypair(&upper.join(HOST_KEY), name)
}

fn network_file(subnet: Subnet, address: Ipv4Addr) -> Result<String> {
    let mut templates = minijinja::Environment::new();
    templates.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    let values = minijinja::context! {
        address => address.to_string(),
        hardware => hardware_address(address),
        prefix => subnet.prefix(),
        gateway => subnet.gateway().to_string(),
        mtu => net::mtu(),
    };
    let text = include_str!("../../../templates/nspawn/host0.network");
    templates
        .render_str(text, values)
        .map_err(|error| DriverError::failed("write the host's network settings", error))
}

/// An address has one hardware address, whichever host has it: a neighbour remembers the last one for up to half a minute, and what
/// it sends to a new host at the same address would not arrive.
fn hardware_address(address: Ipv4Addr) -> String {
    let [a, b, c, d] = address.octets();
    format!("02:72:{a:02x}:{b:02x}:{c:02x}:{d:02x}")
}

fn write(upper: &Path, path: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    make_folders(upper, Path::new(path).parent().unwrap_or(Path::new("")))?;
    replace(&upper.join(path), bytes, mode)
}

/// Each folder of a path inside, open to read as it is in the image.
fn make_folders(upper: &Path, inside: &Path) -> io::Result<()> {
    let mut folder = upper.to_owned();
    for part in inside {
        folder.push(part);
        make_folder(&folder, 0o755)?;
    }
    Ok(())
}

fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    match fs::DirBuilder::new().mode(mode).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Not left to the umask: these folders become the host's.
        Ok(()) => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out() -> (tempfile::TempDir, Layout, String) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout { folder: folder.path().join("host") };
        let key = lay_out(&layout, "n1", "ssh-ed25519 AAAA n1\n", "").unwrap();
        (folder, layout, key)
    }

    #[test]
    fn laying_out_again_keeps_the_identity() {
        let (_folder, layout, key) = laid_out();
        let again = lay_out(&layout, "n1", "ssh-ed25519 AAAA n1\n", "").unwrap();
        assert_eq!(again, key);
        assert!(key.starts_with("ssh-ed25519 AAAA"), "{key}");
    }

    #[test]
    fn sshd_would_accept_the_modes() {
        let (_folder, layout, _) = laid_out();
        let mode = |path: &str| fs::metadata(layout.upper().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            ["root/.ssh", "root/.ssh/authorized_keys", HOST_KEY, "etc", "etc/ssh"].map(mode),
            [0o700, 0o600, 0o600, 0o755, 0o755]
        );
    }

    #[test]
    fn what_is_mounted_in_a_hosts_folder_is_found() {
        let mounts = "none /a/host2 tmpfs rw 0 0\nnone /a/host/docker/x tmpfs rw 0 0\n";
        assert_eq!(mounted_below(mounts, Path::new("/a/host")), Some("/a/host/docker/x"));
        assert_eq!(mounted_below(mounts, Path::new("/a/hos")), None);
    }

    #[test]
    fn the_network_file_holds_the_address() {
        let text = network_file("10.47.0.0/24".parse().unwrap(), Ipv4Addr::new(10, 47, 0, 7)).unwrap();
        assert!(text.contains("MACAddress=02:72:0a:2f:00:07\n"), "{text}");
        assert!(text.contains("Address=10.47.0.7/24\nGateway=10.47.0.1\n"), "{text}");
    }
}
