//! The process's surroundings as one value, made once in `main.rs` and handed down: nothing else reads `std::env`.

use std::{
    collections::BTreeMap,
    io::IsTerminal,
    path::{Path, PathBuf},
};

/// Whose manners we have, chosen from `argv[0]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Called `rmachine`: what README says.
    Rmachine,
    /// Called `docker-machine` or `docker machine`: that program's defaults, columns, messages, streams and exit codes.
    DockerMachine,
}

/// The name by which the docker CLI's plugin is called.
pub const PLUGIN: &str = "docker machine";

/// Arguments, variables, folders and terminals of this process.
#[derive(Clone, Debug)]
pub struct Env {
    /// Arguments, the program's own name first.
    pub args: Vec<String>,
    /// Environment variables; those that are no UTF-8 are left out.
    pub vars: BTreeMap<String, String>,
    /// The folder the process was started in.
    pub cwd: PathBuf,
    /// The user's home, if one is known.
    pub home: Option<PathBuf>,
    /// Where the user's configuration lives, such as `~/.config`.
    pub config_dir: Option<PathBuf>,
    /// Where caches live, such as `~/.cache`.
    pub cache_dir: Option<PathBuf>,
    /// The path of this program.
    pub exe: PathBuf,
    /// Whether stdin is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether stdout is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether stderr is a terminal.
    pub stderr_is_terminal: bool,
}

impl Env {
    /// Reads the process's surroundings.
    pub fn from_process() -> Self {
        let args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let vars = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            args,
            vars,
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
            home: dirs::home_dir(),
            config_dir: dirs::config_dir(),
            cache_dir: dirs::cache_dir(),
            exe: std::env::current_exe().unwrap_or_default(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Surroundings for tests: a home, and nothing else.
    pub fn for_tests(home: &Path) -> Self {
        Self {
            args: vec!["rmachine".into()],
            vars: BTreeMap::new(),
            cwd: home.to_owned(),
            home: Some(home.to_owned()),
            config_dir: Some(home.join(".config")),
            cache_dir: Some(home.join(".cache")),
            exe: PathBuf::from("rmachine"),
            stdin_is_terminal: false,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        }
    }

    /// A variable; one that is set to nothing counts as not set.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The name we were called by, without folders and `.exe`.
    pub fn program(&self) -> &str {
        let path = self.args.first().map_or("rmachine", String::as_str);
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        name.strip_suffix(".exe").unwrap_or(name)
    }

    /// Whose manners we have.
    pub fn voice(&self) -> Voice {
        if ["docker-machine", PLUGIN].contains(&self.program()) {
            Voice::DockerMachine
        } else {
            Voice::Rmachine
        }
    }

    /// The folders of PATH.
    pub fn path_folders(&self) -> Vec<PathBuf> {
        let path = self.var("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
        path.split(':').filter(|folder| !folder.is_empty()).map(|folder| self.cwd.join(folder)).collect()
    }

    /// A program on PATH.
    pub fn find_program(&self, name: &str) -> Option<PathBuf> {
        // Debian leaves the sbin folders out of a user's PATH, and our drivers need programs from there.
        let fallback = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
        self.path_folders()
            .into_iter()
            .chain(fallback)
            .map(|dir| dir.join(name))
            .find(|path| is_executable(path))
    }
}

/// Whether there is a program at this path.
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_voice_comes_from_the_name_we_were_called_by() {
        let mut env = Env::for_tests(Path::new("/"));
        assert_eq!(env.voice(), Voice::Rmachine);
        env.args = vec!["/usr/local/bin/docker-machine".into()];
        assert_eq!(env.voice(), Voice::DockerMachine);
    }
}
