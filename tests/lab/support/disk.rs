//! A disk that can be filled without harm to others.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use super::lab_root;

/// A small file system, in memory, with the lab's images in it; unmounted when dropped. A host on it must be dropped before.
pub struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// A new one; `Err` says why not.
    pub fn mount() -> Result<Self, String> {
        // What the nspawn driver wants to see free, and a little.
        Self::mount_with(560)
    }

    /// The same, with this many MiB.
    pub fn mount_with(mib: u32) -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let place = lab_root().join(format!("disk-{}-{number}", std::process::id()));
        let cache = lab_root().join("cache");
        for folder in [&place, &cache] {
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mib}m,mode=700"), "lab"])
            .arg(&place)
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            return Err("a small disk cannot be mounted".to_owned());
        }
        let disk = Self { place };
        std::os::unix::fs::symlink(cache, disk.place.join("cache")).map_err(|error| error.to_string())?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub fn place(&self) -> &Path {
        &self.place
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.place).status();
        let _ = std::fs::remove_dir(&self.place);
    }
}
