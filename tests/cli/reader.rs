//! What rmachine writes, read by Go as docker-machine reads it (`tests/fixtures/reader`): its types, Go's own JSON and TLS. What Go would
//! save is what is there, to the byte; docker-machine itself is in no package registry, neither as a program nor as a library.

use std::{fs, path::PathBuf, process::Command, sync::OnceLock};

use crate::{home::Home, plugin};

/// The program; `None` where there is no Go.
fn reader() -> Option<PathBuf> {
    static READER: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || plugin::built("reader", "reader", include_str!("../fixtures/reader/main.go"));
    READER.get_or_init(build).as_ref().map(|folder| folder.join("reader"))
}

/// The file as docker-machine would save it, and its use of the certificates where that is asked for.
fn saved(reader: &PathBuf, home: &Home, name: &str, more: &[&str]) -> String {
    let output = Command::new(reader).arg(home.store()).arg(name).args(more).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn file(home: &Home, name: &str) -> String {
    fs::read_to_string(home.machine(name).join("config.json")).unwrap()
}

#[test]
fn docker_machines_types_read_what_create_writes_and_would_save_the_same_bytes() {
    let Some(reader) = reader() else { return };
    let home = Home::new();
    let flags = "--engine-opt mtu=1450 --engine-label a=b --engine-env K=<v> --engine-insecure-registry r:5000 \
                 --engine-registry-mirror http://m:1 --engine-storage-driver overlay2 --tls-san a.example --swarm-opt x \
                 --swarm-discovery token://x --swarm-experimental";
    let create = ["create", "-d", "none", "--url", "tcp://192.0.2.5:2376"];
    home.run(&[&create[..], &["plain"]].concat()).with_code(0);
    home.run(&[&create[..], &flags.split_whitespace().collect::<Vec<_>>(), &["full"]].concat()).with_code(0);
    home.run_killed_at("recorded", &["create", "-d", "generic", "--ip", "192.0.2.5", "half"]);
    for name in ["plain", "full", "half"] {
        assert_eq!(saved(&reader, &home, name, &[]), file(&home, name), "{name}");
    }
    // The CA issues, and the client is let in, by Go's TLS.
    saved(&reader, &home, "full", &["tls"]);
}

/// The driver's part of a file.
fn state(file: &str) -> &str {
    file.split_once("    \"DriverName\": ").unwrap().0
}

#[test]
fn docker_machines_types_hand_the_changed_state_of_every_driver_on_to_the_byte() {
    let Some(reader) = reader() else { return };
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store/drivers");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let home = Home::new().with_config(name, &fs::read_to_string(&path).unwrap());
        home.save(name, |record| record.config.driver["SSHPort"] = 2222.into()).unwrap();
        let ours = file(&home, name);
        assert!(ours.contains("\"SSHPort\": 2222,"), "{name}: {ours}");
        // What the fixtures have beside docker-machine's own fields stays in the driver's part alone: Go drops it elsewhere.
        assert_eq!(state(&saved(&reader, &home, name, &[])), state(&ours), "{name}");
        count += 1;
    }
    assert_eq!(count, 16);
}
