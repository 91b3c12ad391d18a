use std::io::Write as _;

use super::*;

/// A program as far as anything looks at it here: an ELF header for this computer number, then its name.
fn program(machine: u16, name: &str) -> Vec<u8> {
    let mut header = vec![0; ELF_HEADER];
    header[..4].copy_from_slice(b"\x7fELF");
    header[5] = 1;
    header[18..20].copy_from_slice(&machine.to_le_bytes());
    header.extend_from_slice(name.as_bytes());
    header
}

fn folder_of_programs(folder: &Path) {
    for name in NEEDED.iter().chain(&["docker", "tini"]) {
        let inside = folder.join(format!("usr/{name}-package/bin"));
        fs::create_dir_all(&inside).unwrap();
        fs::write(inside.join(name), program(0x3e, name)).unwrap();
    }
    // A completion of the same name is no program.
    fs::create_dir_all(folder.join("usr/share/completions")).unwrap();
    fs::write(folder.join("usr/share/completions/docker"), "complete docker").unwrap();
}

fn tarball(path: &Path, files: &[(&str, Vec<u8>)]) {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (name, body) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(body.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, name, body.as_slice()).unwrap();
    }
    fs::write(path, tar.into_inner().unwrap().finish().unwrap()).unwrap();
}

fn vendors(machine: u16) -> Vec<(&'static str, Vec<u8>)> {
    ["docker/dockerd", "docker/containerd", "docker/containerd-shim-runc-v2", "docker/runc", "docker/docker"]
        .into_iter()
        .map(|path| (path, program(machine, path)))
        .collect()
}

#[test]
fn a_bundle_of_unpacked_packages_says_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    folder_of_programs(folder.path());
    let target = folder.path().join("engine.bundle");
    let built = build(folder.path(), Some("26.1.5"), &target).unwrap();
    let archive = Archive::read(&target, Some(&built.sha256.to_uppercase()), None).unwrap();
    assert_eq!(
        (archive.version.as_str(), archive.arch, archive.has_client),
        ("26.1.5", Some("x86_64"), true)
    );
    // The same programs give the same file.
    let again = build(folder.path(), Some("26.1.5"), &folder.path().join("again")).unwrap();
    assert_eq!(again.sha256, built.sha256);
}

#[test]
fn the_vendors_tarball_is_known_by_its_name_and_becomes_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker-26.1.4.tgz");
    tarball(&path, &vendors(0xb7));
    let archive = Archive::read(&path, None, None).unwrap();
    assert_eq!((archive.version.as_str(), archive.arch), ("26.1.4", Some("aarch64")));
    let built = build(&path, None, &folder.path().join("b")).unwrap();
    assert_eq!((built.version.as_str(), built.arch.as_str()), ("26.1.4", "aarch64"));
    let renamed = folder.path().join("engine.tgz");
    fs::rename(&path, &renamed).unwrap();
    assert!(matches!(Archive::read(&renamed, None, None), Err(ArchiveError::NoVersion { .. })));
    assert_eq!(Archive::read(&renamed, None, Some("26.1.4")).unwrap().version, "26.1.4");
}

#[test]
fn what_is_no_engine_is_told_by_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker-26.1.4.tgz");
    let said = |files: &[(&str, Vec<u8>)]| {
        tarball(&path, files);
        Archive::read(&path, None, None).unwrap_err().to_string()
    };
    assert!(said(&[]).ends_with("there is no docker/dockerd in it"));
    let mut text = vendors(0x3e);
    text[0].1 = b"#!/bin/sh\n".to_vec();
    assert!(said(&text).ends_with("docker/dockerd is not a program"));
    let mut stray = vendors(0x3e);
    stray.push(("etc/passwd", b"root".to_vec()));
    assert!(
        said(&stray).ends_with("\"etc/passwd\" does not belong into the folder docker/"),
        "{}",
        said(&stray)
    );

    fs::File::create(&path).unwrap().write_all(b"<html>").unwrap();
    let page = Archive::read(&path, None, None).unwrap_err().to_string();
    assert!(page.ends_with("it is not a gzipped tar file"), "{page}");
    tarball(&path, &vendors(0x3e));
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let half = Archive::read(&path, None, None).unwrap_err().to_string();
    assert!(half.contains("it is broken"), "{half}");
}

#[test]
fn a_wrong_checksum_is_found_before_the_file_is_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("docker-26.1.4.tgz");
    fs::write(&path, "anything").unwrap();
    let error = Archive::read(&path, Some(&"0".repeat(64)), None).unwrap_err();
    assert!(matches!(error, ArchiveError::WrongChecksum { .. }), "{error}");
}

#[test]
fn a_program_that_was_exchanged_in_a_bundle_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.tgz");
    let mut files = vendors(0x3e);
    let note = Note {
        version: "26.1.4".into(),
        arch: "x86_64".into(),
        programs: BTreeMap::from([("runc".to_owned(), hex_sha256(b"another"))]),
    };
    files.push((NOTE, serde_json::to_vec(&note).unwrap()));
    tarball(&path, &files);
    let error = Archive::read(&path, None, None).unwrap_err().to_string();
    assert!(error.ends_with("docker/runc is not what the bundle's note says"), "{error}");
}
