//! The two other names of this program: `docker-machine` on PATH, and `docker machine` as a plugin of the docker client. Each is a link
//! to the program itself.
//!
//! Everything is looked at before anything is changed. A program of somebody else under the name is only moved aside when that is asked
//! for, and comes back when the link goes.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, MetadataExt, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::fs::Access;

use super::World;
use crate::{
    contexts::{ContextError, Contexts},
    env::Env,
    process::Command,
    retry::Deadline,
    store::StoreError,
};

/// The name of the link, in both places.
const NAME: &str = "docker-machine";
/// How long another program under that name may take to say its version.
const VERSION_WAIT: Duration = Duration::from_secs(5);
/// What a program is kept as that does not say its version.
const UNKNOWN: &str = "old";

/// Why a link is not put in place, or not taken away.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Nowhere to put it.
    #[error("no folder of PATH can be written to, nor the one this program is in")]
    NoFolder,
    /// Something else has the name.
    #[error("{path} is another program", path = path.display())]
    Taken {
        /// What is in the way.
        path: PathBuf,
    },
    /// docker's folder.
    #[error(transparent)]
    Docker(#[from] ContextError),
    /// The file system.
    #[error(transparent)]
    Files(#[from] StoreError),
}

/// What became of one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// The link was made; a program that was there is kept under another name.
    Made {
        /// That program, where there was one.
        kept: Option<PathBuf>,
    },
    /// The link was there already.
    There,
    /// The link was taken away; a program that was kept is back.
    Gone {
        /// Whether one was kept.
        is_back: bool,
    },
    /// There was no link of ours.
    Absent,
}

/// What stands under the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// A link to this program.
    Ours,
    /// A link to another copy of it, or to one that is gone.
    Stale,
    Another,
}

/// Puts both links in place: in `dir`, else beside this program or in the first folder of PATH that can be written to; and among docker's
/// plugins. With `force` another program is moved aside.
pub async fn install(
    world: &World,
    dir: Option<&Path>,
    force: bool,
) -> Result<Vec<(PathBuf, Done)>, LinkError> {
    let env = &world.env;
    let program = place(env, dir)?.join(NAME);
    let plugins = plugins(env)?;
    let plugin = plugins.join(NAME);
    let found = [found(env, &program), found(env, &plugin)];
    for (path, found) in [&program, &plugin].into_iter().zip(found) {
        if found == Found::Another && !force {
            return Err(LinkError::Taken { path: path.clone() });
        }
    }
    make_folders(&plugins)?;
    let mut done = Vec::new();
    for (path, found) in [program, plugin].into_iter().zip(found) {
        let what = put(env, &path, found).await?;
        done.push((path, what));
    }
    Ok(done)
}

/// Takes both links away, wherever on PATH the first one is.
pub fn remove(world: &World, dir: Option<&Path>) -> Result<Vec<(PathBuf, Done)>, LinkError> {
    let env = &world.env;
    let mut places: Vec<PathBuf> = match dir {
        Some(dir) => vec![env.cwd.join(dir)],
        None => own_folder(env).into_iter().chain(path_folders(env)).collect(),
    };
    places.push(plugins(env)?);
    let mut done: Vec<(PathBuf, Done)> = Vec::new();
    for path in places.into_iter().map(|folder| folder.join(NAME)) {
        let is_ours = matches!(found(env, &path), Found::Ours | Found::Stale);
        if is_ours {
            let what = take_away(&path)?;
            done.push((path, what));
        }
    }
    if done.is_empty() {
        done.push((PathBuf::from(NAME), Done::Absent));
    }
    Ok(done)
}

/// The program that the shell finds under the name, where that is not this one.
pub fn winner(env: &Env) -> Option<PathBuf> {
    env.find_program(NAME).filter(|path| found(env, path) == Found::Another)
}

/// Whether the shell finds what is in this folder.
pub fn is_on_path(env: &Env, path: &Path) -> bool {
    path_folders(env).iter().any(|folder| path.parent() == Some(folder))
}

fn place(env: &Env, dir: Option<&Path>) -> Result<PathBuf, LinkError> {
    if let Some(dir) = dir {
        let dir = env.cwd.join(dir);
        return if dir.is_dir() {
            Ok(dir)
        } else {
            Err(StoreError::io("find the folder", dir)(std::io::ErrorKind::NotFound.into()).into())
        };
    }
    let own = own_folder(env).filter(|folder| is_writable(folder));
    let on_path = path_folders(env);
    own.clone()
        .filter(|folder| on_path.contains(folder))
        .or_else(|| on_path.into_iter().find(|folder| is_writable(folder)))
        .or(own)
        .ok_or(LinkError::NoFolder)
}

fn own_folder(env: &Env) -> Option<PathBuf> {
    env.exe.parent().map(Path::to_owned)
}

fn path_folders(env: &Env) -> Vec<PathBuf> {
    let path = env.var("PATH").unwrap_or_default();
    path.split(':').map(PathBuf::from).filter(|folder| folder.is_absolute()).collect()
}

/// Writable for us, and not for everybody.
fn is_writable(folder: &Path) -> bool {
    const EVERYBODY: u32 = 0o002;
    let is_private = fs::metadata(folder).is_ok_and(|meta| meta.is_dir() && meta.mode() & EVERYBODY == 0);
    is_private && rustix::fs::access(folder, Access::WRITE_OK).is_ok()
}

fn plugins(env: &Env) -> Result<PathBuf, LinkError> {
    Ok(Contexts::locate(env)?.folder().join("cli-plugins"))
}

fn make_folders(plugins: &Path) -> Result<(), LinkError> {
    crate::store::make_private_dir(plugins.parent().unwrap_or(plugins))?;
    let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(plugins);
    Ok(made.map_err(StoreError::io("make the folder", plugins))?)
}

fn found(env: &Env, path: &Path) -> Found {
    let Ok(meta) = fs::symlink_metadata(path) else { return Found::Nothing };
    let same = |one: &Path, other: &Path| {
        fs::canonicalize(one).is_ok_and(|one| fs::canonicalize(other).is_ok_and(|other| one == other))
    };
    let target = fs::read_link(path).ok().filter(|_| meta.is_symlink());
    match target {
        Some(_) if same(path, &env.exe) => Found::Ours,
        Some(target) if target.file_name() == env.exe.file_name() => Found::Stale,
        _ => Found::Another,
    }
}

async fn put(env: &Env, path: &Path, found: Found) -> Result<Done, LinkError> {
    let kept = match found {
        Found::Ours => return Ok(Done::There),
        Found::Nothing => None,
        Found::Stale => {
            fs::remove_file(path).map_err(StoreError::io("replace", path))?;
            None
        }
        Found::Another => {
            let kept = kept_name(path, &version(env, path).await);
            fs::rename(path, &kept).map_err(StoreError::io("move aside", path))?;
            Some(kept)
        }
    };
    // Beside the program its bare name does, also when both are moved together.
    let is_beside = path.parent() == env.exe.parent();
    let target = env.exe.file_name().filter(|_| is_beside).map_or_else(|| env.exe.clone(), PathBuf::from);
    if let Err(error) = symlink(target, path) {
        if let Some(kept) = kept {
            // What was moved aside is worth more than telling why it cannot come back.
            let _ = fs::rename(kept, path);
        }
        return Err(StoreError::io("make the link", path)(error).into());
    }
    Ok(Done::Made { kept })
}

/// `docker-machine.0.16.2`, or the next name that is free.
fn kept_name(path: &Path, version: &str) -> PathBuf {
    let plain = path.with_file_name(format!("{NAME}.{version}"));
    let numbered = (1..).map(|number| path.with_file_name(format!("{NAME}.{version}.{number}")));
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    std::iter::once(plain).chain(numbered).find(is_free).expect("names without end")
}

/// What `docker-machine version 0.16.2, build bd45ab13` says.
async fn version(env: &Env, path: &Path) -> String {
    let program = path.display().to_string();
    let said = Command::new(env, &program).arg("--version").run(Deadline::after(VERSION_WAIT)).await;
    let said = said.map(|output| output.stdout).unwrap_or_default();
    let after = said.split_once("version ").map_or("", |(_, after)| after);
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    let version = after.split(|c| !is_part(c)).next().unwrap_or_default();
    if version.starts_with(|c: char| c.is_ascii_digit()) { version.to_owned() } else { UNKNOWN.to_owned() }
}

/// Takes a link away; the one program that was kept beside it comes back.
fn take_away(path: &Path) -> Result<Done, LinkError> {
    fs::remove_file(path).map_err(StoreError::io("remove", path))?;
    let mut kept = kept_beside(path);
    let last = kept.pop().filter(|_| kept.is_empty());
    if let Some(kept) = &last {
        fs::rename(kept, path).map_err(StoreError::io("put back", path))?;
    }
    Ok(Done::Gone { is_back: last.is_some() })
}

fn kept_beside(path: &Path) -> Vec<PathBuf> {
    let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let is_kept = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let suffix = name.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
        suffix.starts_with(UNKNOWN) || suffix.starts_with(|c: char| c.is_ascii_digit())
    };
    entries.map(|entry| entry.path()).filter(is_kept).collect()
}
