//! Ways to become root: constants for the login shell, and how to tell from what was said which way is next.
//!
//! The login shell may be bash, fish or csh. What it reads is one of the constants below: one pair of single quotes, and
//! inside of it nothing these shells act on (`'`, `\`, `!`, line ends). Everything else goes to `/bin/sh` by stdin.

use crate::remote::NotRoot;

/// One way to a root shell that reads a script on stdin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The login is root's.
    Root,
    /// By sudo.
    Sudo {
        /// Whether it wants a password.
        with_password: bool,
        /// Whether it wants a terminal (`requiretty`).
        on_pty: bool,
    },
}

/// sudo's prompt, after which the password is sent, and never before.
pub(super) const PASSWORD: &[u8] = b"@rmachine password:";
/// The line that says that the password was taken (or not wanted) and a root shell reads stdin.
pub(super) const ROOT: &str = "@rmachine root";
/// The line that says that there is no sudo.
const NO_SUDO: &str = "@rmachine no sudo";

const AS_ROOT: &str = "exec /bin/sh -s";

/// Messages in English, because they are read; sudo also where the login shell does not look for it. A user with the
/// number 0 under another name needs no sudo.
macro_rules! by_sudo {
    ($($arguments:literal),+) => {
        concat!(
            "exec /bin/sh -c '",
            "LC_ALL=C; PATH=$PATH:/usr/local/bin:/usr/bin:/bin; export LC_ALL PATH; ",
            "if [ \"$(id -u)\" = 0 ]; then echo \"@rmachine root\"; exec /bin/sh -s; fi; ",
            "command -v sudo >/dev/null || { echo \"@rmachine no sudo\"; exit 1; }; ",
            "exec sudo ", $($arguments),+, "'"
        )
    };
}

const BY_SUDO: &str = by_sudo!("-n /bin/sh -s");
const BY_SUDO_WITH_PASSWORD: &str =
    by_sudo!("-k -S -p \"@rmachine password:\" ", "/bin/sh -c \"echo @rmachine root; exec /bin/sh -s\"");

impl Way {
    /// The way that is tried first.
    pub fn first(user: &str) -> Self {
        if user == "root" { Self::Root } else { Self::Sudo { with_password: false, on_pty: false } }
    }

    /// What the login shell gets.
    pub fn command(self) -> &'static str {
        match self {
            Self::Root => AS_ROOT,
            Self::Sudo { with_password: false, .. } => BY_SUDO,
            Self::Sudo { with_password: true, .. } => BY_SUDO_WITH_PASSWORD,
        }
    }

    /// Whether the script has to wait for the line [`ROOT`], because something else reads stdin before.
    pub fn waits(self) -> bool {
        matches!(self, Self::Sudo { with_password: true, .. })
    }

    /// Whether it needs a terminal.
    pub fn on_pty(self) -> bool {
        matches!(self, Self::Sudo { on_pty: true, .. })
    }

    /// What is next after this way did not lead to root, from what was said.
    pub fn after(self, said: &str) -> Next {
        let Self::Sudo { with_password, on_pty } = self else { return Next::NoShell };
        let says = |words: &str| said.contains(words);
        if said.lines().any(|line| line == NO_SUDO) {
            Next::Give(NotRoot::NoSudo)
        } else if says("you must have a tty") && !on_pty {
            Next::Try(Self::Sudo { with_password, on_pty: true })
        } else if says("incorrect password") || says("Authentication failure") {
            Next::Give(NotRoot::WrongPassword)
        } else if !with_password && (says("password is required") || says("a terminal is required")) {
            Next::Try(Self::Sudo { with_password: true, on_pty })
        } else if let Some(refusal) = said.lines().find(|line| is_refusal(line)) {
            Next::Give(NotRoot::NotAllowed(refusal.to_owned()))
        } else if let Some(line) = said.lines().rfind(|line| line.starts_with("sudo:")) {
            Next::Give(NotRoot::Other(line.to_owned()))
        } else {
            Next::NoShell
        }
    }
}

fn is_refusal(line: &str) -> bool {
    ["not in the sudoers file", "is not allowed to", "may not run sudo"]
        .iter()
        .any(|words| line.contains(words))
}

/// What follows from a way that did not lead to root.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Another way.
    Try(Way),
    /// Nothing; this is why.
    Give(NotRoot),
    /// Nothing; the login shell did not even run our command.
    NoShell,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Way = Way::Sudo { with_password: false, on_pty: false };
    const WITH_PASSWORD: Way = Way::Sudo { with_password: true, on_pty: false };

    #[test]
    fn what_sudo_says_decides_the_next_way() {
        for (way, said, next) in [
            (PLAIN, "sudo: a password is required\n", Next::Try(WITH_PASSWORD)),
            (PLAIN, "sudo: a terminal is required to read the password", Next::Try(WITH_PASSWORD)),
            (
                PLAIN,
                "Welcome\nsudo: sorry, you must have a tty to run sudo\n",
                Next::Try(Way::Sudo { with_password: false, on_pty: true }),
            ),
            (PLAIN, "@rmachine no sudo\n", Next::Give(NotRoot::NoSudo)),
            (WITH_PASSWORD, "sudo: 1 incorrect password attempt\n", Next::Give(NotRoot::WrongPassword)),
            (
                WITH_PASSWORD,
                "ann is not in the sudoers file.\n",
                Next::Give(NotRoot::NotAllowed("ann is not in the sudoers file.".into())),
            ),
            (
                WITH_PASSWORD,
                "Sorry, user ann is not allowed to execute '/bin/sh' as root on n1.\n",
                Next::Give(NotRoot::NotAllowed(
                    "Sorry, user ann is not allowed to execute '/bin/sh' as root on n1.".into(),
                )),
            ),
            (
                PLAIN,
                "sudo: /etc/sudoers is world writable\n",
                Next::Give(NotRoot::Other("sudo: /etc/sudoers is world writable".into())),
            ),
            (PLAIN, "This account is currently not available.\n", Next::NoShell),
            (Way::Root, "sudo: a password is required", Next::NoShell),
        ] {
            assert_eq!(way.after(said), next, "{said}");
        }
    }

    #[test]
    fn the_login_shell_gets_nothing_that_bash_fish_or_csh_act_on() {
        for command in [AS_ROOT, BY_SUDO, BY_SUDO_WITH_PASSWORD] {
            assert!(!command.contains(['\\', '!', '\n']), "{command}");
            assert!(matches!(command.matches('\'').count(), 0 | 2), "{command}");
        }
    }
}
