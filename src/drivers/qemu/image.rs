//! Images that machines stand on: fetched, taken from a file, or built here out of Debian's packages; kept in the store's cache, and
//! never changed afterwards, since every machine's disk is what differs from its image.
//!
//! Who makes one holds its lock, and so does the builder's own process as long as it lives.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use super::{Virtual, arch::Arch};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::{
        build,
        cache::{Draft, MAKING_AT_MOST},
        lock::Lock,
        recipe::{self, Recipe, Wanted},
        source::Source,
    },
    process::Command,
    retry::Deadline,
};

/// What `--qemu-image` says for an image of Debian's packages.
pub(super) const BUILD: &str = "build";
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
    let origin = Origin::of(context, state).await?;
    let name = origin.name()?;
    let is_there = || Ok(find(context, &name, arch)?.is_some());
    if is_there()? {
        return Ok(name);
    }
    if let Some(draft) = Draft::begin(context, &cache(context), &name, is_there).await? {
        origin.make(context, &draft).await?;
        draft.finish()?;
    }
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
enum Origin {
    /// Out of packages.
    Packages(Recipe),
    /// Somebody else made it.
    Given(Source),
}

impl Origin {
    async fn of(context: &Context, state: &Virtual) -> Result<Self> {
        if state.image != BUILD {
            return Ok(Self::Given(Source::of(&state.image, &state.sha256)));
        }
        let wanted = Wanted {
            driver: super::NAME,
            suite: &state.suite,
            mirrors: &state.mirrors,
            own: &PACKAGES,
            packages: &state.packages,
            is_bare: false,
        };
        Ok(Self::Packages(Recipe::of(context, wanted).await?))
    }

    /// The same image has the same name.
    fn name(&self) -> Result<String> {
        match self {
            Self::Packages(recipe) => {
                Ok(recipe.name(&recipe::digest(FILES.iter().flat_map(|(name, text)| [*name, *text]))))
            }
            Self::Given(source) => source.name(),
        }
    }

    async fn make(&self, context: &Context, draft: &Draft) -> Result<()> {
        let source = match self {
            Self::Packages(recipe) => return build(context, recipe, draft.path(), draft.lock()).await,
            Self::Given(source) => source,
        };
        let disk = draft.path().join("disk");
        source.bring(context, &disk).await?;
        let info = inspect(context, &disk).await?;
        fs::write(draft.path().join("format"), info.format)
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
}
