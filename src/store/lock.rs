//! Locks between processes: one file per machine in `<store>/.rmachine/locks/`, one for the certificates.
//!
//! The kernel releases a lock when its holder dies, so there are no stale ones. The file holds verb and pid of the holder, for
//! messages only.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::{StoreError, files};
use crate::{
    event::Events,
    machine::MachineName,
    retry::{Backoff, Deadline, PollError, Try, poll},
};

/// Holds a machine's lock; released when dropped or when the process dies.
#[derive(Debug)]
pub struct Lock {
    name: MachineName,
    /// The machine's folder: the lock file of a machine that does not exist is not kept.
    folder: PathBuf,
    file: LockFile,
}

/// Holds the lock of the certificates; released when dropped or when the process dies.
#[derive(Debug)]
pub struct CertsLock {
    _file: LockFile,
}

impl Lock {
    pub(super) fn new(name: MachineName, folder: PathBuf, file: LockFile) -> Self {
        Self { name, folder, file }
    }

    /// Whose lock this is.
    pub fn name(&self) -> &MachineName {
        &self.name
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if !self.folder.exists() {
            let _ = fs::remove_file(&self.file.path);
        }
    }
}

impl CertsLock {
    pub(super) fn new(file: LockFile) -> Self {
        Self { _file: file }
    }
}

/// A file that is locked as long as this value lives.
#[derive(Debug)]
pub(super) struct LockFile {
    path: PathBuf,
    file: File,
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // So that nobody is told of a holder who has gone. The lock itself goes with the descriptor.
        let _ = self.file.set_len(0);
    }
}

impl LockFile {
    /// Takes the lock if nobody has it.
    pub(super) fn try_take(path: &Path, verb: &str) -> Result<Option<Self>, StoreError> {
        let failed = || StoreError::io("lock", path);
        loop {
            let file = open(path)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(failed()(error)),
                Ok(()) if is_still_at(&file, path) => {
                    let mut taken = Self { path: path.to_owned(), file };
                    taken.sign(verb).map_err(failed())?;
                    return Ok(Some(taken));
                }
                // Its last holder removed it between our open and our lock: that one protects nothing any more.
                Ok(()) => {}
            }
        }
    }

    /// Who holds the lock; `None` when nobody does. Nothing is written: a shared lock is tried and given back.
    pub(super) fn holder(path: &Path) -> Option<String> {
        match File::open(path).ok()?.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(holder(path)),
            Ok(()) | Err(TryLockError::Error(_)) => None,
        }
    }

    /// Takes the lock, waiting for its holder, who is named to whoever waits.
    pub(super) async fn take(
        path: &Path,
        verb: &str,
        what: &str,
        deadline: Deadline,
        events: &Events,
    ) -> Result<Self, StoreError> {
        if let Some(taken) = Self::try_take(path, verb)? {
            return Ok(taken);
        }
        let waiting = format!("{} to finish with {what}", holder(path));
        let outcome = poll(&waiting, deadline, Backoff::NEAR, events, || async {
            match Self::try_take(path, verb) {
                Ok(Some(taken)) => Try::Done(taken),
                Ok(None) => Try::Again("it is still at work".to_owned()),
                Err(error) => Try::Fail(error),
            }
        });
        outcome.await.map_err(|error| match error {
            PollError::Failed(error) => error,
            PollError::TimedOut(source) => {
                StoreError::Busy { holder: holder(path), what: what.to_owned(), source }
            }
        })
    }

    fn sign(&mut self, verb: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "{} {verb}", std::process::id())
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    if let Some(folder) = path.parent() {
        files::make_private_dir(folder)?;
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(StoreError::io("lock", path))
}

fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Who holds the lock, for messages.
fn holder(path: &Path) -> String {
    let mut text = String::new();
    // A lock file is one short line; whatever else is there is not ours to show.
    let read = File::open(path).and_then(|file| file.take(100).read_to_string(&mut text));
    match (read, text.trim().split_once(' ')) {
        (Ok(_), Some((pid, verb))) => format!("another rmachine ({verb}, pid {pid})"),
        (Ok(_), None) if !text.trim().is_empty() => format!("another rmachine (pid {})", text.trim()),
        _ => "another rmachine".to_owned(),
    }
}
