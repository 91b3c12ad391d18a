//! `create` and `rm` as far as they go without a host: an engine that is only pointed at.

use rmachine::tls;

use crate::home::Home;

const URL: &str = "tcp://127.0.0.1:2376";

#[test]
fn a_flag_that_only_one_driver_has_says_which_driver_is_meant() {
    let home = Home::new();
    let ended = home.run(&["create", "--url", URL, "n1"]);
    ended.with_code(0).saying("using the none driver, the only one that has --url");
    home.run(&["url", "n1"]).with_code(0).printing("tcp://127.0.0.1:2376\n");
}

#[test]
fn a_name_that_is_taken_is_refused_and_the_machine_stays() {
    let home = Home::new().with_machine("n1", URL);
    let before = home.snapshot();
    let ended = home.run(&["create", "-d", "none", "--url", "tcp://10.9.9.9:1", "n1"]);
    ended
        .with_code(3)
        .saying("machine \"n1\" already exists")
        .saying("hint: take another name, or remove it first: rmachine rm n1");
    let after = home.snapshot();
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)));
}

#[test]
fn a_machine_is_made_used_and_removed() {
    let home = Home::new();
    home.run(&["create", "-d", "none", "--url", URL, "n1"]).with_code(0).printing("");
    assert!(home.run(&["env", "n1", "--shell", "bash"]).with_code(0).out.contains(URL));
    home.run(&["ls", "-q"]).with_code(0).printing("n1\n");
    home.run(&["rm", "-y", "n1"]).with_code(0);
    home.run(&["ls", "-q"]).with_code(0).printing("");
    assert!(!home.machine("n1").exists());
}

#[test]
fn a_broken_machine_can_be_forgotten() {
    let home = Home::new().with_config("broken", "{");
    home.run(&["rm", "-f", "broken"]).with_code(0);
    assert!(!home.machine("broken").exists());
}

#[test]
fn several_machines_are_made_at_once() {
    let home = Home::new();
    home.run(&["create", "-d", "none", "--url", URL, "a", "b", "c"]).with_code(0);
    home.run(&["ls", "-q"]).with_code(0).printing("a\nb\nc\n");
    home.run(&["rm", "-y", "a", "b", "c"]).with_code(0);
}

#[test]
fn twenty_first_creates_at_once_make_one_ca() {
    let home = Home::new();
    std::thread::scope(|scope| {
        let creates: Vec<_> = (1..=20)
            .map(|n| {
                let home = &home;
                scope.spawn(move || home.run(&["create", "-d", "none", "--url", URL, &format!("n{n}")]))
            })
            .collect();
        for create in creates {
            create.join().unwrap().with_code(0);
        }
    });
    assert_eq!(home.run(&["ls", "-q"]).out.lines().count(), 20);
    let read = |file: &str| std::fs::read_to_string(home.store().join("certs").join(file)).unwrap();
    let client = tls::Identity { certificate: read("cert.pem"), key: read("key.pem").into() };
    tls::check(&client, &read("ca.pem")).unwrap();
}

#[test]
fn a_dry_run_changes_nothing() {
    let home = Home::new();
    home.run(&["create", "-d", "none", "--url", URL, "--dry-run", "n1"])
        .with_code(0)
        .printing("record the machine; the none driver changes nothing on a host\n");
    assert!(home.snapshot().keys().all(|path| !path.starts_with(home.store().join("machines"))));
}
