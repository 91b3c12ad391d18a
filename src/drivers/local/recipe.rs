//! What an image is made from: suite, mirrors, packages. Two machines with the same recipe share an image.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    apt::{self, Key, Source},
    apt_conf,
};
use crate::{
    driver::{Context, DriverError, Result},
    process::Command,
    retry::Deadline,
};

/// A host that can be logged into and provisioned.
const PACKAGES: [&str; 12] = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "iproute2",
    "iptables",
    "ca-certificates",
    "curl",
    "sudo",
    "procps",
    "kmod",
    "less",
];
/// The distribution's engine. Its client is a package of its own in newer suites, and part of it in older ones.
const ENGINE: [&str; 2] = ["docker.io", "?exact-name(docker-cli)"];

/// What is asked for by flags.
pub(in crate::drivers) struct Wanted<'a> {
    /// The driver, whose flags begin with its name.
    pub(in crate::drivers) driver: &'static str,
    /// The suite.
    pub(in crate::drivers) suite: &'a str,
    /// Mirrors instead of this machine's.
    pub(in crate::drivers) mirrors: &'a [String],
    /// What the driver needs inside.
    pub(in crate::drivers) own: &'a [&'a str],
    /// What the user wants inside.
    pub(in crate::drivers) packages: &'a [String],
    /// Whether the engine stays out.
    pub(in crate::drivers) is_bare: bool,
}

/// What an image is made from.
#[derive(Debug)]
pub(in crate::drivers) struct Recipe {
    /// The driver, whose flags begin with its name.
    pub(in crate::drivers) driver: &'static str,
    pub(in crate::drivers) suite: String,
    pub(in crate::drivers) packages: Vec<String>,
    /// Settings of apt for the build; they change nothing in what is built.
    pub(in crate::drivers) apt_options: Vec<String>,
    sources: Vec<Source>,
}

impl Recipe {
    /// The recipe for a machine of a driver, from what its flags say and this machine's apt.
    pub(in crate::drivers) async fn of(context: &Context, wanted: Wanted<'_>) -> Result<Self> {
        let sources = sources(&wanted)?;
        let engine: &[&str] = if wanted.is_bare { &[] } else { &ENGINE };
        let packages = PACKAGES.iter().chain(wanted.own).chain(engine).map(|name| (*name).to_owned());
        Ok(Self {
            driver: wanted.driver,
            suite: wanted.suite.to_owned(),
            packages: packages.chain(wanted.packages.iter().cloned()).collect(),
            apt_options: apt_conf::for_building(&apt_config(context).await),
            sources,
        })
    }

    /// The name of its images: the suite for people, a digest for us; `furnishing` is a digest of what else goes in.
    pub(in crate::drivers) fn name(&self, furnishing: &str) -> String {
        let lines = self.lines_with(|text| digest([text]));
        let parts = lines.iter().chain(&self.packages).map(String::as_str).chain([furnishing]);
        format!("{}-{}", self.suite, digest(parts))
    }

    /// The suite.
    pub(in crate::drivers) fn suite(&self) -> &str {
        &self.suite
    }

    /// Every mirror with each of its suites.
    pub(in crate::drivers) fn places(&self) -> Vec<(String, String)> {
        self.sources.iter().flat_map(Source::places).collect()
    }

    /// Writes the keys that stand inside sources; gives their folder.
    pub(in crate::drivers) fn write_keys(&self, draft: &Path) -> io::Result<PathBuf> {
        let folder = draft.join("keys");
        fs::create_dir_all(&folder)?;
        self.copy_inline_keys(&folder)?;
        Ok(folder)
    }

    /// Entries of sources.list for the build.
    pub(in crate::drivers) fn lines(&self, keys: &Path) -> Vec<String> {
        self.lines_with(|text| keys.join(key_file(text)).to_string_lossy().into_owned())
    }

    /// Writes the sources into an image, and the keys they name where packages did not bring them.
    pub(in crate::drivers) fn furnish_sources(&self, root: &Path) -> io::Result<()> {
        let inside = Path::new("/etc/apt/keyrings");
        let lines = self.lines_with(|text| inside.join(key_file(text)).to_string_lossy().into_owned());
        fs::write(root.join("etc/apt/sources.list"), lines.join("\n") + "\n")?;
        let keyrings = root.join("etc/apt/keyrings");
        fs::create_dir_all(&keyrings)?;
        self.copy_inline_keys(&keyrings)?;
        for key in self.sources.iter().flat_map(Source::keys) {
            let Key::Named(name) = key else { continue };
            let copy = root.join(name.trim_start_matches('/'));
            if name.starts_with('/') && !copy.exists() {
                fs::create_dir_all(copy.parent().unwrap_or(root))?;
                fs::copy(name, copy)?;
            }
        }
        Ok(())
    }

    fn lines_with(&self, name_of: impl Fn(&str) -> String) -> Vec<String> {
        self.sources.iter().flat_map(|source| source.lines(&name_of)).collect()
    }

    fn copy_inline_keys(&self, folder: &Path) -> io::Result<()> {
        for key in self.sources.iter().flat_map(Source::keys) {
            if let Key::Inline(text) = key {
                fs::write(folder.join(key_file(text)), text)?;
            }
        }
        Ok(())
    }
}

/// This machine's suite by its os-release(5): the one its mirrors and keys are known to serve.
pub(in crate::drivers) fn own_suite() -> Option<String> {
    let text =
        ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| fs::read_to_string(path).ok())?;
    parse_suite(&text)
}

/// Derivatives name what they are made of in a field of their own.
fn parse_suite(os_release: &str) -> Option<String> {
    let field = |name: &str| {
        let value = os_release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
    };
    field("DEBIAN_CODENAME").or_else(|| field("UBUNTU_CODENAME")).or_else(|| field("VERSION_CODENAME"))
}

/// Settings of apt on this machine; nothing where there is no apt.
pub(in crate::drivers) async fn apt_config(context: &Context) -> String {
    let dump = Command::new(&context.env, "apt-config")
        .arg("dump")
        .run(Deadline::after(Duration::from_secs(10)))
        .await;
    dump.map(|output| output.stdout).unwrap_or_default()
}

/// The first 48 bits of a digest of texts in order: enough to tell recipes apart.
pub(in crate::drivers) fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    for part in parts {
        hash.update(part.as_bytes());
        hash.update(&[0]);
    }
    let digest = hash.finish();
    let number = digest.as_ref().iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    format!("{:012x}", number >> 16)
}

fn key_file(text: &str) -> String {
    format!("rmachine-{}.asc", digest([text]))
}

/// Mirrors the user named, else those of this machine's apt.
fn sources(wanted: &Wanted<'_>) -> Result<Vec<Source>> {
    let suite = wanted.suite;
    if !wanted.mirrors.is_empty() {
        let lines = wanted.mirrors.iter().map(|mirror| mirror_line(mirror, suite));
        return Ok(lines.flat_map(|line| apt::parse_list(&line)).collect());
    }
    let own = own_suite().unwrap_or_else(|| suite.to_owned());
    let found = apt::for_suite(&apt::configured(Path::new("/etc/apt")), &own, suite);
    if found.is_empty() {
        let driver = wanted.driver;
        return Err(DriverError::Preflight {
            message: format!("apt on this machine has no mirror that an image of {suite} could come from"),
            hint: Some(format!("--{driver}-mirror http://ftp.debian.org/debian --{driver}-suite bookworm")),
        });
    }
    Ok(found)
}

/// The suite by `--DRIVER-suite`, else this machine's own.
pub(in crate::drivers) fn suite(driver: &str, given: Option<&str>) -> Result<String> {
    let Some(given) = given else {
        return own_suite().ok_or_else(|| {
            usage(format!("say which suite the image is to be of: --{driver}-suite bookworm"))
        });
    };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if given.starts_with('-') || !given.chars().all(is_plain) {
        return Err(usage(format!("--{driver}-suite {given:?} is not a suite such as bookworm")));
    }
    Ok(given.to_owned())
}

/// The mirrors by `--DRIVER-mirror`.
pub(in crate::drivers) fn mirrors(driver: &str, given: &[String]) -> Result<Vec<String>> {
    for mirror in given {
        let is_address = mirror.contains("://") && !mirror.contains(char::is_whitespace);
        let is_line = apt::parse_list(mirror).len() == 1;
        if !is_address && !is_line {
            return Err(usage(format!(
                "--{driver}-mirror {mirror:?} is neither an address such as http://ftp.debian.org/debian nor an apt line"
            )));
        }
    }
    Ok(given.to_vec())
}

/// Package names by `--DRIVER-packages`, perhaps several in one value.
pub(in crate::drivers) fn packages(driver: &str, given: &[String]) -> Result<Vec<String>> {
    let split = given.iter().flat_map(|value| value.split([',', ' '])).filter(|word| !word.is_empty());
    let words: Vec<String> = split.map(str::to_owned).collect();
    let is_package = |word: &String| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.chars().all(|c| c.is_ascii_alphanumeric() || "+-.:".contains(c))
    };
    match words.iter().find(|word| !is_package(word)) {
        Some(word) => Err(usage(format!("--{driver}-packages {word:?} is not a package"))),
        None => Ok(words),
    }
}

fn usage(message: String) -> DriverError {
    DriverError::Usage { message }
}

/// A mirror is an address, or a whole line in apt's words.
fn mirror_line(mirror: &str, suite: &str) -> String {
    if mirror.starts_with("deb ") { mirror.to_owned() } else { format!("deb {mirror} {suite} main") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(mirror: &str, packages: &[&str]) -> Recipe {
        Recipe {
            driver: "nspawn",
            suite: "trixie".into(),
            packages: packages.iter().map(|name| (*name).to_owned()).collect(),
            apt_options: Vec::new(),
            sources: sources(&Wanted {
                driver: "nspawn",
                suite: "trixie",
                mirrors: &[mirror.to_owned()],
                own: &[],
                packages: &[],
                is_bare: false,
            })
            .unwrap(),
        }
    }

    #[test]
    fn the_same_recipe_has_the_same_name_and_another_has_another() {
        let name = recipe("http://m.example/debian", &["a"]).name("");
        assert_eq!(name, recipe("http://m.example/debian", &["a"]).name(""));
        assert_ne!(name, recipe("http://n.example/debian", &["a"]).name(""));
        assert_ne!(name, recipe("http://m.example/debian", &["a", "b"]).name(""));
        assert!(name.starts_with("trixie-"), "{name}");
    }

    #[test]
    fn a_mirror_is_an_address_or_a_whole_line() {
        let lines = |mirror| recipe(mirror, &[]).lines(Path::new("/keys"));
        assert_eq!(lines("http://m.example/debian"), ["deb http://m.example/debian trixie main"]);
        let whole = "deb [trusted=yes] http://m.example/debian sid main";
        assert_eq!(lines(whole), [whole]);
    }

    #[test]
    fn the_suite_of_a_derivative_is_what_it_is_made_of() {
        assert_eq!(parse_suite("ID=debian\nVERSION_CODENAME=trixie\n").as_deref(), Some("trixie"));
        let mint = "VERSION_CODENAME=virginia\nUBUNTU_CODENAME=\"jammy\"\n";
        assert_eq!(parse_suite(mint).as_deref(), Some("jammy"));
        assert_eq!(parse_suite("ID=arch\n"), None);
    }
}
