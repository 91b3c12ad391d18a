//! Plugins that are none, or that fail: a clear error within a deadline, the record intact, no process left.

use std::process::Command;

use serde_json::json;

use super::place::Place;

#[test]
fn a_plugin_that_cannot_be_talked_to_is_told_by_what_is_wrong_with_it() {
    if Place::new().is_none() {
        return;
    }
    let cases = [
        ("silent", "docker-machine-driver-lab did not say within 10 s where it listens"),
        ("mute", "does not speak the protocol of driver plugins: no answer within 10 s"),
        ("rubbish", "is no driver plugin: its first line is \"Usage: lab [OPTIONS]\""),
        ("elsewhere", "is no driver plugin: its first line is \"192.0.2.1:4000\""),
        (
            "nowhere",
            "listens on 127.0.0.1:1 and does not speak the protocol of driver plugins: Connection refused",
        ),
        (
            "exit",
            "ended with exit status 3 before it said where it listens; its last words: the lab is closed",
        ),
        ("other", "it answered \"HTTP/1.0 404 Not Found\""),
        ("version", "speaks version 7 of the protocol of driver plugins; this program speaks version 1"),
        ("huge", "a message of 4294967295 is more than"),
        ("undefined", "the type 72 was never defined"),
    ];
    std::thread::scope(|threads| {
        for (how, says) in cases {
            threads.spawn(move || {
                let place = Place::new().unwrap().with_var("LAB_START", how);
                place.create("m1").with_code(1).saying(says);
                assert!(!place.home.machine("m1").exists(), "{how}");
                // A stored machine is as it was.
                let place = place.with_machine("m2", &json!({}));
                let before = place.record("m2");
                if !["silent", "mute"].contains(&how) {
                    place.run(&["stop", "m2"]).with_code(1).saying(says);
                }
                assert_eq!(place.record("m2"), before, "{how}");
                place.has_no_process_left();
            });
        }
    });
}

#[test]
fn a_create_that_fails_leaves_a_record_by_which_the_host_is_removed() {
    let Some(_) = Place::new() else { return };
    for (how, says) in [
        ("error", "because the lab has no Create today"),
        ("panic", "because Panic in the driver: asked to panic in Create"),
        (
            "exit",
            "docker-machine-driver-lab ended with exit status 3 during Create; its last words: a word for the debug log | the last thing I say",
        ),
    ] {
        let place = Place::new().unwrap().with_var("LAB_FAIL", &format!("Create:{how}"));
        place.create("m1").with_code(1).saying("machine m1 is not finished").saying(says);
        let knows_its_host = place.state("m1")["HostID"] == json!("host-m1");
        assert_eq!(knows_its_host, how != "exit", "who is gone cannot be asked what it made");
        place.has_no_process_left();
        let place = place.with_var("LAB_FAIL", "");
        place.run(&["rm", "-y", "m1"]).with_code(0);
        assert!(place.log().contains("Remove m1"), "{}", place.log());
    }
}

#[test]
fn a_create_that_goes_on_removes_what_the_last_one_left_half_made() {
    let Some(place) = Place::new() else { return };
    let place = place.with_var("LAB_FAIL", "Create:error");
    place.create("m1").with_code(1);
    place.forget_log();
    let place = place.with_var("LAB_FAIL", "");
    place.create("m1").with_code(1).saying("removing what an earlier create left").saying("127.0.0.1 port 1");
    let asked: Vec<String> =
        place.log().lines().filter_map(|line| Some(line.split_once(' ')?.1.to_owned())).collect();
    let at = |what: &str| {
        asked.iter().position(|line| line == what).unwrap_or_else(|| panic!("{what}: {asked:?}"))
    };
    assert!(at("Remove m1") < at("Create m1"));
}

#[test]
fn a_verb_that_fails_says_why_and_leaves_the_record_alone() {
    let Some(_) = Place::new() else { return };
    for (fails, says) in [
        ("Stop:error", "the lab has no Stop today"),
        ("Stop:panic", "ended with exit status 2 during Stop"),
        ("Stop:exit", "ended with exit status 3 during Stop; its last words: the last thing I say"),
        ("GetState:error", "the lab has no GetState today"),
        ("GetConfigRaw:error", "answered GetConfigRaw with something else than a JSON object"),
    ] {
        let place = Place::new().unwrap().with_machine("m1", &json!({})).with_var("LAB_FAIL", fails);
        let before = place.record("m1");
        place.run(&["stop", "m1"]).with_code(1).saying(says);
        assert_eq!(place.record("m1"), before, "{fails}");
        place.has_no_process_left();
    }
}

#[test]
fn killed_in_the_middle_of_a_create_no_plugin_is_left() {
    let Some(place) = Place::new() else { return };
    let place = place.with_var("LAB_FAIL", "Create:hang");
    let mut child = place.begin(&["create", "-d", "lab", "m1"]);
    place.await_log("Create m1");
    child.kill().unwrap();
    child.wait().unwrap();
    place.has_no_process_left();
    assert_eq!(place.state("m1")["rmachine"]["is_begun"], json!(true));
}

#[test]
fn interrupted_in_the_middle_of_a_create_what_was_made_so_far_is_in_the_record() {
    let Some(place) = Place::new() else { return };
    let place = place.with_var("LAB_FAIL", "Create:hang");
    let mut child = place.begin(&["create", "-d", "lab", "m1"]);
    place.await_log("Create m1");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.state("m1")["HostID"], json!("host-m1"));
    place.has_no_process_left();
}

#[test]
fn a_plugin_that_cannot_be_run_is_told_by_its_name() {
    let Some(place) = Place::new() else { return };
    crate::home::put_program(&place.home.path("docker-machine-driver-odd"), "#!/nonexistent/interpreter\n");
    let path = place.home.path("").to_string_lossy().into_owned();
    let place = place.with_var("PATH", &format!("{path}:/usr/bin:/bin"));
    place.run(&["create", "-d", "odd", "m1"]).with_code(1).saying(
        "docker-machine-driver-odd cannot be run: its first line asks for /nonexistent/interpreter, which is not here",
    );
}

#[test]
fn called_docker_machine_a_plugin_that_cannot_be_talked_to_is_told_in_its_words() {
    for (how, told) in [
        (
            "silent",
            "Error attempting to get plugin server address for RPC: Failed to dial the plugin server in 10s\n",
        ),
        ("version", "Driver binary uses an incompatible API version (7)\n"),
    ] {
        let Some(place) = Place::classic() else { return };
        let ended = place.with_var("LAB_START", how).create("m1").with_code(1).printing("");
        assert_eq!(ended.err, told, "{how}");
    }
}
