//! What lies beside the machines: what the dead left, folders that are none, swarms, docker's contexts, and others at work.

use super::*;

#[test]
fn what_dead_processes_left_is_a_note_and_swept() {
    let home = whole();
    let own = home.store().join(".rmachine");
    fs::write(own.join("locks/gone"), "99 create\n").unwrap();
    fs::create_dir_all(own.join("staging/gone2+new")).unwrap();
    private(&own.join("staging"));
    write(&home, "p1/.rmachine-unfinished-x", "{");
    write(&home, "p1/config.json.tmp5", "{");
    let long_ago = SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::options()
        .write(true)
        .open(home.machine("p1").join("config.json.tmp5"))
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    fs::write(home.store().join("machines/notes.txt"), "mine").unwrap();
    fs::write(home.store().join("machines/.DS_Store"), "").unwrap();
    finds(
        &home,
        &[("", "stray"), ("gone", "leftover"), ("gone2", "leftover"), ("p1", "leftover"), ("p1", "leftover")],
        0,
    );
    let kept = mends(&home);
    assert_eq!(kept[Path::new("machines/notes.txt")], b"mine");
    assert!(!own.join("locks/gone").exists() && !own.join("staging/gone2+new").exists());
    assert!(home.store().join("machines/.DS_Store").exists());
}

#[test]
fn folders_that_are_no_machines_and_records_of_swarms_that_are_broken_are_told() {
    let home = whole();
    fs::create_dir(home.store().join("machines/a b")).unwrap();
    let swarms = home.store().join(".rmachine/swarms");
    fs::create_dir(&swarms).unwrap();
    fs::write(swarms.join("s1.json"), "{").unwrap();
    finds(&home, &[("", "swarm-record"), ("a b", "bad-name")], 1);
    home.run(&["store", "check", "--repair"]).with_code(1);
    finds(&home, &[("a b", "bad-name")], 1);
}

/// A record of a swarm of these machines, which was formed.
fn put_swarm(home: &Home, name: &str, version: u32, machines: &[&str]) {
    let node = |machine: &&str| json!({ "machine": machine, "role": "manager", "origin": "existing" });
    let nodes: Vec<Value> = machines.iter().map(node).collect();
    let record = json!({ "version": version, "stage": "formed", "cluster": "c", "nodes": nodes });
    let swarms = home.store().join(".rmachine/swarms");
    fs::create_dir_all(&swarms).unwrap();
    fs::write(swarms.join(format!("{name}.json")), record.to_string()).unwrap();
}

#[test]
fn swarms_whose_machines_are_gone_or_that_a_later_version_wrote_are_told() {
    let home = whole();
    put_swarm(&home, "all", 1, &["p1", "g1"]);
    finds(&home, &[], 0);
    put_swarm(&home, "some", 1, &["p1", "x1"]);
    put_swarm(&home, "later", 9, &["x1"]);
    finds(&home, &[("", "swarm-future"), ("", "swarm-machine-gone")], 1);
    let told = home.run(&["store", "check", "--repair"]).with_code(1);
    for line in [
        "the machine x1 of the swarm some is gone\n  hint: rmachine swarm rm-node --force some x1\n",
        "  hint: use the newest rmachine for it\n",
    ] {
        assert!(told.out.contains(line), "{}", told.out);
    }
    let swarms = home.store().join(".rmachine/swarms");
    fs::remove_file(swarms.join("some.json")).unwrap();
    fs::remove_file(swarms.join("later.json")).unwrap();
    put_swarm(&home, "none", 1, &["x1", "x2"]);
    finds(&home, &[("", "swarm-gone")], 1);
    assert!(mends(&home).contains_key(Path::new(".rmachine/swarms/none.json")));
    assert!(!swarms.join("none.json").exists() && swarms.join("all.json").exists());
}

#[test]
fn contexts_of_machines_that_are_gone_are_removed_wherever_they_were_made() {
    let mut home = whole();
    let contexts = |home: &Home, folder: &str| {
        fs::read_dir(home.path(folder).join("contexts/meta")).map_or(0, Iterator::count)
    };
    home = home.with_var("DOCKER_CONFIG", "elsewhere");
    home.run(&["create", "-d", "none", "--url", URL, "p2"]).with_code(0);
    home = home.with_var("DOCKER_CONFIG", ".docker");
    finds(&home, &[], 0);
    // By a program that knows no contexts.
    fs::remove_dir_all(home.machine("p1")).unwrap();
    fs::remove_dir_all(home.machine("p2")).unwrap();
    let theirs = home.path(".docker/contexts/meta/theirs");
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("meta.json"), r#"{"Name":"p9","Metadata":{},"Endpoints":{}}"#).unwrap();
    let locks = [("p1", "leftover"), ("p2", "leftover")];
    finds(&home, &[&locks[..], &[("", "context"); 2]].concat(), 1);
    mends(&home);
    assert_eq!((contexts(&home, ".docker"), contexts(&home, "elsewhere")), (1, 0));
}

#[test]
fn a_machine_that_another_is_at_work_on_is_left_to_that() {
    let home = whole();
    fs::remove_file(home.machine("p1").join("env.sh")).unwrap();
    let lock =
        fs::File::options().read(true).write(true).open(home.store().join(".rmachine/locks/p1")).unwrap();
    lock.lock().unwrap();
    finds(&home, &[("p1", "busy")], 0);
    drop(lock);
    finds(&home, &[("p1", "env-files")], 1);
}
