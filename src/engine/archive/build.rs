//! Making a bundle: from the vendor's tarball, or from a folder with the programs in it.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::Path,
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};

use super::{Archive, ArchiveError, FOLDER, NEEDED, NOTE, Note, arch_of, hex_sha256, is_folder_name};

/// The programs of an engine, and what else packages may call them.
const PROGRAMS: [(&str, &[&str]); 8] = [
    ("dockerd", &[]),
    ("docker", &[]),
    ("docker-proxy", &[]),
    ("docker-init", &["tini-static", "tini"]),
    ("containerd", &[]),
    ("containerd-shim-runc-v2", &[]),
    ("ctr", &[]),
    ("runc", &[]),
];

/// A bundle that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The engine's version.
    pub version: String,
    /// The computer it is for.
    pub arch: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
}

/// Makes a bundle of a tarball, or of a folder in which the programs lie at any depth, as `dpkg-deb -x` leaves them. The file
/// appears whole.
pub fn build(source: &Path, version: Option<&str>, target: &Path) -> Result<Built, ArchiveError> {
    let bad = |reason: String| ArchiveError::BadSource { path: source.display().to_string(), reason };
    let (programs, said) = if source.is_dir() {
        (in_folder(source).map_err(bad)?, None)
    } else {
        let archive = Archive::read(source, None, version)?;
        (in_tarball(&archive.bytes).map_err(|error| bad(error.to_string()))?, Some(archive.version))
    };
    if let Some(missing) = NEEDED.iter().find(|name| !programs.contains_key(**name)) {
        return Err(bad(format!("there is no {missing} in it")));
    }
    let version = version.map(str::to_owned).or(said);
    let version = version.ok_or_else(|| ArchiveError::NoVersion { path: source.display().to_string() })?;
    if !is_folder_name(&version) {
        return Err(ArchiveError::BadVersion { path: source.display().to_string(), version });
    }
    let arch = arch_of(&programs["dockerd"])
        .map_err(bad)?
        .ok_or_else(|| bad("it is for an unknown computer".into()))?;
    let sums = programs.iter().map(|(name, body)| (name.clone(), hex_sha256(body))).collect();
    let note = Note { version: version.clone(), arch: arch.to_owned(), programs: sums };
    let bytes = pack(&note, &programs).map_err(|error| bad(error.to_string()))?;
    write(target, &bytes)
        .map_err(|source| ArchiveError::Unwritable { path: target.display().to_string(), source })?;
    Ok(Built { version, arch: arch.to_owned(), sha256: hex_sha256(&bytes), size: bytes.len() as u64 })
}

/// The programs in a folder, wherever they lie, by the names that an engine looks for.
fn in_folder(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut found: BTreeMap<String, (usize, Vec<u8>)> = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let entry = entry.map_err(|error| error.to_string())?;
            // Links are not followed: they lead out of what was unpacked.
            let kind = entry.file_type().map_err(|error| error.to_string())?;
            if kind.is_dir() {
                folders.push(entry.path());
                continue;
            }
            let Some((name, rank)) = meant(&entry.file_name().to_string_lossy()) else { continue };
            if !kind.is_file() || found.get(name).is_some_and(|(known, _)| *known <= rank) {
                continue;
            }
            let body =
                fs::read(entry.path()).map_err(|error| format!("{}: {error}", entry.path().display()))?;
            // Completions and the like have the same names.
            if body.starts_with(b"\x7fELF") {
                found.insert(name.to_owned(), (rank, body));
            }
        }
    }
    Ok(found.into_iter().map(|(name, (_, body))| (name, body)).collect())
}

/// Which program a file is, and how well its name fits: 0 is its own.
fn meant(file: &str) -> Option<(&'static str, usize)> {
    PROGRAMS.iter().find_map(|(name, others)| {
        let rank = std::iter::once(name).chain(*others).position(|known| *known == file)?;
        Some((*name, rank))
    })
}

fn in_tarball(bytes: &[u8]) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut programs = BTreeMap::new();
    for entry in tar::Archive::new(GzDecoder::new(bytes)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
        if let Some(name) = path.strip_prefix("docker/").filter(|name| !name.is_empty() && path != NOTE) {
            let mut body = Vec::new();
            entry.read_to_end(&mut body)?;
            programs.insert(name.to_owned(), body);
        }
    }
    Ok(programs)
}

/// The same programs always give the same bytes: no times, no owners.
fn pack(note: &Note, programs: &BTreeMap<String, Vec<u8>>) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let note = serde_json::to_vec_pretty(note)?;
    append(&mut tar, NOTE, 0o644, &note)?;
    for (name, body) in programs {
        append(&mut tar, &format!("{FOLDER}/{name}"), 0o755, body)?;
    }
    tar.into_inner()?.finish()
}

fn append(tar: &mut tar::Builder<impl Write>, path: &str, mode: u32, body: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(body.len() as u64);
    header.set_mode(mode);
    tar.append_data(&mut header, path, body)
}

fn write(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}
