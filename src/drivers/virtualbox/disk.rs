//! Disks: an image is made VirtualBox' own kind once and kept in the store's cache; a machine's disk is what differs from it.
//!
//! What VirtualBox has open stands in its registry. Whatever is done here leaves nothing there that no machine uses.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    Boxed,
    manage::{Call, Manage},
};
use crate::{
    driver::{Context, DriverError, Result},
    drivers::local::{cache::Draft, source::Source},
};

/// The first bytes of a disk of QEMU's kind, and where its header says on which other file it stands.
const QCOW: &[u8] = b"QFI\xfb";
const QCOW_BACKING: usize = 8;
/// The mark of VirtualBox' own kind, and where it stands.
const VDI: [u8; 4] = 0xbeda_107f_u32.to_le_bytes();
const VDI_AT: usize = 0x40;
/// The end of a boot sector, and where it stands.
const BOOT: [u8; 2] = [0x55, 0xaa];
const BOOT_AT: usize = 510;

/// Files of a machine.
#[derive(Debug)]
pub(super) struct Files<'a>(&'a Path);

impl<'a> Files<'a> {
    /// In its folder.
    pub(super) fn of(context: &'a Context) -> Self {
        Self(&context.folder)
    }

    /// What differs from the image.
    pub(super) fn disk(&self) -> PathBuf {
        self.0.join("disk.vdi")
    }

    /// What a guest reads at its first boot.
    pub(super) fn seed(&self) -> PathBuf {
        self.0.join("seed.vdi")
    }

    /// The disk of a machine of boot2docker's kind.
    pub(super) fn data(&self) -> PathBuf {
        self.0.join("disk.vmdk")
    }

    /// What such a machine boots from.
    pub(super) fn iso(&self) -> PathBuf {
        self.0.join("boot2docker.iso")
    }

    /// What the guest's first serial line said.
    pub(super) fn console(&self) -> PathBuf {
        self.0.join("console.log")
    }
}

/// Where images are.
fn cache(context: &Context) -> PathBuf {
    context.cache.join("virtualbox")
}

/// An image's disk.
pub(super) fn image(context: &Context, name: &str) -> PathBuf {
    cache(context).join(name).join("disk.vdi")
}

/// The machine's image, made where it is not here. Gives its name.
pub(super) async fn ensure_image(manage: Manage<'_>, state: &Boxed) -> Result<String> {
    let context = manage.context;
    let source = Source::of(&state.image, &state.sha256);
    let name = source.name()?;
    let is_there = || Ok(image(context, &name).is_file());
    if is_there()? {
        return Ok(name);
    }
    if let Some(draft) = Draft::begin(context, &cache(context), &name, is_there).await? {
        let brought = draft.path().join("brought");
        source.bring(context, &brought).await?;
        context.events.step("making it a disk of VirtualBox (once)");
        convert(manage, &brought, &draft.path().join("disk.vdi")).await?;
        fs::remove_file(&brought).map_err(|error| DriverError::failed("tidy up the image", error))?;
        draft.finish()?;
    }
    Ok(name)
}

async fn convert(manage: Manage<'_>, from: &Path, to: &Path) -> Result<()> {
    let doing = "make the image a disk of VirtualBox";
    let kind = kind(from).map_err(|reason| DriverError::failed(doing, reason))?;
    let call = match kind {
        Kind::Raw => Call::new(["convertfromraw"]).args([from, to]),
        Kind::Known => Call::new(["clonemedium", "disk"]).args([from, to]),
    };
    let made = manage.call(doing, call.args(["--format", "VDI"]).work()).await;
    for path in [from, to] {
        // Of one that was never opened there is nothing to forget.
        forget(manage, "disk", path).await?;
    }
    made.map(drop)
}

/// How a disk is read.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Byte for byte.
    Raw,
    /// As one of a kind that VirtualBox knows.
    Known,
}

fn kind(path: &Path) -> std::result::Result<Kind, String> {
    let mut head = [0; 512];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).map_err(|error| error.to_string())?;
    if head.starts_with(QCOW) {
        // It would let an image read any file of this computer.
        let stands_on_another = head[QCOW_BACKING..QCOW_BACKING + 8].iter().any(|byte| *byte != 0);
        return if stands_on_another {
            Err("it stands on another file; flatten it: qemu-img convert -O qcow2 IMAGE FLAT".to_owned())
        } else {
            Ok(Kind::Known)
        };
    }
    if head[VDI_AT..].starts_with(&VDI) {
        return Ok(Kind::Known);
    }
    if head[BOOT_AT..] == BOOT {
        return Ok(Kind::Raw);
    }
    Err("it is no image of a disk that is known here (qcow2, vdi, raw): qemu-img convert -O qcow2 IMAGE NEW"
        .to_owned())
}

/// Makes a machine's disk: what differs from its image, of so many MiB, or of the image's own size if that is more.
pub(super) async fn lay_over(manage: Manage<'_>, base: &Path, disk: &Path, mib: u64) -> Result<()> {
    let doing = "make the machine's disk";
    let call = Call::new(["createmedium", "disk", "--filename"]).arg(disk);
    manage.call(doing, call.args(["--format", "VDI", "--diffparent"]).arg(base)).await?;
    let info = manage.call(doing, Call::new(["showmediuminfo", "disk"]).arg(disk)).await?;
    if capacity(&info).is_none_or(|own| own >= mib) {
        return Ok(());
    }
    let grow = Call::new(["modifymedium", "disk"]).arg(disk).args(["--resize", &mib.to_string()]);
    manage.call(doing, grow).await.map(drop)
}

/// In MiB, out of `showmediuminfo`.
fn capacity(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("Capacity:"))?;
    line.trim().strip_suffix(" MBytes")?.parse().ok()
}

/// Makes a disk that begins with these bytes and is so many bytes long.
pub(super) async fn make(manage: Manage<'_>, disk: &Path, bytes: Vec<u8>, size: u64) -> Result<()> {
    let format = if disk.extension().is_some_and(|ending| ending == "vmdk") { "VMDK" } else { "VDI" };
    let call = Call::new(["convertfromraw", "stdin"]).arg(disk).args([&size.to_string(), "--format", format]);
    manage.call("make the machine's disk", call.input(bytes).work()).await.map(drop)
}

/// Copies the disk of another VM.
pub(super) async fn import(manage: Manage<'_>, from: &str, to: &Path) -> Result<()> {
    let call = Call::new(["clonemedium", "disk", from]).arg(to).args(["--format", "VMDK"]);
    manage.call("copy the disk to import", call.work()).await.map(drop)
}

/// Deletes a disk; one that is not there is fine.
pub(super) async fn discard(manage: Manage<'_>, disk: &Path) -> Result<()> {
    if disk.exists() {
        let call = Call::new(["closemedium", "disk"]).arg(disk).arg("--delete");
        if let Err(refusal) = manage.attempt(call).await?
            && refusal.is_in_use()
        {
            return Err(DriverError::failed("delete the machine's disk", refusal));
        }
    }
    // What VirtualBox does not take for a disk, such as one that it did not get ready.
    match fs::remove_file(disk) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(DriverError::failed("delete the machine's disk", error))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Has VirtualBox forget a `disk` or `dvd` that nobody uses; one that others still stand on stays.
pub(super) async fn forget(manage: Manage<'_>, kind: &str, medium: &Path) -> Result<()> {
    if !medium.is_file() {
        return Ok(());
    }
    // What stays in the registry nobody else takes out: it is worth a second try. One that is no disk at all is not known there either.
    for _ in 0..2 {
        match manage.attempt(Call::new(["closemedium", kind]).arg(medium)).await? {
            Err(refusal) if !refusal.is_in_use() => {}
            Ok(_) | Err(_) => break,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_images_are_told_by_their_bytes_and_what_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        let of = |edits: &[(usize, &[u8])]| {
            let mut bytes = vec![0; 1024];
            for (at, part) in edits {
                bytes[*at..*at + part.len()].copy_from_slice(part);
            }
            fs::write(&path, bytes).unwrap();
            kind(&path)
        };
        assert_eq!(of(&[(0, QCOW)]), Ok(Kind::Known));
        assert_eq!(of(&[(VDI_AT, &VDI)]), Ok(Kind::Known));
        assert_eq!(of(&[(BOOT_AT, &BOOT)]), Ok(Kind::Raw));
        assert!(of(&[(0, QCOW), (15, &[1])]).unwrap_err().contains("stands on another file"));
        assert!(of(&[(0, b"<html>")]).unwrap_err().contains("no image of a disk"));
    }

    #[test]
    fn a_disks_size_is_read() {
        assert_eq!(capacity("Format variant: dynamic default\nCapacity:       2000 MBytes\n"), Some(2000));
        assert_eq!(capacity("Capacity: much\n"), None);
    }
}
