//! Hosts that OpenRC runs: no socket is opened for the engine, its variables stand in a shell's file, a link starts it with the host.

use super::*;
use crate::provision::{
    state::{OPENRC_SERVICE, OPENRC_SETTINGS},
    unit::{TextFile, openrc_command},
};

/// A host with an engine whose service is of OpenRC's own kind, and this in its settings.
fn engine(settings: &str) -> Facts {
    let mut facts = debian12_engine();
    facts.init = Init::OpenRc;
    facts.texts = vec![TextFile { path: OPENRC_SETTINGS.into(), text: settings.into() }];
    facts.files.insert(OPENRC_SETTINGS.into(), FileState { sha256: String::new(), mode: 0o644 });
    let engine = facts.engine.as_mut().unwrap();
    engine.command = Some(openrc_command(OPENRC_SETTINGS));
    engine.flags.clear();
    engine.service.fragment = Some(OPENRC_SERVICE.into());
    engine.service.drop_ins = vec![OPENRC_SETTINGS.into()];
    facts
}

fn settings(plan: &Plan) -> Option<(u32, &str)> {
    plan.changes.iter().find_map(|change| match change {
        Change::Write { path, mode, content: Content::Text(text), .. } if path == OPENRC_SETTINGS => {
            Some((*mode, text.as_str()))
        }
        _ => None,
    })
}

#[test]
fn an_alpine_gets_its_engine_a_port_in_its_settings_and_a_link_in_the_runlevel() {
    let alpine = systems::system("alpine-3.23");
    insta::assert_snapshot!("alpine_blank", said(&Facts { init: Init::OpenRc, ..alpine }, &tls()));
}

#[test]
fn an_engine_gets_its_port_in_its_settings_and_no_unit() {
    let plan = planned(&engine(""), &tls()).unwrap();
    let options: serde_json::Value = serde_json::from_str(&daemon_json(&plan)).unwrap();
    assert_eq!(options["hosts"], json!(["unix:///var/run/docker.sock", "tcp://10.99.0.41:2376"]));
    assert!(!serde_json::to_string(&plan).unwrap().contains("/etc/systemd"));
    assert!(plan.restarts());
    assert_eq!(settings(&plan), None, "there is nothing to say in it");
}

#[test]
fn flags_in_the_settings_count() {
    let mut facts = engine("DOCKER_OPTS='-H tcp://0.0.0.0:2375'\n");
    facts.engine.as_mut().unwrap().flags =
        vec![Flag { name: "host".into(), value: "tcp://0.0.0.0:2375".into() }];
    let said = refused(&facts, &tls());
    assert!(said.starts_with("/etc/conf.d/docker makes the engine listen on tcp://0.0.0.0:2375"), "{said}");
}

#[test]
fn variables_stand_between_marks_in_a_file_that_keeps_what_is_others() {
    let wishes = Wishes { env: vec!["HTTP_PROXY=http://a$b:1".into()], ..tls() };
    let plan = planned(&engine("DOCKER_OPTS=\n"), &wishes).unwrap();
    let (mode, text) = settings(&plan).unwrap();
    assert_eq!(mode, 0o600, "it may hold a password");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[2]), ("DOCKER_OPTS=", r#"export HTTP_PROXY="http://a\$b:1""#));

    let again = planned(&engine(text), &tls()).unwrap();
    assert_eq!(settings(&again), Some((0o644, "DOCKER_OPTS=\n")), "no longer wished for");
    assert!(matches!(
        planned(&engine(""), &Wishes { env: vec!["A=b\nc".into()], ..tls() }),
        Err(Refusal::BadVariable { .. })
    ));
}
