//! Images in the store's cache: each appears whole, by one rename, and is made once, however many machines want it at once.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::lock::Lock;
use crate::driver::{Context, DriverError, Result};

/// How long an image may take to get here or to be made.
pub(in crate::drivers) const MAKING_AT_MOST: Duration = Duration::from_secs(2 * 60 * 60);

/// An image that is being made; what it leaves unfinished is removed.
#[derive(Debug)]
pub(in crate::drivers) struct Draft {
    path: PathBuf,
    target: PathBuf,
    lock: Lock,
}

impl Draft {
    /// The folder for an image of this name, in a folder of the cache; `None` where another rmachine made it meanwhile.
    pub(in crate::drivers) async fn begin(
        context: &Context,
        folder: &Path,
        name: &str,
        is_there: impl Fn() -> Result<bool>,
    ) -> Result<Option<Self>> {
        fs::create_dir_all(folder)
            .map_err(|error| DriverError::failed("make the folder for images", error))?;
        let what = "the image that another rmachine makes";
        let lock = folder.join(format!(".{name}.lock"));
        let lock = Lock::alone(&lock, what, MAKING_AT_MOST, &context.events).await?;
        if is_there()? {
            return Ok(None);
        }
        let draft = Self { path: folder.join(format!(".{name}.draft")), target: folder.join(name), lock };
        draft.clear().map_err(|error| DriverError::failed(format!("make the image {name}"), error))?;
        Ok(Some(draft))
    }

    fn clear(&self) -> io::Result<()> {
        absent_is_fine(fs::remove_dir_all(&self.path))?;
        // An image of which only a part is left.
        absent_is_fine(fs::remove_dir_all(&self.target))?;
        fs::create_dir_all(&self.path)
    }

    /// Where its files go.
    pub(in crate::drivers) fn path(&self) -> &Path {
        &self.path
    }

    /// What is held until it is done.
    pub(in crate::drivers) fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Puts it in its place.
    pub(in crate::drivers) fn finish(self) -> Result<()> {
        fs::rename(&self.path, &self.target)
            .map_err(|error| DriverError::failed(format!("put {} in place", self.target.display()), error))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // The first error counts; a draft that stays is removed by the next attempt. A finished one is no longer here.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
