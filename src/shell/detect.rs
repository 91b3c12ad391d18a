//! Which shell is going to read what we print.

use super::Shell;
use crate::env::{Env, Voice};

/// Nothing says which shell this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot tell which shell this is")]
pub struct UnknownShell;

/// The shell that called us. docker-machine's voice believes `$SHELL` as that program did; ours first looks at the parent
/// process, because `$SHELL` is the login shell, not the one that somebody started in it.
pub fn detect(env: &Env, parent: Option<&str>) -> Result<Shell, UnknownShell> {
    let login = env.var("SHELL");
    match env.voice() {
        Voice::DockerMachine => match login {
            Some(_) if env.var("__fish_bin_dir").is_some() => Ok(Shell::Fish),
            Some(path) => Ok(Shell::parse(base_name(path)).unwrap_or(Shell::Sh)),
            None => Err(UnknownShell),
        },
        Voice::Rmachine => parent
            .and_then(Shell::parse)
            .or_else(|| env.var("NU_VERSION").map(|_| Shell::Nushell))
            .or_else(|| Shell::parse(base_name(login?)))
            .or_else(|| env.var("PSModulePath").map(|_| Shell::PowerShell))
            .ok_or(UnknownShell),
    }
}

/// The name of the process that started us, where the system shows it cheaply.
pub fn parent_name() -> Option<String> {
    let parent = rustix::process::getppid()?.as_raw_nonzero();
    let name = std::fs::read_to_string(format!("/proc/{parent}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}
