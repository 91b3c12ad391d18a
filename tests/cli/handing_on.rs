//! `export` and `import`: machines in a file, out of one store and into another.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};

use crate::home::{Ended, Home, config};

/// A store with a machine of a driver that is not here, whose key is in its folder, and one that only points at an engine.
fn here() -> Home {
    let home = Home::new().with_machine("n2", "tcp://10.0.0.6:2376");
    let key = home.machine("n1").join("id_rsa");
    let state = json!({
        "IPAddress": "10.0.0.5", "SSHUser": "root", "SSHPort": 22, "SSHKeyPath": key, "StorePath": home.store(),
        "Token": "t", "Big": 9_007_199_254_740_993_u64, "More": { "Disk": home.machine("n1").join("disk") },
    });
    let mut config = config("n1", &state);
    config["DriverName"] = json!("hetzner");
    config["FromElsewhere"] = json!([1]);
    let home = home.with_config("n1", &config.to_string()).with_certificates("n1").with_certificates("n2");
    fs::write(key, "a private key").unwrap();
    fs::write(home.machine("n1").join("env.sh"), "made anew").unwrap();
    home.with_var("WORDS", "correct horse battery")
}

fn export(home: &Home, words: &[&str]) -> Ended {
    home.run(&[&["export", "--passphrase-env", "WORDS"], words].concat())
}

fn import(home: &Home, words: &[&str]) -> Ended {
    home.run(&[&["import", "--passphrase-env", "WORDS"], words].concat())
}

fn json_of(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn what_leaves_one_store_works_in_another() {
    let home = here();
    let file = home.path("n.age");
    let file = file.to_str().unwrap();
    export(&home, &[file, "n1", "n2"]).with_code(0).saying("n1, n2 in ");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    let sealed = fs::read(file).unwrap();
    assert!(!sealed.windows(13).any(|bytes| bytes == b"a private key"));

    let there = Home::new().with_var("WORDS", "correct horse battery");
    import(&there, &[file]).with_code(0).saying("n1 is here: eval \"$(rmachine env n1)\"");
    there.run(&["url", "n1"]).with_code(0).printing("tcp://10.0.0.5:2376\n");
    there.run(&["ls", "-q", "--offline"]).with_code(0).printing("n1\nn2\n");
    let folder = there.machine("n1");
    let variables = there.run(&["env", "--shell", "json", "n2"]).with_code(0).out;
    assert!(variables.contains(there.machine("n2").to_str().unwrap()), "{variables}");
    for name in ["ca.pem", "cert.pem", "key.pem", "id_rsa"] {
        assert_eq!(
            fs::read(folder.join(name)).unwrap(),
            fs::read(home.machine("n1").join(name)).unwrap(),
            "{name}"
        );
        assert_eq!(fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    assert!(
        !folder.join("env.sh").exists() || fs::read_to_string(folder.join("env.sh")).unwrap() != "made anew"
    );
    // Its paths lead into the new store, its other fields are what they were.
    let config = json_of(&folder.join("config.json"));
    assert_eq!(config["Driver"]["SSHKeyPath"], json!(folder.join("id_rsa")));
    assert_eq!(config["Driver"]["StorePath"], json!(there.store()));
    assert_eq!(config["Driver"]["More"]["Disk"], json!(folder.join("disk")));
    assert_eq!(config["Driver"]["Big"], json!(9_007_199_254_740_993_u64));
    assert_eq!((&config["FromElsewhere"], &config["DriverName"]), (&json!([1]), &json!("hetzner")));
    assert_eq!(config["HostOptions"]["AuthOptions"]["CaCertPath"], json!(folder.join("ca.pem")));
    assert!(!there.store().join("certs/ca-key.pem").exists(), "the CA's key stayed where it is");
}

#[test]
fn a_key_outside_of_the_folder_comes_along_and_a_name_may_change() {
    let home = here();
    let key = home.path("id_mine");
    fs::write(&key, "my own key").unwrap();
    let path = home.machine("n1").join("config.json");
    let mut config = json_of(&path);
    config["Driver"]["SSHKeyPath"] = json!(key);
    fs::write(&path, config.to_string()).unwrap();
    let file = home.path("n.age");
    let file = file.to_str().unwrap();
    export(&home, &[file, "--all"]).with_code(0);
    import(&home, &[file]).with_code(3).saying("machine \"n1\" already exists; nothing was taken in");
    import(&home, &["--as", "other", file])
        .with_code(2)
        .saying("--as other is for one machine, and there are 2");
    import(&home, &["--as", "other", file, "n3"]).with_code(2).saying("there are: n1, n2");
    import(&home, &["--as", "other", file, "n1"]).with_code(0);
    let config = json_of(&home.machine("other").join("config.json"));
    assert_eq!((&config["Name"], &config["Driver"]["MachineName"]), (&json!("other"), &json!("other")));
    let key = home.machine("other").join("id_exported");
    assert_eq!(config["Driver"]["SSHKeyPath"], json!(key));
    assert_eq!(fs::read_to_string(key).unwrap(), "my own key");
}

#[test]
fn what_cannot_be_handed_on_or_taken_in_is_told() {
    let home = here();
    let nspawn = json!({ "ConfigVersion": 3, "Driver": {}, "DriverName": "nspawn", "HostOptions": {}, "Name": "local" });
    let home = home.with_config("local", &nspawn.to_string());
    let file = home.path("n.age");
    let file = file.to_str().unwrap();
    export(&home, &[file, "local"]).with_code(3).saying("the host of local lives on this computer");
    export(&home, &[file]).with_code(2);
    export(&home, &["n1", file])
        .with_code(2)
        .saying(&format!("the file comes first: rmachine export {file} n1"));
    home.run(&["export", file, "n1"]).with_code(3).saying("no terminal to ask for the passphrase");
    home.run(&["export", "--passphrase-env", "NONE", file, "n1"])
        .with_code(2)
        .saying("the variable NONE is not set");
    assert!(!Path::new(file).exists());
    export(&home, &[file, "n1"]).with_code(0);
    export(&home, &[file, "n1"]).with_code(3).saying("--force");
    let there = Home::new().with_var("WORDS", "wrong");
    import(&there, &[file]).with_code(1).saying("the passphrase is wrong");
    let other = there.path("other");
    fs::write(&other, "no such format").unwrap();
    import(&there, &[other.to_str().unwrap()]).with_code(1).saying("it is no file of rmachine export");
    import(&there, &["/nonexistent"]).with_code(1).saying("read /nonexistent");
    assert!(!there.store().exists());
}

#[test]
fn the_program_of_the_format_opens_the_file_too() {
    if !Path::new("/usr/bin/age").exists() {
        println!("SKIPPED: age is not installed");
        return;
    }
    let home = here();
    let file = home.path("n.age");
    let file = file.to_str().unwrap();
    export(&home, &[file, "n1"]).with_code(0);
    let line = format!("age -d -o {file}.tar {file} && tar -tf {file}.tar >{file}.txt");
    home.run_on_terminal(&line, "correct horse battery\n").with_code(0);
    let listed = fs::read_to_string(format!("{file}.txt")).unwrap();
    assert!(listed.starts_with("rmachine-export.json\n") && listed.contains("n1/id_rsa\n"), "{listed}");
}
