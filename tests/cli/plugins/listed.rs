//! `driver ls` and `driver show`: what there is, where it is, and what it takes.

use serde_json::{Value, json};

use super::place::Place;
use crate::home::{Home, put_program};

#[test]
fn drivers_are_listed_with_version_and_path_and_with_what_is_wrong_with_them() {
    let Some(place) = Place::new() else { return };
    let folder = place.home.store().join(".rmachine/plugins");
    std::fs::create_dir_all(&folder).unwrap();
    put_program(&folder.join("docker-machine-driver-broken"), "#!/bin/sh\necho Usage: broken\n");
    std::fs::write(folder.join("rmachine-driver-locked"), "#!/bin/sh\n").unwrap();
    let out = place.run(&["driver", "ls", "--json"]).with_code(0).out;
    let rows: Vec<Value> = serde_json::from_str(&out).unwrap();
    let row =
        |name: &str| rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {out}"));
    assert_eq!((&row("generic")["kind"], &row("generic")["error"]), (&json!("built-in"), &Value::Null));
    let lab = row("lab");
    assert_eq!((&lab["kind"], &lab["version"], &lab["error"]), (&json!("plugin"), &json!("1"), &Value::Null));
    assert!(lab["path"].as_str().unwrap().ends_with("/docker-machine-driver-lab"), "{lab}");
    let locked = row("locked")["error"].as_str().unwrap().to_owned();
    assert!(locked.contains("may not be executed: chmod +x "), "{locked}");
    let broken = row("broken");
    assert_eq!(broken["path"], json!(folder.join("docker-machine-driver-broken")));
    assert!(broken["error"].as_str().unwrap().contains("its first line is \"Usage: broken\""), "{broken}");
    assert_eq!(place.starts(), 1);
    place.has_no_process_left();
    place.forget_log();
    let table = place.run(&["driver", "ls", "--offline"]).with_code(0).out;
    assert!(table.lines().any(|line| line.starts_with("lab ") && line.contains("plugin     -")), "{table}");
    assert_eq!(place.starts(), 0, "nothing is started");
}

#[test]
fn a_plugin_that_does_not_answer_is_waited_for_in_words() {
    let home = Home::new();
    let folder = home.path("bin");
    std::fs::create_dir_all(&folder).unwrap();
    put_program(&folder.join("rmachine-driver-mute"), "#!/bin/sh\ncat >/dev/null\n");
    let home = home.with_var("PATH", &format!("{}:/usr/bin:/bin", folder.display()));
    let ended = home.run(&["driver", "ls"]).with_code(0);
    ended.saying("waiting for the plugins to answer, 10 s at most: mute");
}

#[test]
fn a_driver_shows_its_flags_whether_it_is_built_in_or_a_plugin() {
    let Some(place) = Place::new() else { return };
    let out = place.run(&["driver", "show", "lab", "--json"]).with_code(0).out;
    let shown: Value = serde_json::from_str(&out).unwrap();
    let flag = |name: &str| {
        shown["flags"].as_array().unwrap().iter().find(|flag| flag["name"] == name).unwrap().clone()
    };
    let port = json!({
        "name": "lab-ssh-port", "kind": "number", "default": 22, "variable": null, "help": "Log in on this port",
        "secret": false
    });
    assert_eq!(flag("lab-ssh-port"), port);
    assert_eq!(
        (&flag("lab-token")["secret"], &flag("lab-token")["variable"]),
        (&json!(true), &json!("LAB_TOKEN"))
    );
    let text = place.run(&["driver", "show", "generic"]).with_code(0).out;
    assert!(text.lines().any(|line| line.starts_with("--generic-ip-address ")), "{text}");
    place.run(&["driver", "show", "labb"]).with_code(2).saying("there is no driver \"labb\"").saying("lab");
}

#[test]
fn a_driver_of_ours_comes_before_a_plugin_of_its_name() {
    let home = Home::new();
    let path = home.path("bin");
    std::fs::create_dir_all(&path).unwrap();
    put_program(&path.join("docker-machine-driver-generic"), "#!/bin/sh\necho never >&2; exit 1\n");
    let home = home.with_var("PATH", &format!("{}:/usr/bin:/bin", path.display()));
    let out = home.run(&["driver", "show", "generic", "--json"]).with_code(0).out;
    assert!(out.contains("\"built-in\""), "{out}");
}
