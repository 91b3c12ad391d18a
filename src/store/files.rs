//! Files and folders as a store needs them: modes from creation, whole or not at all, on the disk before we go on.

use std::{
    fs::{self, DirBuilder, File, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::StoreError;

/// Begins the name of every unfinished file, so that whoever holds the lock next can tell it from a finished one.
const UNFINISHED: &str = ".rmachine-unfinished-";

/// Makes a folder, and its parents, for nobody but us; fine when it exists.
pub(crate) fn make_private_dir(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(StoreError::io("make the folder", path))
}

/// Writes a file whole or not at all: beside its place with its mode from the start, to the disk, then over the old one.
pub(crate) fn write_atomically(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), StoreError> {
    write_atomically_if(path, mode, bytes, || true)
}

/// The same, unless the last look at what is to be replaced says no; then nothing is changed.
pub(crate) fn write_atomically_if(
    path: &Path,
    mode: u32,
    bytes: &[u8],
    is_still_wanted: impl FnOnce() -> bool,
) -> Result<(), StoreError> {
    let folder = parent(path);
    let file = staged(folder, path, mode, bytes)?;
    if !is_still_wanted() {
        return Ok(());
    }
    place(file, path)?;
    sync_dir(folder)
}

/// The same, where nobody else was first.
pub(super) fn write_first(path: &Path, mode: u32, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = parent(path);
    match staged(folder, path, mode, bytes)?.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::io("write", path)(error.error))
        }
        Ok(_) | Err(_) => sync_dir(folder),
    }
}

/// The same for files of a folder that belong together, 0600: none takes its place before all are on the disk.
pub(crate) fn write_together(folder: &Path, wanted: &[(&str, &[u8])]) -> Result<(), StoreError> {
    let mut all = Vec::with_capacity(wanted.len());
    for (name, bytes) in wanted {
        let path = folder.join(name);
        all.push((staged(folder, &path, 0o600, bytes)?, path));
    }
    for (file, path) in all {
        place(file, &path)?;
    }
    sync_dir(folder)
}

fn staged(folder: &Path, path: &Path, mode: u32, bytes: &[u8]) -> Result<NamedTempFile, StoreError> {
    let failed = || StoreError::io("write", path);
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(folder)
        .map_err(failed())?;
    file.write_all(bytes).map_err(failed())?;
    // The umask may have taken bits away that the caller asked for.
    file.as_file().set_permissions(Permissions::from_mode(mode)).map_err(failed())?;
    file.as_file().sync_all().map_err(failed())?;
    Ok(file)
}

fn place(file: NamedTempFile, path: &Path) -> Result<(), StoreError> {
    file.persist(path).map(drop).map_err(|error| StoreError::io("write", path)(error.error))
}

/// Deletes a file; fine when there is none.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("delete", path)(error)),
        _ => Ok(()),
    }
}

/// Deletes what a process that died in [`write_atomically`] left in a folder. Only for who holds the folder's lock.
pub(crate) fn sweep_unfinished(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes the renames in a folder survive a power cut.
pub(crate) fn sync_dir(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|dir| dir.sync_all()).map_err(StoreError::io("write", folder))
}

/// Reads a file; `None` when there is none.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

/// Deletes a folder with everything in it, or what stands in its place; fine when there is none.
pub(crate) fn remove_dir(path: &Path) -> Result<(), StoreError> {
    let outcome = match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(path),
        outcome => outcome,
    };
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::io("delete", path)(error)),
        _ => Ok(()),
    }
}

/// Moves a folder to another place of the same file system.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::io("move to its place", to))?;
    sync_dir(parent(to))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// The names of the folders in a folder that do not begin with a dot, sorted; none when it does not exist.
pub(crate) fn visible_dirs(folder: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", folder))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(StoreError::io("list", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && is_dir(&entry.path()) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The names of the files in a folder, sorted; none when it does not exist.
pub(crate) fn files(folder: &Path) -> Result<Vec<String>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(StoreError::io("list", folder))?,
    };
    let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut names: Vec<_> = files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    Ok(names)
}

fn is_dir(path: &PathBuf) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_never_seen_half_written_or_with_another_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        write_atomically(&path, 0o600, b"one").unwrap();
        let before = File::open(&path).unwrap();
        write_atomically(&path, 0o600, b"two").unwrap();
        assert_eq!(io::read_to_string(before).unwrap(), "one");
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn what_a_dead_process_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!("{UNFINISHED}x")), "").unwrap();
        fs::write(folder.path().join("config.json"), "").unwrap();
        sweep_unfinished(folder.path());
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["config.json"]);
    }
}
