//! Percent tokens and `~` of ssh_config values.

use std::path::{Path, PathBuf};

/// What the tokens stand for.
pub struct Tokens<'a> {
    /// `%h`: the host name that is connected to.
    pub host: &'a str,
    /// `%n`: the host as it was given.
    pub original: &'a str,
    /// `%p`: the port.
    pub port: u16,
    /// `%r`: the login name.
    pub user: &'a str,
    /// `%u`: the local user.
    pub local_user: &'a str,
    /// `%d` and `~`: the local home.
    pub home: Option<&'a Path>,
}

impl Tokens<'_> {
    /// Replaces the tokens; a token nobody knows is the error.
    pub fn expand(&self, value: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut chars = value.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            match chars.next() {
                Some('%') => out.push('%'),
                Some('h') => out.push_str(self.host),
                Some('n') => out.push_str(self.original),
                Some('p') => out.push_str(&self.port.to_string()),
                Some('r') => out.push_str(self.user),
                Some('u') => out.push_str(self.local_user),
                Some('d') => out.push_str(&self.home.ok_or("there is no home for %d")?.to_string_lossy()),
                Some(other) => return Err(format!("the token %{other} is not known")),
                None => return Err("a % stands at the end".to_owned()),
            }
        }
        Ok(out)
    }

    /// Replaces the tokens of a path, and `~` at its begin.
    pub fn expand_path(&self, value: &str) -> Result<PathBuf, String> {
        Ok(tilde(&self.expand(value)?, self.home))
    }
}

/// Replaces `~` at the begin of a path by the home, where there is one.
pub fn tilde(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: Tokens<'_> =
        Tokens { host: "10.0.0.5", original: "n1", port: 2222, user: "root", local_user: "ann", home: None };

    #[test]
    fn tokens_stand_for_host_port_and_users() {
        assert_eq!(TOKENS.expand("nc %h %p %r %u %n 100%%").unwrap(), "nc 10.0.0.5 2222 root ann n1 100%");
        assert!(TOKENS.expand("%y").is_err());
        assert!(TOKENS.expand("half %").is_err());
    }

    #[test]
    fn a_tilde_is_the_home_only_at_the_begin() {
        let home = Some(Path::new("/home/ann"));
        assert_eq!(tilde("~/.ssh/id", home), PathBuf::from("/home/ann/.ssh/id"));
        assert_eq!(tilde("~bob/x", home), PathBuf::from("~bob/x"));
        assert_eq!(tilde("/a/~/b", home), PathBuf::from("/a/~/b"));
    }
}
