//! docker's contexts: made, kept and removed with a machine, switched by `use`, and those of others left alone.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::home::Home;

const URL: &str = "tcp://192.0.2.9:2376";
/// `printf n1 | sha256sum`
const N1: &str = "676b8bb84ce7267dd520deca4811c8f10a53e636352f06987f42fe425acedd80";

fn create(home: &Home, name: &str, more: &[&str]) {
    home.run(&[&["create", "-d", "none", "--url", URL, name], more].concat()).with_code(0);
}

fn meta(home: &Home, folder: &str) -> PathBuf {
    home.path(folder).join("contexts/meta").join(N1).join("meta.json")
}

fn current(home: &Home) -> Option<String> {
    let text = fs::read_to_string(home.path(".docker/config.json")).ok()?;
    serde_json::from_str::<Value>(&text).unwrap()["currentContext"].as_str().map(str::to_owned)
}

#[test]
fn a_machine_has_a_context_of_its_name_as_long_as_it_is_there() {
    let home = Home::new();
    create(&home, "n1", &[]);
    let text = fs::read_to_string(meta(&home, ".docker")).unwrap();
    let context: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(context["Name"], "n1");
    assert_eq!(context["Metadata"]["Description"], "machine n1 (none)");
    assert_eq!(context["Endpoints"]["docker"]["Host"], URL);
    home.run(&["rm", "-y", "n1"]).with_code(0);
    assert!(!meta(&home, ".docker").parent().unwrap().exists());
}

#[test]
fn use_switches_and_goes_back_and_the_rest_of_dockers_file_stays() {
    let home = Home::new();
    create(&home, "n1", &[]);
    let file = home.path(".docker/config.json");
    let own = "{\n\t\"auths\": {\"h\": {\"auth\": \"eDp5\"}},\n\t\"credsStore\": \"\\u0070ass\"\n}";
    fs::write(&file, own).unwrap();
    for back in ["-", "--default"] {
        home.run(&["use", "n1"]).with_code(0).printing("").saying("docker uses n1 at tcp://192.0.2.9:2376\n");
        assert_eq!(current(&home).as_deref(), Some("n1"));
        home.run(&["use", back]).with_code(0).saying("docker uses its default context, no longer n1\n");
        assert_eq!(fs::read_to_string(&file).unwrap(), own, "{back}");
    }
    home.run(&["use", "n1"]).with_code(0);
    home.run(&["rm", "-y", "n1"])
        .with_code(0)
        .saying("it was docker's current context; that is the default one again");
    assert_eq!(fs::read_to_string(&file).unwrap(), own);
}

#[test]
fn a_variable_that_wins_over_the_context_is_told_with_the_line_that_unsets_it() {
    let home = Home::new();
    create(&home, "n1", &[]);
    let plain = home.run(&["use", "n1"]).with_code(0);
    assert!(!plain.err.contains("warning"), "{}", plain.err);
    let home = home.with_var("DOCKER_HOST", "tcp://192.0.2.1:2375").with_var("DOCKER_CONTEXT", "other");
    for (shell, line) in [
        ("bash", "unset DOCKER_HOST"),
        ("dash", "unset DOCKER_HOST"),
        ("zsh", "unset DOCKER_HOST"),
        ("fish", "set -e DOCKER_HOST;"),
        ("tcsh", "unsetenv DOCKER_HOST;"),
    ] {
        if !["/bin", "/usr/bin"].iter().any(|folder| PathBuf::from(folder).join(shell).exists()) {
            println!("SKIPPED: {shell} is not installed");
            continue;
        }
        // The second command keeps the shell from becoming the first one.
        let ended = home.run_in_shell(shell, "rmachine use n1; true").with_code(0);
        let warning = format!(
            "warning: DOCKER_HOST is set in this shell and wins over the context; to unset it: {line}\n"
        );
        ended
            .saying(&warning)
            .saying("warning: DOCKER_CONTEXT is set in this shell and wins over the context");
    }
}

#[test]
fn without_a_context_there_is_none_and_use_says_what_to_do() {
    let home = Home::new();
    create(&home, "n1", &["--no-context"]);
    assert!(!home.path(".docker").exists());
    home.run(&["use", "n1"])
        .with_code(3)
        .saying("n1 was made without a context")
        .saying("hint: point docker at it without one: eval \"$(rmachine env n1)\"");
    assert!(!home.path(".docker").exists());
    create(&home, "default", &[]);
    assert!(!home.path(".docker").exists());
    home.run(&["use", "default"]).with_code(3).saying("docker takes no context called \"default\"");
    home.run(&["use", "nosuch"]).with_code(1).saying("machine \"nosuch\" does not exist");
    home.run(&["use"]).with_code(2);
}

#[test]
fn docker_config_says_where_contexts_are() {
    let home = Home::new().with_var("DOCKER_CONFIG", "elsewhere");
    create(&home, "n1", &[]);
    home.run(&["use", "n1"]).with_code(0);
    assert!(meta(&home, "elsewhere").exists() && home.path("elsewhere/config.json").exists());
    assert!(!home.path(".docker").exists());
    home.run(&["rm", "-y", "n1"]).with_code(0);
    assert!(!meta(&home, "elsewhere").exists());
}

#[test]
fn a_context_that_was_made_under_another_docker_config_is_kept_and_goes_with_its_machine() {
    let home = Home::new();
    create(&home, "n1", &[]);
    let home = home.with_var("DOCKER_CONFIG", "elsewhere");
    home.run(&["use", "n1"]).with_code(0);
    home.save("n1", |record| record.side.url = Some("tcp://192.0.2.10:2376".to_owned())).unwrap();
    home.run(&["use", "n1"]).with_code(0);
    for folder in [".docker", "elsewhere"] {
        let text = fs::read_to_string(meta(&home, folder)).unwrap();
        assert!(text.contains("tcp://192.0.2.10:2376"), "{folder}: {text}");
    }
    let home = home.with_var("DOCKER_CONFIG", "a third");
    home.run(&["rm", "-y", "n1"]).with_code(0).saying("it was docker's current context");
    assert!(!meta(&home, ".docker").exists() && !meta(&home, "elsewhere").exists());
    assert!(!home.path("a third").exists());
}

#[test]
fn a_context_of_somebody_else_is_told_and_left_alone() {
    let home = Home::new();
    let path = meta(&home, ".docker");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let theirs = r#"{"Name":"n1","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://192.0.2.1:1"}}}"#;
    fs::write(&path, theirs).unwrap();
    let made = home.run(&["create", "-d", "none", "--url", URL, "n1"]).with_code(0);
    made.saying("n1: no context for docker: docker has a context n1 that is not ours\n");
    home.run(&["use", "n1"]).with_code(3).saying("hint: what it is: docker context inspect n1\n");
    assert_eq!(current(&home), None);
    home.run(&["rm", "-y", "n1"]).with_code(0);
    assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
}

#[test]
fn a_file_of_dockers_that_cannot_be_read_stops_nothing_but_use() {
    let home = Home::new();
    fs::create_dir(home.path(".docker")).unwrap();
    fs::write(home.path(".docker/config.json"), "{ broken").unwrap();
    create(&home, "n1", &[]);
    home.run(&["use", "n1"])
        .with_code(1)
        .saying(".docker/config.json cannot be understood: ")
        .saying("hint: mend the file: ");
    home.run(&["rm", "-y", "n1"]).with_code(0).saying("n1: its context for docker stays: ");
    assert_eq!(fs::read_to_string(home.path(".docker/config.json")).unwrap(), "{ broken");
}

#[test]
fn docker_machines_voice_makes_none_but_takes_away_what_is_there() {
    let home = Home::classic();
    create(&home, "n1", &[]);
    assert!(!home.path(".docker").exists());
    // Nobody was asked: `use` makes it.
    home.run_in_shell("sh", &format!("{} use n1", env!("CARGO_BIN_EXE_rmachine"))).with_code(0);
    assert!(meta(&home, ".docker").exists());
    assert_eq!(current(&home).as_deref(), Some("n1"));
    home.run(&["rm", "-y", "n1"]).with_code(0);
    assert!(!meta(&home, ".docker").exists());
    assert_eq!(current(&home), None);
}

#[test]
fn env_unsets_docker_context_where_it_is_set_in_every_form() {
    let table = [
        ("bash", "unset DOCKER_CONTEXT;\n"),
        ("fish", "set -e DOCKER_CONTEXT;\n"),
        ("powershell", "Remove-Item Env:\\\\DOCKER_CONTEXT\n"),
        ("cmd", "SET DOCKER_CONTEXT=\n"),
        ("tcsh", "unsetenv DOCKER_CONTEXT;\n"),
        ("emacs", "(setenv \"DOCKER_CONTEXT\" nil)\n"),
        ("nushell", "hide-env --ignore-errors DOCKER_CONTEXT\n"),
        ("dotenv", "DOCKER_CONTEXT=\n"),
    ];
    let home = Home::new().with_machine("n1", URL).with_certificates("n1");
    let without: Vec<String> =
        table.iter().map(|(shell, _)| home.run(&["env", "--shell", shell, "n1"]).with_code(0).out).collect();
    let home = home.with_var("DOCKER_CONTEXT", "other");
    for ((shell, line), without) in table.into_iter().zip(without) {
        assert!(!without.contains("DOCKER_CONTEXT"), "{shell}");
        let with = home.run(&["env", "--shell", shell, "n1"]).with_code(0).out;
        assert_eq!(with.replacen(line, "", 1), without, "{shell}: that line is all that is new");
        assert_ne!(with, without, "{shell}");
    }
    let json: Value = serde_json::from_str(&home.run(&["env", "--shell", "json", "n1"]).out).unwrap();
    assert_eq!(json.get("DOCKER_CONTEXT"), Some(&Value::Null));
}

#[test]
fn the_machine_whose_context_is_current_is_the_active_one() {
    let home = Home::new();
    create(&home, "n1", &[]);
    home.run(&["create", "-d", "none", "--url", "tcp://192.0.2.8:2376", "n2"]).with_code(0);
    let active = |home: &Home, code: i32, name: &str| {
        home.run(&["active"]).with_code(code).printing(name);
        let listed: Value =
            serde_json::from_str(&home.run(&["ls", "--offline", "--json"]).with_code(0).out).unwrap();
        let listed = listed["machines"].as_array().or(listed.as_array()).unwrap();
        let starred: Vec<_> =
            listed.iter().filter(|row| row["active"] == true).map(|row| &row["name"]).collect();
        assert_eq!(starred, name.split_whitespace().collect::<Vec<_>>());
    };
    active(&home, 1, "");
    home.run(&["use", "n1"]).with_code(0);
    active(&home, 0, "n1\n");
    // In the order in which docker takes them.
    let home = home.with_var("DOCKER_CONTEXT", "n2");
    active(&home, 0, "n2\n");
    let home = home.with_var("DOCKER_HOST", URL);
    active(&home, 0, "n1\n");
    let home = home.with_var("DOCKER_HOST", "").with_var("DOCKER_CONTEXT", "default");
    active(&home, 1, "");
}
