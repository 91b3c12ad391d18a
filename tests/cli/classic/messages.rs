//! Messages, streams and exit codes, one recorded block per command line.

use super::{recorded, store};
use crate::home::Home;

/// A recorded command line.
struct Block {
    words: Vec<&'static str>,
    code: i32,
    out: String,
    err: String,
}

fn blocks() -> Vec<Block> {
    recorded!("messages.txt").split("\n\n").map(block).collect()
}

fn block(text: &'static str) -> Block {
    let mut block = Block { words: Vec::new(), code: 0, out: String::new(), err: String::new() };
    for line in text.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "$" => block.words = rest.split(' ').collect(),
            "exit" => block.code = rest.parse().unwrap(),
            "out" => block.out.extend([rest, "\n"]),
            "err" => block.err.extend([rest, "\n"]),
            other => panic!("{other:?} opens no line of a block"),
        }
    }
    block
}

/// The text with `…` in place of each cause, where the record has that.
fn with_causes_as(record: &str, text: &str) -> String {
    let line = |(told, recorded): (&str, &str)| match recorded.split_once('…') {
        Some((before, after)) if told.starts_with(before) && told.ends_with(after) => recorded.to_owned(),
        _ => told.to_owned(),
    };
    let has_as_many = text.lines().count() == record.lines().count();
    let lines = text.lines().zip(record.lines()).map(line).map(|line| line + "\n");
    if has_as_many { lines.collect() } else { text.to_owned() }
}

#[test]
fn every_message_goes_to_its_stream_with_its_exit_code() {
    let blocks = blocks();
    assert!(blocks.len() > 40, "the record is short");
    for Block { words, code, out, err } in blocks {
        let home = store();
        let place = home.store().display().to_string();
        let program = home.path("docker-machine").display().to_string();
        let there = |text: &str| text.replace("<store>", &place).replace("<argv0>", &program);
        let words: Vec<String> = words.into_iter().map(there).collect();
        let ended = home.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let told = (ended.out, with_causes_as(&there(&err), &ended.err), ended.code);
        assert_eq!(told, (there(&out), there(&err), code), "docker-machine {}", words.join(" "));
    }
}

#[test]
fn a_record_that_force_cannot_delete_is_a_failure() {
    let home = store();
    // Nothing is deleted without a lock, and here no lock can be.
    std::fs::write(home.store().join(".rmachine"), "").unwrap();
    let ended = home.run(&["rm", "-f", "n1"]).with_code(1).saying("Error removing host \"n1\": ");
    assert!(!ended.out.contains("Successfully") && home.machine("n1").exists(), "{}", ended.out);
}

#[test]
fn what_one_of_several_machines_became_is_saved_though_another_failed() {
    let home = store();
    let hosts = home.path("hosts").display().to_string();
    let create = ["create", "-d", "rehearsal", "--rehearsal-folder", &hosts, "m1"];
    home.run(&create).with_code(0);
    home.run(&["stop", "m1"]).with_code(0);
    let starts = || home.run(&["inspect", "-f", "{{.Driver.Starts}}", "m1"]).with_code(0).out;
    assert_eq!(starts(), "1\n");
    home.run(&["start", "m1", "n1"]).with_code(1).saying("Machine \"n1\" is already running.");
    assert_eq!(starts(), "2\n");
}

#[test]
fn a_ca_that_lost_its_certificate_is_told_as_docker_machine_told_it() {
    let home = store();
    let create = |name| home.run(&["create", "-d", "none", "--url", super::URL, name]);
    create("n2").with_code(0);
    std::fs::remove_file(home.store().join("certs/ca.pem")).unwrap();
    let ended = create("n3").with_code(1).printing("");
    assert_eq!(ended.err, "Error generating certificates: certificate authority key already exists\n");
}

#[test]
fn a_create_that_failed_in_its_driver_is_listed_and_in_the_way_until_it_is_removed() {
    let home = store();
    let hosts = home.path("hosts").display().to_string();
    let create =
        ["create", "-d", "rehearsal", "--rehearsal-folder", &hosts, "--rehearsal-fault", "create", "n2"];
    home.run(&create)
        .with_code(1)
        .saying("Error creating machine: Error in driver during machine creation: ");
    home.run(&["ls", "-q", "--filter", "name=^n2$"]).with_code(0).printing("n2\n");
    let again = home.run(&create).with_code(1).printing("");
    assert_eq!(again.err, "Docker machine \"n2\" already exists\n");
    home.run(&["rm", "-y", "n2"]).with_code(0);
    home.run(&["ls", "-q", "--filter", "name=^n2$"]).with_code(0).printing("");
}

#[test]
fn a_folder_gives_its_machine_the_name_and_a_hidden_one_is_none() {
    let home = Home::classic().with_machine("n1", super::URL);
    let config = std::fs::read_to_string(home.machine("n1").join("config.json")).unwrap();
    let home = home.with_config("moved", &config).with_config(".hidden", &config);
    home.run(&["ls", "-q"]).with_code(0).printing("moved\nn1\n");
    home.run(&["url", "moved"]).with_code(0).printing(&format!("{}\n", super::URL));
    home.run(&["inspect", "-f", "{{.Name}}", "moved"]).with_code(0).printing("moved\n");
}
