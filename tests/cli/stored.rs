//! Stores that docker-machine wrote: every version of its file and every driver's fields, known to us or not. They are listed, used and
//! saved without losing a byte that nobody changed.
//!
//! The files of `fixtures/store` were written by hand from docker-machine's schema, those named `-as-3` as its migration would leave them.

use std::{collections::BTreeMap, fs, path::PathBuf};

use crate::home::Home;

/// Drivers whose machines can be worked with here; of the others only what is stored is known.
const OURS: [&str; 3] = ["generic", "none", "virtualbox"];
/// Where the fixtures say that their store was.
const OLD_ROOT: &str = "/old/store";

fn fixtures(folder: &str) -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store").join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// A store with one machine of every driver docker-machine had.
fn every_driver() -> (Home, BTreeMap<String, String>) {
    let files = fixtures("drivers");
    assert_eq!(files.len(), 16);
    let home = files.iter().fold(Home::new(), |home, (name, text)| home.with_config(name, text));
    (home, files)
}

fn config(home: &Home, name: &str) -> String {
    fs::read_to_string(home.machine(name).join("config.json")).unwrap()
}

#[test]
fn a_machine_of_every_driver_is_listed_and_nothing_is_written() {
    let (home, files) = every_driver();
    let before = home.snapshot();
    let names = files.keys().map(|name| name.clone() + "\n").collect::<String>();
    home.run(&["ls", "-q"]).with_code(0).printing(&names);
    let listed = home.run(&["ls", "--offline"]).with_code(0);
    for name in files.keys() {
        let row = listed.out.lines().find(|line| line.split(' ').next() == Some(name)).unwrap();
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells[..3], [name.as_str(), "-", name], "{row}");
        assert!(cells[3].starts_with("tcp://192."), "{row}");
    }
    assert_eq!(home.snapshot(), before);
}

#[test]
fn inspect_shows_every_field_of_every_driver_as_it_is_written() {
    let (home, files) = every_driver();
    for (name, text) in &files {
        home.run(&["inspect", "--show-secrets", name]).with_code(0).printing(&format!("{text}\n"));
    }
}

#[test]
fn a_machine_of_a_driver_that_is_not_here_tells_what_is_stored_of_it() {
    let (home, files) = every_driver();
    for name in files.keys() {
        let (ip, port) = match name.as_str() {
            "virtualbox" => ("192.168.99.100", 2376),
            "azure" => ("192.0.2.10", 23760),
            "none" => ("192.0.2.10:2376", 2376),
            _ => ("192.0.2.10", 2376),
        };
        let url = format!("tcp://{}:{port}", ip.trim_end_matches(":2376"));
        home.run(&["ip", name]).with_code(0).printing(&format!("{ip}\n"));
        home.run(&["url", name]).with_code(0).printing(&format!("{url}\n"));
        let env = home.run(&["env", "--shell", "sh", name]).with_code(0);
        assert!(env.out.contains(&format!("export DOCKER_HOST=\"{url}\"\n")), "{}", env.out);
    }
}

#[test]
fn what_needs_the_driver_itself_is_refused_and_only_force_forgets_the_machine() {
    let (home, files) = every_driver();
    let home = home.with_certificates("kvm");
    for name in files.keys().filter(|name| !OURS.contains(&name.as_str())) {
        let before = home.snapshot();
        for verb in
            [&["start"][..], &["stop"], &["kill"], &["restart"], &["status"], &["provision"], &["rm", "-y"]]
        {
            let words: Vec<&str> = verb.iter().copied().chain([name.as_str()]).collect();
            home.run(&words)
                .with_code(1)
                .saying(&format!("made by the driver \"{name}\", which is not here"));
        }
        assert_eq!(files_of(home.snapshot()), files_of(before), "{name}");
        home.run(&["rm", "-f", name]).with_code(0).saying("forgotten all the same");
        assert!(!home.machine(name).exists(), "{name}");
    }
}

/// Without our own locks.
fn files_of(snapshot: BTreeMap<PathBuf, Vec<u8>>) -> BTreeMap<PathBuf, Vec<u8>> {
    snapshot.into_iter().filter(|(path, _)| !path.to_string_lossy().contains("/.rmachine/")).collect()
}

#[test]
fn docker_machines_own_words_tell_of_a_driver_that_is_not_here() {
    let text = &fixtures("drivers")["kvm"];
    let home = Home::classic().with_config("kvm", text);
    let sentence = "Driver \"kvm\" not found. Do you have the plugin binary accessible in your PATH?";
    home.run(&["start", "kvm"]).with_code(1).saying(sentence);
    let listed = home.run(&["ls"]).with_code(0).out;
    let row = listed.lines().nth(1).unwrap();
    assert_eq!(
        row.split_whitespace().take(4).collect::<Vec<_>>(),
        ["kvm", "-", "not-found", "Error"],
        "{row}"
    );
    assert!(row.ends_with(sentence), "{row}");
    home.run(&["url", "kvm"]).with_code(0).printing("tcp://192.0.2.10:2376\n");
}

#[test]
fn a_save_changes_no_byte_of_any_drivers_file_but_those_it_means() {
    let (home, files) = every_driver();
    for (name, text) in &files {
        home.save(name, |record| record.side.url = Some("tcp://192.0.2.9:1".to_owned())).unwrap();
        assert_eq!(config(&home, name), *text, "{name}");
        home.save(name, |record| {
            record.config.driver["IPAddress"] = "192.0.2.77".into();
            record.config.host_options.engine_options.labels = Some(vec!["tier=db".to_owned()]);
        })
        .unwrap();
        let old = text.lines().find(|line| line.contains("\"IPAddress\"")).unwrap();
        let new = "        \"IPAddress\": \"192.0.2.77\",";
        assert_eq!(config(&home, name), text.replacen(old, new, 1).replace("tier=web", "tier=db"), "{name}");
        assert!(!home.machine(name).join("config.json.bak").exists());
    }
}

#[test]
fn old_versions_are_used_as_they_are_and_only_a_save_writes_them_anew() {
    for version in ["0", "1", "2"] {
        let files = fixtures("versions");
        let (old, new) = (&files[version], &files[&format!("{version}-as-3")]);
        let home = Home::new().with_config("old", old);
        let before = home.snapshot();
        let listed = home.run(&["ls", "--offline"]).with_code(0);
        assert!(
            listed.out.contains("generic") && listed.out.contains("tcp://192.0.2.10:2376"),
            "{}",
            listed.out
        );
        home.run(&["ip", "old"]).with_code(0).printing("192.0.2.10\n");
        // The folder's name wins over the file's.
        let word = ["zero", "one", "two"].map(|word| format!("\"Name\": \"{word}\""));
        let shown = word.iter().fold(new.clone(), |text, word| text.replace(word, "\"Name\": \"old\""));
        home.run(&["inspect", "old"]).with_code(0).printing(&format!("{shown}\n"));
        home.run(&["env", "--shell", "sh", "old"]).with_code(0);
        assert_eq!(home.snapshot(), before, "version {version}");

        home.save("old", |_| {}).unwrap();
        assert_eq!(config(&home, "old"), *new, "version {version}");
        let backup = home.machine("old").join("config.json.bak");
        assert_eq!(fs::read_to_string(&backup).unwrap(), *old, "version {version}");
        home.save("old", |_| {}).unwrap();
        assert_eq!(config(&home, "old"), *new);
        assert_eq!(fs::read_to_string(&backup).unwrap(), *old, "a second save is no migration");
        home.run(&["rm", "-y", "old"]).with_code(0);
    }
}

#[test]
fn a_migrated_file_keeps_the_change_that_it_was_saved_for() {
    let files = fixtures("versions");
    let home = Home::new().with_config("old", &files["1"]);
    home.save("old", |record| record.config.driver["IPAddress"] = "192.0.2.77".into()).unwrap();
    assert_eq!(config(&home, "old"), files["1-as-3"].replace("192.0.2.10", "192.0.2.77"));
}

#[test]
fn an_old_file_that_says_nothing_of_its_store_is_one_of_this_store() {
    let text = &fixtures("versions")["0"].replace(OLD_ROOT, "");
    let home = Home::new().with_config("old", text);
    let inspect = |field: &str| home.run(&["inspect", "old", "-f", field]).with_code(0).out;
    assert_eq!(inspect("{{.Driver.StorePath}}"), "/\n", "the root is what the file says");
    let home = Home::new().with_config("old", r#"{"DriverName": "generic", "Driver": {"MachineName": ""}}"#);
    let inspect = |field: &str| home.run(&["inspect", "old", "-f", field]).with_code(0).out;
    let store = home.store();
    assert_eq!(inspect("{{.Driver.StorePath}}"), format!("{}\n", store.display()));
    assert_eq!(inspect("{{.HostOptions.AuthOptions.CertDir}}"), format!("{}/certs\n", store.display()));
    assert_eq!(inspect("{{.Name}}"), "old\n");
}

#[test]
fn version_3_with_the_blob_of_0_5_keeps_it() {
    for name in ["3", "3-rawdriver"] {
        let text = &fixtures("versions")[name];
        let home = Home::new().with_config("n1", text);
        home.save("n1", |record| record.config.driver["SSHPort"] = 2222.into()).unwrap();
        assert_eq!(config(&home, "n1"), text.replace("\"SSHPort\": 22,", "\"SSHPort\": 2222,"));
    }
}

#[test]
fn a_version_of_the_future_is_refused_in_both_voices_and_listed_as_broken() {
    let text = fixtures("versions")["3"].replace("\"ConfigVersion\": 3", "\"ConfigVersion\": 4");
    let home = Home::new().with_config("n1", &text);
    home.run(&["env", "n1"])
        .with_code(1)
        .saying("is from the future")
        .saying("hint: use the newest rmachine");
    home.run(&["rm", "-y", "n1"]).with_code(1).saying("is from the future");
    let classic = Home::classic().with_config("n1", &text);
    let sentence = "config version is from the future -- you should upgrade your Docker Machine client";
    classic.run(&["inspect", "n1"]).with_code(1).saying(&format!("Error getting migrated host: {sentence}"));
    let listed = classic.run(&["ls"]).with_code(0).out;
    let row = listed.lines().nth(1).unwrap();
    assert!(row.contains("not found   Error") && row.ends_with(sentence), "{row}");
    assert_eq!(config(&home, "n1"), text);
}

#[test]
fn null_is_the_empty_value_of_any_option_as_it_was_for_go() {
    let text = fixtures("versions")["3"]
        .replace("\"GraphDir\": \"\"", "\"GraphDir\": null")
        .replace("\"Memory\": 0", "\"Memory\": null")
        .replace("\"Ipv6\": false", "\"Ipv6\": null");
    let home = Home::new().with_config("n1", &text);
    home.run(&["ip", "n1"]).with_code(0).printing("192.0.2.10\n");
    home.save("n1", |record| record.config.driver["SSHPort"] = 2222.into()).unwrap();
    assert_eq!(config(&home, "n1"), text.replace("\"SSHPort\": 22,", "\"SSHPort\": 2222,"));
}

#[test]
fn a_host_is_removed_although_our_own_file_is_half_written() {
    let text = &fixtures("drivers")["none"];
    let home = Home::new().with_config("n1", text);
    fs::write(home.machine("n1").join("rmachine.json"), "{\"version\": 1, \"stage\": \"cre").unwrap();
    home.run(&["ip", "n1"]).with_code(1).saying("rmachine.json cannot be understood");
    home.run(&["rm", "-y", "n1"]).with_code(0);
    assert!(!home.machine("n1").exists());
}
