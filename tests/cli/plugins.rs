//! Driver plugins: one that Go made is driven through the whole life of a machine, and through everything that can go wrong with one.

mod lines;
mod listed;
mod misbehaving;
mod place;
mod sharing;

use place::Place;
use serde_json::json;

#[test]
fn a_plugins_flags_are_shown_with_kinds_defaults_and_variables() {
    let Some(place) = Place::new() else { return };
    let help = place.run(&["create", "-d", "lab", "--help"]).with_code(0).out;
    let (_, own) = help.split_once("Options of the lab driver:").unwrap_or_else(|| panic!("{help}"));
    let own = own.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "--lab-ip-address <TEXT> Adopt the host with this address",
        "--lab-ssh-port <N> Log in on this port [default: 22]",
        "--lab-token <TEXT> Ask the lab with this token [env: LAB_TOKEN]",
        "--lab-size <N> Make the host this large [env: LAB_SIZE] [default: 4]",
        "--lab-fancy Make the host fancy [env: LAB_FANCY]",
        "--lab-tag <TEXT> Tag the host [env: LAB_TAG] [default: lab]",
    ] {
        assert!(own.contains(said), "{said:?} is not in {own}");
    }
    assert!(!own.contains("theirs"), "a flag of create's own is create's");
    assert_eq!(place.starts(), 1);
}

#[test]
fn a_machine_lives_its_whole_life_by_a_plugin_that_is_started_once_for_each_command() {
    let Some(place) = Place::new() else { return };
    let words = ["--lab-size", "9", "--lab-tag", "a", "--lab-tag", "b", "--lab-fancy"];
    place
        .create_as("m1", &words)
        .with_code(1)
        .saying("m1: making the host")
        .saying("machine m1 is not finished");
    assert_eq!(place.starts(), 1);
    let state = place.state("m1");
    let own = [&state["Size"], &state["Tags"], &state["Fancy"], &state["HostID"], &state["MachineName"]];
    assert_eq!(own, [&json!(9), &json!(["a", "b"]), &json!(true), &json!("host-m1"), &json!("m1")]);
    for (verb, becomes) in
        [("stop", "Stopped"), ("start", "Running"), ("kill", "Stopped"), ("restart", "Running")]
    {
        place.forget_log();
        place.run(&[verb, "m1"]).with_code(0);
        assert_eq!(place.starts(), 1, "{verb}: {}", place.log());
        place.run(&["status", "m1"]).with_code(0).printing(&format!("{becomes}\n"));
    }
    // What the plugin says once is kept: these need none.
    place.forget_log();
    place.run(&["url", "m1"]).with_code(0).printing("tcp://127.0.0.1:2376\n");
    place.run(&["ip", "m1"]).with_code(0).printing("127.0.0.1\n");
    assert_eq!(place.starts(), 0, "{}", place.log());
    place.run(&["rm", "-y", "m1"]).with_code(0);
    assert!(place.log().contains("Remove m1"), "{}", place.log());
    assert!(!place.home.machine("m1").exists());
    place.has_no_process_left();
}

#[test]
fn flags_come_from_variables_and_settings_too_and_a_wrong_one_is_the_plugins_to_refuse() {
    let Some(place) = Place::new() else { return };
    let place = place
        .with_var("LAB_TOKEN", "s3cret")
        .with_var("LAB_TAG", "x,y")
        .with_settings("[create.lab]\nsize = 7\n");
    place.create("m1").with_code(1);
    let state = place.state("m1");
    assert_eq!(
        [&state["Token"], &state["Tags"], &state["Size"]],
        [&json!("s3cret"), &json!(["x", "y"]), &json!(7)]
    );
    place.create_as("m2", &["--lab-size", "0"]).with_code(2).saying("--lab-size 0 must be 1 or more");
    assert!(!place.home.machine("m2").exists());
    place
        .create_as("m2", &["--lab-size", "many"])
        .with_code(2)
        .saying("invalid value 'many' for '--lab-size <N>'");
    place.create_as("m2", &["--lab-colour", "red"]).with_code(2).saying("unexpected argument '--lab-colour'");
    place.has_no_process_left();
}

#[test]
fn called_docker_machine_a_plugins_lines_have_the_machines_name_before_them() {
    let Some(place) = Place::classic() else { return };
    let out = place.create("m1").out;
    assert!(
        out.contains("Running pre-create checks...\nCreating machine...\n(m1) making the host\n"),
        "{out}"
    );
}

#[test]
fn what_a_plugin_does_not_know_of_the_state_survives_it() {
    let Some(place) = Place::new() else { return };
    let place = place.with_machine("m1", &json!({ "FromTheFuture": { "a": [1, 2] } }));
    place.run(&["stop", "m1"]).with_code(0);
    let state = place.state("m1");
    assert_eq!((&state["FromTheFuture"], &state["HostID"]), (&json!({ "a": [1, 2] }), &json!("host-m1")));
}

#[test]
fn a_machine_whose_plugin_went_away_lists_and_can_be_forgotten() {
    let Some(place) = Place::new() else { return };
    let place = place.with_machine("m1", &json!({})).with_var("PATH", "/usr/bin:/bin");
    let ended = place.run(&["ls"]).with_code(0);
    assert!(ended.out.contains("m1     -        lab") && ended.out.contains("lab"), "{}", ended.out);
    place.run(&["inspect", "m1"]).with_code(0);
    let ended = place.run(&["stop", "m1"]).with_code(1);
    assert!(!ended.err.contains("did you mean"), "{}", ended.err);
    ended.saying(".rmachine/plugins/ of the store: docker-machine-driver-lab or rmachine-driver-lab");
    // What the plugin said of the host is known without it.
    place.run(&["ssh", "m1", "true"]).with_code(255).saying("there is no key file");
    place.run(&["rm", "-f", "m1"]).with_code(0);
    assert!(!place.home.machine("m1").exists());
}

#[test]
fn a_driver_inside_of_docker_machine_is_driven_by_its_name() {
    let Some(place) = Place::new() else { return };
    // The program of several drivers is told which one it is to be.
    let folder = place.home.path("bin");
    std::fs::create_dir(&folder).unwrap();
    let program = crate::plugin::folder().unwrap().join(crate::plugin::PROGRAM);
    std::os::unix::fs::symlink(program, folder.join("docker-machine")).unwrap();
    let place = place.with_var("PATH", &format!("{}:/usr/bin:/bin", folder.display()));
    let shown = place.run(&["driver", "show", "google"]).with_code(0).out;
    assert!(shown.contains("/bin/docker-machine") && shown.contains("--lab-size"), "{shown}");
    place.run(&["create", "-d", "google", "--timeout", "1", "m1"]).with_code(1).saying("m1 is not finished");
    assert!(place.log().contains(" start google"), "{}", place.log());
    place.run(&["rm", "-y", "m1"]).with_code(0);
    assert!(place.log().contains("Remove m1"), "{}", place.log());
    place.has_no_process_left();
}
