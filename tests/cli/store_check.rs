//! `store check`: each thing that can be broken is found without a byte being written, mended where that is possible, and kept.

mod beside;

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use rmachine::tls::{self, Identity};
use serde_json::{Value, json};

use crate::home::{Ended, Home};

const URL: &str = "tcp://192.0.2.10:2376";
const DAY: i64 = 24 * 3600;

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// A store with a CA, an engine that is only pointed at (`p1`), and a machine with certificates (`g1`), both whole.
fn whole() -> Home {
    let home = Home::new();
    home.run(&["create", "-d", "none", "--url", URL, "p1"]).with_code(0);
    let config = include_str!("../fixtures/store/versions/3.json")
        .replace("/old/store", home.store().to_str().unwrap())
        .replace("three", "g1");
    let home = home.with_config("g1", &config);
    for file in ["ca.pem", "cert.pem", "key.pem"] {
        fs::copy(certs(&home, file), home.machine("g1").join(file)).unwrap();
    }
    put_server(&home, &authority(&home), now());
    private(&home.machine("g1"));
    for entry in fs::read_dir(home.machine("g1")).unwrap() {
        private(&entry.unwrap().path());
    }
    home.save("g1", |record| record.side.url = Some(URL.to_owned())).unwrap();
    home.run(&["store", "check", "--repair"]).with_code(0);
    home
}

fn private(path: &Path) {
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn certs(home: &Home, file: &str) -> PathBuf {
    home.store().join("certs").join(file)
}

fn authority(home: &Home) -> Identity {
    let read = |file| fs::read_to_string(certs(home, file)).unwrap();
    Identity { certificate: read("ca.pem"), key: rmachine::secret::Secret::new(read("ca-key.pem")) }
}

fn put_server(home: &Home, ca: &Identity, made_at: i64) {
    let server = tls::make_server(ca, "me.g1", &[], made_at).unwrap();
    write(home, "g1/server.pem", &server.certificate);
    write(home, "g1/server-key.pem", server.key.expose());
}

/// Writes a file below `machines/`.
fn write(home: &Home, path: &str, text: &str) {
    let path = home.store().join("machines").join(path);
    fs::write(&path, text).unwrap();
    private(&path);
}

fn read(home: &Home, path: &str) -> String {
    fs::read_to_string(home.store().join("machines").join(path)).unwrap()
}

/// What a check finds, by kind, with the machine it is about.
fn kinds(home: &Home, words: &[&str]) -> (Ended, Vec<(String, String)>) {
    let words: Vec<&str> = ["store", "check", "--json"].iter().chain(words).copied().collect();
    let ended = home.run(&words);
    let findings: Vec<Value> = serde_json::from_str(&ended.out).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let kinds = findings.iter().map(|finding| (text(finding, "machine"), text(finding, "kind"))).collect();
    (ended, kinds)
}

/// Fails unless exactly this is found, without a byte written.
#[track_caller]
fn finds(home: &Home, wanted: &[(&str, &str)], code: i32) {
    let before = home.snapshot();
    let (ended, kinds) = kinds(home, &[]);
    let kinds: Vec<(&str, &str)> =
        kinds.iter().map(|(machine, kind)| (machine.as_str(), kind.as_str())).collect();
    assert_eq!(kinds, wanted, "{ended:#?}");
    ended.with_code(code);
    assert_eq!(home.snapshot(), before);
}

/// Fails unless `--repair` leaves nothing to find; gives back what it kept, by the path below the store.
#[track_caller]
fn mends(home: &Home) -> BTreeMap<PathBuf, Vec<u8>> {
    let ended = home.run(&["store", "check", "--repair"]);
    assert!(ended.err.contains("nothing is broken"), "{ended:#?}");
    ended.with_code(0);
    finds(home, &[], 0);
    let backup = home.store().join(".rmachine/backup");
    let below = |path: &Path| path.strip_prefix(&backup).ok().map(|path| path.components().skip(1).collect());
    home.snapshot().into_iter().filter_map(|(path, bytes)| Some((below(&path)?, bytes))).collect()
}

#[test]
fn a_whole_store_is_clean_and_so_is_one_that_is_not_there() {
    finds(&whole(), &[], 0);
    let home = Home::new();
    finds(&home, &[], 0);
    home.run(&["store", "check", "--repair"]).with_code(0).saying("nothing is broken").printing("");
    assert!(!home.store().exists());
}

#[test]
fn a_broken_config_is_replaced_by_what_docker_machine_left_beside_it() {
    for (neighbour, damage) in
        [("config.json.bak", Some("")), ("config.json.tmp123", Some("{\"Con")), ("config.json.tmp9", None)]
    {
        let home = whole();
        let good = read(&home, "p1/config.json");
        write(&home, &format!("p1/{neighbour}"), &good);
        match damage {
            Some(text) => write(&home, "p1/config.json", text),
            None => fs::remove_file(home.machine("p1").join("config.json")).unwrap(),
        }
        let kind = if damage.is_some() { "config-broken" } else { "config-missing" };
        finds(&home, &[("p1", kind)], 1);
        let kept = mends(&home);
        assert_eq!(read(&home, "p1/config.json"), good);
        let old = kept
            .get(Path::new("machines/p1/config.json"))
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        assert_eq!(old.as_deref(), damage);
        home.run(&["url", "p1"]).with_code(0).printing(&format!("{URL}\n"));
    }
}

#[test]
fn what_nobody_can_mend_says_what_to_type() {
    let home = whole();
    write(&home, "p1/config.json", "{");
    let ended = home.run(&["store", "check", "--repair"]).with_code(1).saying("1 thing is broken");
    assert!(
        ended.out.contains("p1: ") && ended.out.contains("forget the machine: rmachine rm -f p1"),
        "{}",
        ended.out
    );
    let future = read(&home, "g1/config.json").replace("\"ConfigVersion\": 3", "\"ConfigVersion\": 4");
    write(&home, "g1/config.json", &future);
    finds(&home, &[("g1", "config-future"), ("p1", "config-broken")], 1);
    home.run(&["store", "check", "--repair"]).with_code(1);
    assert_eq!(read(&home, "g1/config.json"), future);
    home.run(&["rm", "-f", "p1", "g1"]).with_code(0);
    finds(&home, &[], 0);
}

#[test]
fn of_a_half_written_file_of_ours_the_pins_and_the_url_are_kept() {
    let home = whole();
    home.save("g1", |record| record.side.host_keys = vec!["ssh-ed25519 AAAAkey".to_owned()]).unwrap();
    let whole_text = read(&home, "g1/rmachine.json");
    let cut = &whole_text[..whole_text.find("\"wishes\"").unwrap()];
    write(&home, "g1/rmachine.json", cut);
    home.run(&["url", "g1"])
        .with_code(1)
        .saying("cannot be understood")
        .saying("rmachine store check --repair");
    finds(&home, &[("g1", "side-broken")], 1);
    let kept = mends(&home);
    assert_eq!(kept[Path::new("machines/g1/rmachine.json")], cut.as_bytes());
    assert!(read(&home, "g1/rmachine.json").contains("ssh-ed25519 AAAAkey"));
    home.run(&["url", "g1"]).with_code(0).printing(&format!("{URL}\n"));
    write(&home, "g1/rmachine.json", "{\"version\": 2}");
    finds(&home, &[("g1", "side-future")], 1);
}

#[test]
fn a_store_that_was_moved_works_at_its_new_place() {
    let mut home = whole();
    let old = home.store();
    home.move_store_to("elsewhere/store");
    let names = [("g1", "moved"), ("g1", "env-files"), ("p1", "moved")];
    finds(&home, &names, 1);
    let kept = mends(&home);
    assert!(kept.contains_key(Path::new("machines/g1/config.json")));
    for (path, bytes) in home.snapshot() {
        let is_kept = path.starts_with(home.store().join(".rmachine"));
        let text = String::from_utf8_lossy(&bytes);
        assert!(
            is_kept || !text.contains(&format!("{}/", old.display())),
            "{} leads to the old place",
            path.display()
        );
    }
    let env = home.run(&["env", "--shell", "sh", "g1"]).with_code(0);
    assert!(env.out.contains(home.machine("g1").to_str().unwrap()), "{}", env.out);
}

#[test]
fn paths_outside_of_the_store_stay_when_it_is_moved() {
    let mut home = whole();
    let config = read(&home, "g1/config.json");
    write(&home, "g1/config.json", &config.replace("\"SSHKey\": \"", "\"SSHKey\": \"/elsewhere/store-key"));
    home.move_store_to("moved");
    mends(&home);
    assert!(read(&home, "g1/config.json").contains("/elsewhere/store-key"));
}

#[test]
fn a_link_to_the_store_is_the_same_place() {
    let mut home = whole();
    let link = home.path("link");
    std::os::unix::fs::symlink(home.store(), &link).unwrap();
    home.use_store("link");
    finds(&home, &[], 0);
}

#[test]
fn a_folder_that_was_renamed_is_the_machine_of_its_new_name() {
    let home = whole();
    fs::rename(home.machine("p1"), home.machine("p2")).unwrap();
    let (ended, found) = kinds(&home, &[]);
    assert!(
        found.contains(&("p2".into(), "moved".into())) && found.contains(&("p2".into(), "name".into())),
        "{ended:#?}"
    );
    mends(&home);
    let config = read(&home, "p2/config.json");
    assert!(
        config.contains("\"MachineName\": \"p2\"") && config.ends_with("\"Name\": \"p2\"\n}"),
        "{config}"
    );
    assert!(!config.contains("/p1") && !config.contains("\"p1\""), "{config}");
    // A driver that is not here knows its host by the old name.
    let kvm = include_str!("../fixtures/store/drivers/kvm.json");
    let home = Home::new().with_config("renamed", kvm);
    home.run(&["store", "check", "--repair"]);
    let config = read(&home, "renamed/config.json");
    assert!(
        config.contains("\"MachineName\": \"kvm\"") && config.contains("\"Name\": \"renamed\""),
        "{config}"
    );
}

#[test]
fn old_forms_are_a_note_and_written_anew() {
    let home = whole().with_config("old", include_str!("../fixtures/store/versions/1.json"));
    private(&home.machine("old"));
    private(&home.machine("old").join("config.json"));
    let (ended, found) = kinds(&home, &[]);
    assert!(found.contains(&("old".into(), "config-old".into())), "{ended:#?}");
    home.run(&["store", "check", "--repair"]);
    assert!(read(&home, "old/config.json").contains("\"ConfigVersion\": 3"));
    assert_eq!(read(&home, "old/config.json.bak"), include_str!("../fixtures/store/versions/1.json"));
}

#[test]
fn a_half_made_machine_is_a_note_that_says_how_to_go_on() {
    let home = whole();
    home.run_killed_at("recorded", &["create", "-d", "generic", "--ip", "192.0.2.5", "h1"]);
    finds(&home, &[("h1", "half-made")], 0);
    let ended = home.run(&["store", "check"]).with_code(0);
    assert!(ended.out.contains("rmachine create --driver generic ... h1"), "{}", ended.out);
    home.run(&["rm", "-y", "h1"]).with_code(0);
    finds(&home, &[], 0);
}

#[test]
fn modes_that_let_others_in_are_taken_back() {
    let home = whole();
    for (path, mode) in [
        ("machines/g1", 0o755),
        ("machines/g1/server-key.pem", 0o644),
        ("machines/p1/config.json", 0o640),
        ("certs/ca-key.pem", 0o604),
    ] {
        fs::set_permissions(home.store().join(path), Permissions::from_mode(mode)).unwrap();
    }
    finds(&home, &[("", "mode"), ("g1", "mode"), ("g1", "mode"), ("p1", "mode")], 1);
    mends(&home);
    for path in ["machines/g1/server-key.pem", "machines/p1/config.json", "certs/ca-key.pem"] {
        let mode = fs::metadata(home.store().join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
}

#[test]
fn env_files_that_are_missing_or_stale_are_written_anew() {
    let home = whole();
    let good = read(&home, "g1/env.sh");
    fs::remove_file(home.machine("g1").join("env.sh")).unwrap();
    write(&home, "p1/p1.env", "DOCKER_HOST=tcp://192.0.2.99:1\n");
    finds(&home, &[("g1", "env-files"), ("p1", "env-files")], 1);
    mends(&home);
    assert_eq!(read(&home, "g1/env.sh"), good);
}

#[test]
fn copies_of_certificates_follow_the_stores() {
    let home = whole();
    write(&home, "g1/ca.pem", "other");
    fs::remove_file(home.machine("g1").join("key.pem")).unwrap();
    finds(&home, &[("g1", "certificate-copy"), ("g1", "certificate-copy")], 1);
    let kept = mends(&home);
    assert_eq!(kept[Path::new("machines/g1/ca.pem")], b"other");
    assert_eq!(read(&home, "g1/key.pem"), fs::read_to_string(certs(&home, "key.pem")).unwrap());
}

#[test]
fn copies_of_another_ca_that_still_work_are_left_alone() {
    let home = whole();
    let other = tls::make_authority("other", now()).unwrap();
    let client = tls::make_client(&other, "me", now()).unwrap();
    put_server(&home, &other, now());
    write(&home, "g1/ca.pem", &other.certificate);
    write(&home, "g1/cert.pem", &client.certificate);
    write(&home, "g1/key.pem", client.key.expose());
    finds(&home, &[("g1", "other-ca")], 1);
    let ended = home.run(&["store", "check", "--repair"]).with_code(1);
    assert!(ended.out.contains("hint: rmachine regenerate-certs g1"), "{}", ended.out);
    assert_eq!(read(&home, "g1/ca.pem"), other.certificate);
}

#[test]
fn a_server_certificate_that_does_not_fit_is_told_with_the_command_that_makes_it_anew() {
    let server = |home: &Home, what: &str| {
        finds(home, &[("g1", "server-certificate")], 1);
        let ended = home.run(&["store", "check"]).with_code(1);
        assert!(
            ended.out.contains(what) && ended.out.contains("rmachine regenerate-certs g1"),
            "{}",
            ended.out
        );
    };
    let home = whole();
    put_server(&home, &authority(&home), now() - 2000 * DAY);
    server(&home, "expired");
    put_server(&home, &tls::make_authority("other", now()).unwrap(), now());
    server(&home, "not signed by this CA");
    put_server(&home, &authority(&home), now());
    write(&home, "g1/server-key.pem", authority(&home).key.expose());
    server(&home, "does not belong to the certificate");
    fs::remove_file(home.machine("g1").join("server-key.pem")).unwrap();
    server(&home, "server-key.pem is missing");
    write(&home, "g1/server.pem", "no certificate");
    write(&home, "g1/server-key.pem", "no key");
    server(&home, "cannot be read");
}

#[test]
fn the_clients_certificate_is_made_anew_and_reaches_every_machine() {
    let home = whole();
    let other = tls::make_authority("other", now()).unwrap();
    let client = tls::make_client(&other, "me", now()).unwrap();
    for (file, text) in [("cert.pem", client.certificate.as_str()), ("key.pem", client.key.expose())] {
        fs::write(certs(&home, file), text).unwrap();
        private(&certs(&home, file));
    }
    let (ended, found) = kinds(&home, &[]);
    assert_eq!(found[0], (String::new(), "client-certificate".to_owned()), "{ended:#?}");
    mends(&home);
    let client = fs::read_to_string(certs(&home, "cert.pem")).unwrap();
    assert_eq!(read(&home, "g1/cert.pem"), client);
}

#[test]
fn a_ca_that_lost_a_half_is_never_made_anew() {
    for (lost, kind) in [("ca.pem", "ca-missing"), ("ca-key.pem", "ca-missing")] {
        let home = whole();
        let path = certs(&home, lost);
        fs::remove_file(&path).unwrap();
        let (ended, found) = kinds(&home, &["--repair"]);
        assert_eq!(found[0], (String::new(), kind.to_owned()), "{ended:#?}");
        ended.with_code(1);
        assert!(!path.exists());
    }
    let home = whole();
    let other = tls::make_authority("other", now()).unwrap();
    fs::write(certs(&home, "ca-key.pem"), other.key.expose()).unwrap();
    let (_, found) = kinds(&home, &["--repair"]);
    assert_eq!(found[0].1, "ca-unfit");
}
