//! An engine in a file: the vendor's tarball, or a bundle, which is the same with a note of what is in it.
//!
//! Both are a gzipped tar with the programs in one folder, `docker/`. A bundle also has `docker/bundle.json`, so that its version
//! need not be guessed from a file name. A file is read and judged here, once, before anything is sent to any host.
//! Layout: <https://docs.docker.com/engine/install/binaries/>

mod build;
mod error;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::Path,
};

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};

pub use self::{
    build::{Built, build},
    error::ArchiveError,
};

/// The folder of the programs in a tarball.
pub const FOLDER: &str = "docker";
/// The note in a bundle.
const NOTE: &str = "docker/bundle.json";
/// Without these, nothing is an engine.
const NEEDED: [&str; 4] = ["dockerd", "containerd", "containerd-shim-runc-v2", "runc"];
/// Bytes of an ELF header that say for which computer a program is.
const ELF_HEADER: usize = 20;

/// An engine in memory; copies share its bytes.
#[derive(Clone)]
pub struct Archive {
    /// The file as it was read.
    pub bytes: Bytes,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// The engine's version, a name of a folder.
    pub version: String,
    /// The computer its programs are for, as `uname -m` says it; `None` where we do not know its number.
    pub arch: Option<&'static str>,
    /// Bytes of its files.
    pub unpacked: u64,
    /// Whether the docker client is in it.
    pub has_client: bool,
}

/// What a bundle says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The engine's version.
    pub version: String,
    /// The computer, as `uname -m` says it.
    pub arch: String,
    /// SHA-256 of each program.
    pub programs: BTreeMap<String, String>,
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Archive")
            .field("sha256", &self.sha256)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl Archive {
    /// Reads and judges a file. A checksum that is demanded is compared before anything else is believed of it; a version is
    /// demanded only of tarballs whose name does not say it.
    pub fn read(path: &Path, sha256: Option<&str>, version: Option<&str>) -> Result<Self, ArchiveError> {
        let name = path.display().to_string();
        let bytes =
            fs::read(path).map_err(|source| ArchiveError::Unreadable { path: name.clone(), source })?;
        let sum = hex_sha256(&bytes);
        if let Some(expected) = sha256.filter(|expected| !expected.eq_ignore_ascii_case(&sum)) {
            return Err(ArchiveError::WrongChecksum {
                path: name,
                expected: expected.to_owned(),
                found: sum,
            });
        }
        let content =
            Content::read(&bytes).map_err(|reason| ArchiveError::NoEngine { path: name.clone(), reason })?;
        let said = content.note.as_ref().map(|note| note.version.clone()).or_else(|| version_in(path));
        let version = said.or_else(|| version.map(str::to_owned));
        let version = version.ok_or_else(|| ArchiveError::NoVersion { path: name.clone() })?;
        if !is_folder_name(&version) {
            return Err(ArchiveError::BadVersion { path: name, version });
        }
        Ok(Self {
            bytes: Bytes::from(bytes),
            sha256: sum,
            version,
            arch: content.arch,
            unpacked: content.unpacked,
            has_client: content.programs.contains_key("docker"),
        })
    }
}

/// What is in a file.
struct Content {
    note: Option<Note>,
    programs: BTreeMap<String, String>,
    arch: Option<&'static str>,
    unpacked: u64,
}

impl Content {
    /// Reads all of it, so that a broken file is found here and not on a host.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.get(..2) != Some(&[0x1f, 0x8b]) {
            return Err("it is not a gzipped tar file".to_owned());
        }
        let mut content = Self { note: None, programs: BTreeMap::new(), arch: None, unpacked: 0 };
        let mut archive = tar::Archive::new(GzDecoder::new(bytes));
        for entry in archive.entries().map_err(|error| broken(&error))? {
            content.take(entry.map_err(|error| broken(&error))?)?;
        }
        content.judge()
    }

    fn take(&mut self, mut entry: tar::Entry<'_, impl Read>) -> Result<(), String> {
        let path = entry
            .path()
            .map_err(|error| broken(&error))?
            .to_string_lossy()
            .trim_start_matches("./")
            .to_owned();
        self.unpacked += entry.size();
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            return Ok(());
        }
        let program = path.strip_prefix("docker/").filter(|name| is_folder_name(name));
        let Some(program) = program.filter(|_| kind.is_file()) else {
            return Err(format!("{path:?} does not belong into the folder docker/"));
        };
        let mut body = Vec::new();
        entry.read_to_end(&mut body).map_err(|error| broken(&error))?;
        if path == NOTE {
            self.note = Some(serde_json::from_slice(&body).map_err(|error| format!("{NOTE}: {error}"))?);
            return Ok(());
        }
        if program == "dockerd" {
            self.arch = arch_of(&body)?;
        }
        self.programs.insert(program.to_owned(), hex_sha256(&body));
        Ok(())
    }

    fn judge(self) -> Result<Self, String> {
        if let Some(missing) = NEEDED.iter().find(|name| !self.programs.contains_key(**name)) {
            return Err(format!("there is no docker/{missing} in it"));
        }
        let Some(note) = &self.note else { return Ok(self) };
        match note.programs.iter().find(|(name, sum)| self.programs.get(*name) != Some(sum)) {
            Some((name, _)) => Err(format!("docker/{name} is not what the bundle's note says")),
            None => Ok(self),
        }
    }
}

fn broken(error: &io::Error) -> String {
    format!("it is broken: {error}")
}

/// For which computer a program is: the machine field of its ELF header. <https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>
fn arch_of(program: &[u8]) -> Result<Option<&'static str>, String> {
    let header = program.get(..ELF_HEADER).filter(|header| header.starts_with(b"\x7fELF"));
    let header = header.ok_or("docker/dockerd is not a program")?;
    let is_little = header[5] == 1;
    let machine = [header[18], header[19]];
    let machine = if is_little { u16::from_le_bytes(machine) } else { u16::from_be_bytes(machine) };
    Ok(match machine {
        0x03 => Some("i686"),
        0x15 if is_little => Some("ppc64le"),
        0x16 => Some("s390x"),
        0x28 => Some("armv7l"),
        0x3e => Some("x86_64"),
        0xb7 => Some("aarch64"),
        0xf3 => Some("riscv64"),
        _unknown => None,
    })
}

/// The version in a name of the vendor's, `docker-26.1.4.tgz`.
fn version_in(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let version = name.strip_prefix("docker-")?.strip_suffix(".tgz")?;
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

/// Versions name folders on hosts, and programs files in them.
pub fn is_folder_name(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+' | b'~');
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.bytes().all(is_plain) && text.len() <= 100
}

fn hex_sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests;
