//! Locks between processes: one file, held by the open file, so that they end with whoever held them.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
    time::Duration,
};

use crate::{
    driver::{DriverError, Result},
    event::Events,
    retry::{self, Backoff, Deadline, PollError, Try},
};

/// Holds a lock until it is dropped.
#[derive(Debug)]
pub(in crate::drivers) struct Lock {
    file: File,
}

impl Lock {
    /// Alone, waiting at most so long; `what` says what is being waited for.
    pub(in crate::drivers) async fn alone(
        path: &Path,
        what: &str,
        at_most: Duration,
        events: &Events,
    ) -> Result<Self> {
        Self::wait(path, what, at_most, events, File::try_lock).await
    }

    /// Together with others that want it together.
    pub(in crate::drivers) async fn shared(
        path: &Path,
        what: &str,
        at_most: Duration,
        events: &Events,
    ) -> Result<Self> {
        Self::wait(path, what, at_most, events, File::try_lock_shared).await
    }

    /// Alone and at once, or not at all.
    pub(in crate::drivers) fn alone_now(path: &Path) -> Option<Self> {
        let file = open(path).ok()?;
        file.try_lock().ok()?;
        Some(Self { file })
    }

    /// The open file, to be handed to a program that must keep the lock even when we die.
    pub(in crate::drivers) fn file(&self) -> Result<File> {
        self.file.try_clone().map_err(|error| DriverError::failed("hand on a lock", error))
    }

    async fn wait(
        path: &Path,
        what: &str,
        at_most: Duration,
        events: &Events,
        take: fn(&File) -> std::result::Result<(), TryLockError>,
    ) -> Result<Self> {
        let doing = || format!("lock {}", path.display());
        let file = open(path).map_err(|error| DriverError::failed(doing(), error))?;
        let attempt = || async {
            match take(&file) {
                Ok(()) => Try::Done(()),
                Err(TryLockError::WouldBlock) => Try::Again("it is still held".to_owned()),
                Err(TryLockError::Error(error)) => Try::Fail(error),
            }
        };
        match retry::poll(what, Deadline::after(at_most), Backoff::NEAR, events, attempt).await {
            Ok(()) => Ok(Self { file }),
            Err(PollError::TimedOut(late)) => Err(late.into()),
            Err(PollError::Failed(error)) => Err(DriverError::failed(doing(), error)),
        }
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::options().create(true).truncate(false).read(true).write(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lock_held_by_one_makes_the_other_wait_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sub/lock");
        let held = Lock::alone_now(&path).unwrap();
        assert!(Lock::alone_now(&path).is_none());
        let soon = Duration::from_millis(60);
        let late = Lock::alone(&path, "the other", soon, &Events::silent()).await.unwrap_err();
        assert!(late.to_string().contains("gave up waiting for the other"), "{late}");
        drop(held);
        Lock::alone(&path, "nobody", soon, &Events::silent()).await.unwrap();
    }

    #[tokio::test]
    async fn those_who_share_do_not_wait_for_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let soon = Duration::from_millis(60);
        let first = Lock::shared(&path, "nobody", soon, &Events::silent()).await.unwrap();
        let second = Lock::shared(&path, "nobody", soon, &Events::silent()).await.unwrap();
        assert!(Lock::alone_now(&path).is_none());
        drop((first, second));
        assert!(Lock::alone_now(&path).is_some());
    }
}
