//! Images that machines stand on: fetched, taken from a file, or built here out of Debian's packages; kept in the store's cache, and
//! never changed afterwards, since every machine's disk is what differs from its image.
//!
//! A finished image appears by one rename. Who makes one holds its lock, and so does the builder's own process as long as it lives.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use serde::Deserialize;

use super::{Virtual, arch::Arch};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::{
        build,
        fetch::{self, Checksum},
        lock::Lock,
        recipe::{self, Recipe, Wanted},
    },
    process::Command,
    retry::Deadline,
};

/// What `--qemu-image` says for an image of Debian's packages.
pub(super) const BUILD: &str = "build";
/// Where Debian publishes its images for clouds, without a driver for hardware that no virtual machine has.
const DEBIAN: &str = "https://cloud.debian.org/images/cloud";
/// Debian's current release: its code name, and its number in the names of files.
const RELEASE: (&str, &str) = ("trixie", "13");
/// How long an image may take to get here or to be built.
const MAKING_AT_MOST: Duration = Duration::from_secs(2 * 60 * 60);
/// How long `qemu-img` may take.
const QEMU_IMG_AT_MOST: Duration = Duration::from_secs(60);
/// What a machine needs that a host in namespaces does not: Debian's kernel without drivers for hardware, by its name on either processor.
const PACKAGES: [&str; 7] = [
    "?exact-name(linux-image-cloud-amd64)",
    "?exact-name(linux-image-cloud-arm64)",
    "initramfs-tools",
    "udev",
    "e2fsprogs",
    "libpam-systemd",
    // Such a kernel has AppArmor, and an engine there starts no container without its parser.
    "apparmor",
];
/// What goes into every built image.
const FILES: [(&str, &str); 4] = [
    ("image.sh", include_str!("../../../templates/qemu/image.sh")),
    ("seed.sh", include_str!("../../../templates/qemu/seed.sh")),
    ("seed.service", include_str!("../../../templates/qemu/seed.service")),
    ("ether.network", include_str!("../../../templates/qemu/ether.network")),
];

/// An image that is here.
#[derive(Debug)]
pub(super) struct Base {
    /// Its disk.
    pub(super) disk: PathBuf,
    /// The form of the disk, in QEMU's words.
    pub(super) format: String,
    /// What is started instead of a boot loader.
    pub(super) kernel: Option<Kernel>,
    /// The firmware that starts the boot loader, where it has to be named.
    pub(super) firmware: Option<PathBuf>,
}

/// A kernel outside of a disk.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) image: PathBuf,
    pub(super) initrd: PathBuf,
}

/// What `qemu-img info` says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Info {
    format: String,
    virtual_size: u64,
    #[serde(default)]
    backing_filename: Option<String>,
}

/// The address of Debian's current image for a processor.
pub(super) fn debian(arch: Arch) -> String {
    let (name, number) = RELEASE;
    format!("{DEBIAN}/{name}/latest/debian-{number}-genericcloud-{}.qcow2", arch.debian())
}

/// Where images are.
fn cache(context: &Context) -> PathBuf {
    context.cache.join("qemu")
}

/// An image by its name, if it is here.
pub(super) fn find(context: &Context, name: &str, arch: Arch) -> Result<Option<Base>> {
    let folder = cache(context).join(name);
    let disk = folder.join("disk");
    if name.is_empty() || !disk.is_file() {
        return Ok(None);
    }
    let kernel = Kernel { image: folder.join("kernel"), initrd: folder.join("initrd") };
    let kernel = kernel.image.is_file().then_some(kernel);
    let firmware = match kernel {
        Some(_) => None,
        None => arch.firmware().map_err(|message| DriverError::Preflight { message, hint: None })?,
    };
    let format = fs::read_to_string(folder.join("format")).unwrap_or_else(|_| "raw".to_owned());
    Ok(Some(Base { disk, format: format.trim().to_owned(), kernel, firmware }))
}

/// The machine's image, made where it is not here. Gives its name.
pub(super) async fn ensure(context: &Context, state: &Virtual, arch: Arch) -> Result<String> {
    let source = Source::of(context, state).await?;
    let name = source.name()?;
    if find(context, &name, arch)?.is_some() {
        return Ok(name);
    }
    let folder = cache(context);
    fs::create_dir_all(&folder).map_err(|error| DriverError::failed("make the folder for images", error))?;
    let what = "the image that another rmachine makes";
    let lock =
        Lock::alone(&folder.join(format!(".{name}.lock")), what, MAKING_AT_MOST, &context.events).await?;
    if find(context, &name, arch)?.is_some() {
        return Ok(name);
    }
    let draft = folder.join(format!(".{name}.draft"));
    let failed = |error| DriverError::failed(format!("make the image {name}"), error);
    absent_is_fine(fs::remove_dir_all(&draft)).map_err(failed)?;
    fs::create_dir_all(&draft).map_err(failed)?;
    let made = source.make(context, &draft, &lock).await;
    if let Err(error) = made {
        // The first error counts; a draft that stays is removed by the next attempt.
        let _ = fs::remove_dir_all(&draft);
        return Err(error);
    }
    fs::rename(&draft, folder.join(&name)).map_err(failed)?;
    Ok(name)
}

/// Makes a machine's disk: what differs from the image, of so many GiB.
pub(super) async fn lay_over(context: &Context, base: &Base, disk: &Path, gib: u64) -> Result<()> {
    if disk.exists() {
        return Ok(());
    }
    let draft = disk.with_extension("draft");
    let made = Command::new(&context.env, "qemu-img")
        .args(["create", "-q", "-f", "qcow2", "-F", &base.format, "-b"])
        .args([&base.disk, &draft])
        .arg(format!("{gib}G"))
        .run(Deadline::after(QEMU_IMG_AT_MOST))
        .await;
    let doing = "make the machine's disk";
    made.map_err(|error| DriverError::failed(doing, error))?;
    fs::rename(&draft, disk).map_err(|error| DriverError::failed(doing, error))
}

/// Where an image comes from.
enum Source {
    /// Out of packages.
    Packages(Recipe),
    /// From the web.
    Web { url: String, sha256: Option<String> },
    /// From this computer.
    File { path: PathBuf, sha256: Option<String> },
}

impl Source {
    async fn of(context: &Context, state: &Virtual) -> Result<Self> {
        let sha256 = Some(state.sha256.clone()).filter(|hex| !hex.is_empty());
        if state.image == BUILD {
            let wanted = Wanted {
                driver: super::NAME,
                suite: &state.suite,
                mirrors: &state.mirrors,
                own: &PACKAGES,
                packages: &state.packages,
                is_bare: false,
            };
            return Ok(Self::Packages(Recipe::of(context, wanted).await?));
        }
        if state.image.contains("://") {
            return Ok(Self::Web { url: state.image.clone(), sha256 });
        }
        Ok(Self::File { path: state.image.clone().into(), sha256 })
    }

    /// The same image has the same name.
    fn name(&self) -> Result<String> {
        match self {
            Self::Packages(recipe) => {
                Ok(recipe.name(&recipe::digest(FILES.iter().flat_map(|(name, text)| [*name, *text]))))
            }
            Self::Web { url, sha256 } => {
                let file = url.rsplit('/').next().unwrap_or_default();
                Ok(format!(
                    "{}-{}",
                    stem(file),
                    recipe::digest([url.as_str(), sha256.as_deref().unwrap_or_default()])
                ))
            }
            Self::File { path, .. } => {
                let known = fs::metadata(path).and_then(|data| Ok((data.len(), data.modified()?)));
                let (size, changed) = known.map_err(|error| cannot_read(path, &error))?;
                let changed = changed.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
                let whole = format!("{}\0{size}\0{changed}", path.display());
                let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Ok(format!("{}-{}", stem(&file), recipe::digest([whole.as_str()])))
            }
        }
    }

    async fn make(&self, context: &Context, draft: &Path, lock: &Lock) -> Result<()> {
        let disk = draft.join("disk");
        match self {
            Self::Packages(recipe) => return build(context, recipe, draft, lock).await,
            Self::Web { url, sha256 } => {
                context.events.step(format!("fetching {url} (once)"));
                let checksum = match sha256 {
                    Some(hex) => Some(Checksum::Sha256(hex.clone())),
                    None if url.starts_with(DEBIAN) => {
                        let (folder, file) = url.rsplit_once('/').unwrap_or((url, ""));
                        Some(fetch::listed_sha512(context, &format!("{folder}/SHA512SUMS"), file).await?)
                    }
                    None => None,
                };
                fetch::file(context, url, &disk, checksum.as_ref()).await?;
            }
            Self::File { path, sha256 } => {
                context.events.step(format!("copying {} (once)", path.display()));
                fs::copy(path, &disk).map_err(|error| cannot_read(path, &error))?;
                if let Some(hex) = sha256 {
                    let doing = || format!("take {}", path.display());
                    fetch::check(&disk, &Checksum::Sha256(hex.clone()))
                        .map_err(|error| DriverError::failed(doing(), error))?;
                }
            }
        }
        let info = inspect(context, &disk).await?;
        fs::write(draft.join("format"), info.format)
            .map_err(|error| DriverError::failed("note the image's form", error))
    }
}

/// Judges a disk that came from elsewhere.
async fn inspect(context: &Context, disk: &Path) -> Result<Info> {
    let doing = "look at the image";
    let output = Command::new(&context.env, "qemu-img")
        .args(["info", "--output=json"])
        .arg(disk)
        .run(Deadline::after(QEMU_IMG_AT_MOST))
        .await
        .map_err(|error| DriverError::failed(doing, error))?;
    let info: Info =
        serde_json::from_str(&output.stdout).map_err(|error| DriverError::failed(doing, error))?;
    judge(&info).map_err(|reason| DriverError::failed(doing, reason))?;
    Ok(info)
}

/// A backing file would let an image read any file of this computer.
fn judge(info: &Info) -> std::result::Result<(), String> {
    if let Some(other) = &info.backing_filename {
        return Err(format!(
            "it stands on another file, {other}; flatten it: qemu-img convert -O qcow2 IMAGE FLAT"
        ));
    }
    match info.format.as_str() {
        "raw" if info.virtual_size < 64 << 20 => {
            Err("it is no image of a disk: it is no qcow2, and too small to be a raw one".to_owned())
        }
        "qcow2" | "raw" | "vmdk" | "vdi" | "vhdx" | "vpc" => Ok(()),
        other => Err(format!("its form is {other}; convert it: qemu-img convert -O qcow2 IMAGE NEW")),
    }
}

async fn build(context: &Context, recipe: &Recipe, draft: &Path, lock: &Lock) -> Result<()> {
    let doing = || format!("build the {} image", recipe.suite());
    let laid = FILES.iter().try_for_each(|(name, text)| fs::write(draft.join(name), text));
    laid.map_err(|error| DriverError::failed(doing(), error))?;
    let keys = recipe.write_keys(draft).map_err(|error| DriverError::failed(doing(), error))?;
    let options = recipe.apt_options.iter().flat_map(|option| ["--aptopt", option.as_str()]);
    // From within the draft, so that no path of ours is part of a hook.
    let mut chdir = std::ffi::OsString::from("--chdir=");
    chdir.push(draft);
    let command = Command::new(&context.env, "env")
        .arg(chdir)
        .args(["mmdebstrap", "--variant=minbase", "--mode=unshare", "--format=null"])
        // Without waiting for the disk after each package: a draft that did not get whole is thrown away.
        .args(["--dpkgopt=force-unsafe-io", "--aptopt=APT::Install-Recommends \"false\""])
        .arg(format!("--include={}", recipe.packages.join(",")))
        .arg("--customize-hook=mkdir -p \"$1/run/rmachine\"")
        .arg(format!("--customize-hook=copy-in {} /run/rmachine", FILES.map(|(name, _)| name).join(" ")))
        .arg("--customize-hook=chroot \"$1\" sh /run/rmachine/image.sh")
        .arg("--customize-hook=copy-out /run/rmachine/out/disk /run/rmachine/out/kernel /run/rmachine/out/initrd .")
        .args(options)
        .arg(&recipe.suite)
        .arg("-")
        .args(recipe.lines(&keys))
        .input_file(lock.file()?);
    build::run(context, command, recipe.suite(), MAKING_AT_MOST).await
}

fn stem(file: &str) -> String {
    let stem: String = file
        .split('.')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .take(60)
        .collect();
    if stem.is_empty() { "image".to_owned() } else { stem }
}

fn cannot_read(path: &Path, error: &io::Error) -> DriverError {
    DriverError::Preflight {
        message: format!("the image {} cannot be read: {error}", path.display()),
        hint: Some("--qemu-image with a file, an address, or `build`".to_owned()),
    }
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(format: &str, backing: Option<&str>) -> Info {
        Info {
            format: format.to_owned(),
            virtual_size: 2 << 30,
            backing_filename: backing.map(str::to_owned),
        }
    }

    #[test]
    fn an_image_that_stands_on_another_file_is_refused() {
        assert!(judge(&info("qcow2", None)).is_ok());
        let refused = judge(&info("qcow2", Some("/etc/shadow"))).unwrap_err();
        assert!(refused.contains("stands on another file, /etc/shadow"), "{refused}");
        assert!(judge(&info("luks", None)).is_err());
        let page = Info { virtual_size: 4096, ..info("raw", None) };
        assert!(judge(&page).unwrap_err().contains("no image of a disk"));
    }

    #[test]
    fn the_same_address_gives_the_same_name_and_another_another() {
        let web = |url: &str, sha: Option<&str>| {
            Source::Web { url: url.to_owned(), sha256: sha.map(str::to_owned) }.name().unwrap()
        };
        let name = web("https://x.example/debian-13.qcow2", None);
        assert_eq!(name, web("https://x.example/debian-13.qcow2", None));
        assert_ne!(name, web("https://y.example/debian-13.qcow2", None));
        assert_ne!(name, web("https://x.example/debian-13.qcow2", Some("ab")));
        assert!(name.starts_with("debian-13-"), "{name}");
        assert!(web("https://x.example/", None).starts_with("image-"));
    }

    #[test]
    fn debians_image_is_of_this_computers_processor() {
        let address = debian(Arch::Arm);
        assert_eq!(
            address,
            "https://cloud.debian.org/images/cloud/trixie/latest/debian-13-genericcloud-arm64.qcow2"
        );
    }
}
